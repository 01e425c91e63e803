/**
 * The contract of the token-level reward model of OREAL (Lyu et al. 2025, arXiv 2502.06781, §2.4): a scalar w_t for
 * every token of a completion, whose mean over the completion is trained to tell proofs from failures. What objectives
 * make of w_t is in src/objectives/tokens.ts.
 */
import type { Sequence } from './policy.ts';

/** A judged completion. */
export interface RewardExample extends Sequence {
  readonly id: string;
  /** 1 proved, 0 not. A checker's fault has no reward and does not belong here. */
  readonly reward: 0 | 1;
}

export interface RewardModel {
  /** Optimiser steps that it has taken, those before it was saved included. */
  readonly steps: number;
  /** w_t of every completion token. */
  score(sequences: readonly Sequence[]): Promise<Float32Array[]>;
  /** One step on the mean loss of `examples`; none of them is no step. A NaN or infinite loss is refused. */
  step(examples: readonly RewardExample[]): Promise<{ readonly loss: number; readonly gradNorm: number }>;
  /** Weights and optimiser, so that what opens it goes on bit for bit; atomic. Returns the weights' content hash. */
  save(dir: string): Promise<string>;
  close(): Promise<void>;
}
