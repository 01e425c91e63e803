/** What the main thread and the engine's worker say to each other: numbered calls one way, replies the other. */
import type { BundleRow, OptimizerSettings } from '../bundle.ts';
import { UpdateRefusedError } from '../errors.ts';
import type { SamplerSettings, Sequence } from '../policy.ts';
import type { RewardExample } from '../reward-model.ts';
import type { StoredDtype } from './dtypes.ts';
import type { EngineOptions } from './engine.ts';
import { CheckpointError, DeviceError, RequestError } from './errors.ts';
import type { RewardEngineOptions } from './reward-engine.ts';
import type { TokenCompletion, TokenRequest } from './sampler.ts';
import type { StepReport } from './trainer.ts';

/** Arguments and result of every call; `sample` also sends items before its result. */
export interface Calls {
  open: { args: { dir: string; options: EngineOptions }; result: string };
  version: { args: null; result: string };
  sample: { args: { requests: readonly TokenRequest[]; settings: SamplerSettings }; result: null };
  score: { args: readonly Sequence[]; result: Float32Array[] };
  embed: { args: readonly (readonly number[])[]; result: Float32Array[] };
  openTrainer: {
    args: { settings: OptimizerSettings; totalSteps: number; revertible: boolean };
    result: number;
  };
  step: { args: { handle: number; rows: readonly BundleRow[] }; result: StepReport };
  closeTrainer: { args: { handle: number; revert: boolean }; result: string };
  writeTrainer: { args: { handle: number; dir: string; position: number }; result: null };
  resumeTrainer: { args: { dir: string }; result: { handle: number; position: number } };
  writeAdapters: { args: { dir: string }; result: string };
  /** Steps behind it. */
  openReward: { args: { dir: string; options: RewardEngineOptions }; result: number };
  rewardStep: { args: readonly RewardExample[]; result: StepReport };
  rewardScore: { args: readonly Sequence[]; result: Float32Array[] };
  writeReward: { args: { dir: string }; result: string };
  writeWeights: { args: { path: string; dtype: StoredDtype }; result: string };
}

export type CallKind = keyof Calls;

export type CallMessage =
  | {
      readonly [K in CallKind]: { readonly id: number; readonly kind: K; readonly args: Calls[K]['args'] };
    }[CallKind]
  /** Stops the sampling call of that id between two steps. */
  | { readonly id: number; readonly kind: 'cancel' }
  /** Ends the worker: calls under way stop at the next run of a session, those waiting are dropped. */
  | { readonly kind: 'close' };

export interface WireError {
  readonly name: string;
  readonly message: string;
}

export type ReplyMessage =
  | { readonly id: number; readonly kind: 'item'; readonly item: TokenCompletion }
  | { readonly id: number; readonly kind: 'done'; readonly result: unknown }
  | { readonly id: number; readonly kind: 'failed'; readonly error: WireError };

/** Error classes do not survive a thread boundary: their names and messages do. */
export function toWire(error: unknown): WireError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return { name: error.name, message: error.message + cause };
}

export function fromWire({ name, message }: WireError): Error {
  switch (name) {
    case 'CheckpointError':
      return new CheckpointError(message);
    case 'RequestError':
      return new RequestError(message);
    case 'DeviceError':
      return new DeviceError(message);
    case 'UpdateRefusedError':
      return new UpdateRefusedError(message);
    default:
      return new Error(`the embedded engine failed: ${message}`);
  }
}
