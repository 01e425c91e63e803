/** From a policy's URI to the engine behind it: `onnx:<directory in Hugging Face layout>`, `portfolio:single|<file>`. */
import { UsageError } from '../ops/errors.ts';
import { shippedPath } from '../ops/shipped.ts';
import type { OptimizerSettings } from './bundle.ts';
import { openOnnxPolicy, TokenRewardModel } from './onnx/index.ts';
import type { Policy } from './policy.ts';
import { openPortfolio } from './portfolio.ts';
import type { RewardModel } from './reward-model.ts';

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

/** The token-level reward model on that policy, or one saved there: the embedded engine's alone has one. */
export async function openRewardModel(
  uri: string,
  options: PolicyOptions & { readonly optimizer: Omit<OptimizerSettings, 'schedule'> },
): Promise<RewardModel> {
  const [engine, place] = splitUri(uri);
  if (engine === 'onnx') return TokenRewardModel.open(shippedPath(place), options);
  throw new UsageError(
    `learn.objectiveSettings.tokenWeights: expected "none" under policy ${uri}: a token-level reward model begins as an onnx:<directory> policy.`,
    'learn.objectiveSettings.tokenWeights',
  );
}

function splitUri(uri: string): readonly [engine: string, place: string] {
  const colon = uri.indexOf(':');
  return [uri.slice(0, colon), uri.slice(colon + 1)];
}
