/** The public door of configuration: files and overrides in, one checked record out. Reads no environment. */
export { ARM_NAMES, settingsOfArm } from './arms.ts';
export { describeConfig } from './describe.ts';
export type { Table } from './layers.ts';
export { type ConfigSources, type LoadedConfig, loadConfig } from './load.ts';
export {
  OBJECTIVES,
  OBJECTIVES_TOWARDS_SAMPLER,
  OBJECTIVES_WITH_KL,
  OBJECTIVES_WITH_RATIO,
  PASS_RATE_BANDS,
} from './objective-settings.ts';
export { isUntempered, samplerOf } from './sampler-settings.ts';
export type { Config } from './schema.ts';
export { needsEmbeddings } from './select-settings.ts';
