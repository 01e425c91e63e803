/**
 * From a policy's URI to the engine behind it: `onnx:<directory in Hugging Face layout>`, `portfolio:single|<file>`,
 * `vllm:http://host:port#name` and `sglang:…`.
 */
import { join } from 'node:path';
import type { Config } from '../config/index.ts';
import { UsageError } from '../ops/errors.ts';
import { shippedPath } from '../ops/shipped.ts';
import type { OptimizerSettings } from './bundle.ts';
import { type OnnxPolicyOptions, openOnnxPolicy, TokenRewardModel } from './onnx/index.ts';
import type { Policy } from './policy.ts';
import { openPortfolio } from './portfolio.ts';
import type { RewardModel } from './reward-model.ts';
import { openServedPolicy } from './served/open.ts';
import { TorchLearner } from './torch/torch-learner.ts';

/** What the embedded engine is opened with, but for `threads` by default as onnx-policy.ts has it; and the rest. */
export interface PolicyOptions
  extends Pick<OnnxPolicyOptions, 'device' | 'memoryBytes' | 'batchSize' | 'microBatchTokens' | 'lora'> {
  readonly threads: number;
  /** One line for a person. */
  readonly say?: ((message: string) => void) | undefined;
  /** Weights saved in an earlier round, instead of those that the URI names. */
  readonly saved?: string | undefined;
  /** Needed for a policy behind servers. */
  readonly served?: ServedBy;
}

export interface ServedBy {
  readonly server: Config['policy']['server'];
  readonly trainer: Config['policy']['trainer'];
  /** For servers' logs and the trainer's work. */
  readonly dir: string;
  /** Whether it will learn: a way to bring new weights to the servers is then needed. */
  readonly learns: boolean;
  /** Value of the environment variable `server.keyEnv`. */
  readonly apiKey?: string | undefined;
  /** Aborted, no server is started any more. */
  readonly signal?: AbortSignal | undefined;
}

export async function openPolicy(uri: string, options: PolicyOptions): Promise<Policy> {
  const [engine, place] = splitUri(uri);
  const { saved, served, ...embedded } = options;
  if (engine === 'onnx') return openOnnxPolicy(saved ?? shippedPath(place), embedded);
  if (engine === 'portfolio') return openPortfolio(place);
  if ((engine === 'vllm' || engine === 'sglang') && served !== undefined)
    return openServed(engine, place, saved, served, embedded.say);
  throw new UsageError(
    `policy.uri: expected onnx:<directory>, portfolio:single, portfolio:<file>, vllm:http://host:port#name or sglang:http://host:port#name, found ${uri}.`,
    'policy.uri',
  );
}

async function openServed(
  engine: 'vllm' | 'sglang',
  place: string,
  weights: string | undefined,
  { server, trainer, dir, learns, apiKey, signal }: ServedBy,
  say: PolicyOptions['say'],
): Promise<Policy> {
  const openLearner = (base: string) => new TorchLearner(base, trainer, join(dir, 'trainer'));
  return openServedPolicy(engine, place, {
    server,
    apiKey,
    model: trainer.model,
    weights,
    workDir: join(dir, 'served'),
    openLearner: learns ? openLearner : null,
    say,
    signal,
  });
}

/** Whether such a policy's servers can only be had once: it is closed before another is opened. */
export const holdsServers = (uri: string): boolean => ['vllm', 'sglang'].includes(splitUri(uri)[0]);

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
