/**
 * What an objective is: the rule that turns groups of judged attempts into signed weights, as
 *
 *   filter (which groups) × select (which attempts) × weight (a_i from c, K and the reward, perhaps a token's own)
 *     × ratio (correction for a policy that moved) × aggregate (normalisers) × kl (penalty)
 *
 * Pure: no I/O, no clock, no global random numbers. It computes numbers and names; the learner's loss is
 * −Σ_t w_t·log π_t (+ β·KL estimate), see policy/bundle.ts, so a positive weight raises log π.
 *
 * One call is one optimiser step's worth of groups: normalisers are global over the call.
 */

import type { Ratio } from '../policy/bundle.ts';
import type { ObjectiveSettings } from './settings.ts';

/** 1 proved, 0 not proved, null a checker fault: no reward, out of baseline and loss. */
export type Reward = 1 | 0 | null;

/**
 * How an algorithm reads a reward; 0/1 given to a ±1 algorithm would silently delete its negatives. Weights that depend
 * on it (weights.ts) take it, and nothing else states it.
 */
export type RewardScale = '0/1' | '±1';

export interface JudgedAttempt {
  readonly attemptId: string;
  readonly reward: Reward;
  /** Completion length in tokens, the number of loss terms. */
  readonly tokens: number;
  /** Completion length in characters. */
  readonly chars: number;
  readonly verifySeconds: number;
  /** Cut at the token limit, not ended by the model. */
  readonly truncated: boolean;
  /** A proof whose text an earlier proof of the same statement has already. */
  readonly repeated?: boolean;
  /** The token-level reward model's outputs w_t, one a token; absent where there is no such model. */
  readonly tokenScores?: readonly number[];
  /** Log-probs of the tokens under the policy that sampled and under the reference; `prime` needs both. */
  readonly policyLogprobs?: readonly number[];
  readonly refLogprobs?: readonly number[];
}

/** All attempts at one statement under one policy version. */
export interface Group {
  readonly statementId: string;
  readonly attempts: readonly JudgedAttempt[];
}

/** What a formula may look at, counted over the judged attempts *before* any selection. */
export interface GroupCounts {
  /** Proved attempts. */
  readonly c: number;
  /** Proofs of different texts. */
  readonly distinct: number;
  /** Judged attempts. */
  readonly k: number;
}

export interface WeightedAttempt {
  readonly attemptId: string;
  readonly statementId: string;
  readonly reward: 1 | 0;
  readonly c: number;
  readonly k: number;
  /** The signed weight a_i of the sequence, before normalisers. */
  readonly weight: number;
  /** The signed weight of each token with every normaliser in it. */
  readonly tokenWeight: number;
  /** The same, token by token, where tokens differ. */
  readonly tokenWeights?: readonly number[];
  readonly tokens: number;
  readonly ratio: Ratio;
  /** β of each of its tokens, normaliser included; 0 = no KL term. */
  readonly klCoef: number;
}

export interface WeighingStats {
  /** Groups given. */
  readonly groups: number;
  /** Groups that passed the filter and gave at least one weighted attempt. */
  readonly used: number;
  /** Groups with at least one proved and one unproved judged attempt. */
  readonly mixed: number;
  /** Weighted attempts by reward. */
  readonly positives: number;
  readonly negatives: number;
  /** Attempts without a reward (faults, and truncations when masked). */
  readonly masked: number;
  /** Tokens of the weighted attempts. */
  readonly tokens: number;
}

export interface Weighing {
  readonly attempts: readonly WeightedAttempt[];
  /** In force: the preset's defaults under the settings given. */
  readonly settings: ObjectiveSettings;
  readonly stats: WeighingStats;
}

export interface Objective {
  readonly name: string;
  /** One line with the formula, for logs, reports and error messages. */
  readonly formula: string;
  /** The settings in force when none are given. */
  readonly defaults: ObjectiveSettings;
  /** Its weights depend on `policyLogprobs` and `refLogprobs` of every judged attempt. */
  readonly readsLogprobs: boolean;
  weigh(groups: readonly Group[], settings?: Partial<ObjectiveSettings>): Weighing;
}
