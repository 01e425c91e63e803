/** From a policy's URI to the engine behind it: `onnx:<directory in Hugging Face layout>`, `portfolio:single|<file>`. */
import { UsageError } from '../ops/errors.ts';
import { shippedPath } from '../ops/shipped.ts';
import { openOnnxPolicy } from './onnx/index.ts';
import type { Policy } from './policy.ts';
import { openPortfolio } from './portfolio.ts';

export interface PolicyOptions {
  /** CPU threads of the embedded engine. */
  readonly threads: number;
  /** Where the embedded engine computes; default cpu. */
  readonly device?: 'cpu' | 'cuda';
}

export async function openPolicy(uri: string, options: PolicyOptions): Promise<Policy> {
  const [engine, place] = splitUri(uri);
  if (engine === 'onnx') return openOnnxPolicy(shippedPath(place), options);
  if (engine === 'portfolio') return openPortfolio(place);
  throw new UsageError(
    `policy.uri: expected onnx:<directory>, portfolio:single or portfolio:<file>, found ${uri}.`,
    'policy.uri',
  );
}

function splitUri(uri: string): readonly [engine: string, place: string] {
  const colon = uri.indexOf(':');
  return [uri.slice(0, colon), uri.slice(colon + 1)];
}
