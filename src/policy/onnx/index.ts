/** The embedded engine's public door. */

export { UpdateRefusedError } from '../errors.ts';
export { openTokenizer, type Tokenizer } from '../tokenizer.ts';
export { createRandomCheckpoint, type RandomCheckpoint } from './checkpoint.ts';
export { type LlamaConfig, parseLlamaConfig } from './config.ts';
export type { StoredDtype } from './dtypes.ts';
export { CheckpointError, DeviceError, RequestError } from './errors.ts';
export type { LoraSettings } from './lora.ts';
export {
  DEFAULT_OPTIONS,
  OnnxPolicy,
  type OnnxPolicyOptions,
  openOnnxPolicy,
  type PolicyTrainer,
  type ResumedTrainer,
  type SaveOptions,
} from './onnx-policy.ts';
export { PROJECTIONS, type ProjectionKind, parameterCount } from './parameters.ts';
export { type RewardModelOptions, TokenRewardModel } from './reward-model.ts';
export type { StepReport } from './trainer.ts';
