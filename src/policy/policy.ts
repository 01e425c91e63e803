/** The language model's contract: samples, scores, embeds, learns. Engines live in folders beside this file. */
import type { Bundle } from './bundle.ts';

export interface SamplerSettings {
  /** Default 1. 0 is greedy. */
  readonly temperature: number;
  /** Default 1 (off). */
  readonly topP: number;
  /** Default 0 (off). */
  readonly topK: number;
  /** Drops tokens less likely than minP times the most likely one; default 0 (off). Nguyen et al. 2024, arXiv 2407.01082. */
  readonly minP?: number;
  /** Texts that end a completion where they first appear; default none. */
  readonly stop?: readonly string[];
  /** Most tokens generated after the prompt. */
  readonly maxTokens: number;
}

export interface SampleRequest {
  readonly id: string;
  readonly prompt: string;
  /** Completions wanted. */
  readonly n: number;
  /** Completion i of this request is a function of (policy version, prompt, settings, seed, i). */
  readonly seed: number;
}

export interface Completion {
  /** The request's id, and which of its n completions. */
  readonly id: string;
  readonly index: number;
  /** Without what stopped it: no end token, nothing from the stop string on. */
  readonly text: string;
  readonly promptTokens: readonly number[];
  /** Generated token ids up to what stopped it: the end token, or the token that completed a stop string, is the last. */
  readonly tokens: readonly number[];
  /**
   * Natural-log probability of each token under the sampler's own distribution. Empty where a server does not tell,
   * which can only be when it was told to temper or filter.
   */
  readonly logprobs: readonly number[];
  /** The same under the policy itself: temperature 1, nothing filtered. Absent where the engine does not tell. */
  readonly policyLogprobs?: readonly number[];
  /** `stop`: the end token or a stop string came; `length`: cut at maxTokens or at the context's end. */
  readonly finish: 'stop' | 'length';
  readonly policyVersion: string;
}

export interface Sequence {
  readonly promptTokens: readonly number[];
  readonly tokens: readonly number[];
}

export interface LearnReport {
  /** The new policy version. */
  readonly version: string;
  readonly steps: number;
  readonly tokens: number;
  readonly seconds: number;
  /** Mean loss of the first and of the last optimiser step. */
  readonly firstLoss: number;
  readonly lastLoss: number;
  /** Largest global gradient norm seen before clipping. */
  readonly maxGradNorm: number;
}

export interface LearnProgress {
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly gradNorm: number;
  readonly tokens: number;
}

export interface Policy {
  /** Content hash of the weights, 12 hex digits. */
  readonly version: string;
  sample(requests: readonly SampleRequest[], settings: SamplerSettings): AsyncIterable<Completion>;
  /** Untempered per-token log-probs of `tokens` given `promptTokens`, under the current weights. */
  score(sequences: readonly Sequence[]): Promise<Float32Array[]>;
  /** Mean-pooled last hidden states, one unit-length row a text. */
  embed(texts: readonly string[]): Promise<Float32Array[]>;
  /** One update. On NaN or infinite loss the update is refused and the old weights stay. */
  learn(bundle: Bundle, onProgress?: (p: LearnProgress) => void): Promise<LearnReport>;
  /** Hugging Face layout; atomic (written beside, then renamed). */
  save(dir: string): Promise<void>;
  /**
   * Another version of this policy, e.g. a run's first as a KL reference, for its scores, or to learn from it anew in the
   * current one's place; the caller closes it. Absent where opening that version on its own is as good.
   */
  beside?(path: string): Promise<Policy>;
  close(): Promise<void>;
}
