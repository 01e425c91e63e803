/** The signed weight a_i of one attempt from its reward and its group's counts: the formulas themselves. */
import type { GroupCounts, RewardScale } from './objective.ts';
import type { Rewarded } from './selectors.ts';
import type { ObjectiveSettings } from './settings.ts';

export type Weight = (attempt: Rewarded, counts: GroupCounts, settings: ObjectiveSettings) => number;

/** A reward on the scale an algorithm is defined on. */
export function scaled(reward: 1 | 0, scale: RewardScale): number {
  return scale === '±1' ? 2 * reward - 1 : reward;
}

/** Mean reward of the group, on the scale. */
function mean({ c, k }: GroupCounts, scale: RewardScale): number {
  return scale === '±1' ? (2 * c - k) / k : c / k;
}

/** r_i itself. */
export const plainReward =
  (scale: RewardScale): Weight =>
  ({ reward }) =>
    scaled(reward, scale);

/** 1/c on proofs: every proved statement counts the same, however often it was proved. */
export const sharePerStatement: Weight = ({ reward }, { c }) => reward / c;

/** γ^L·β^T/d with γ = e^−charDecay, β = e^−secondDecay, L characters, T seconds of checking, d distinct proofs. */
export const shortAndQuick: Weight = (
  { reward, chars, verifySeconds },
  { distinct },
  { charDecay, secondDecay },
) => (reward * Math.exp(-charDecay * chars - secondDecay * verifySeconds)) / distinct;

/** γ^L with γ = e^−charDecay, L characters: what short proofs are worth more by. */
export const short: Weight = ({ reward, chars }, _counts, { charDecay }) =>
  reward * Math.exp(-charDecay * chars);

/** r_i − mean_{j≠i} r_j: the leave-one-out advantage, K/(K−1)·(r_i − mean r). */
export const leaveOneOut =
  (scale: RewardScale): Weight =>
  ({ reward }, counts) =>
    (counts.k / (counts.k - 1)) * (scaled(reward, scale) - mean(counts, scale));

/** r_i − mean r. */
export const centred: Weight = ({ reward }, counts) => reward - mean(counts, '0/1');

/** (r_i − mean r)/std r; with the population deviation √((1−p̂)/p̂) and −√(p̂/(1−p̂)). */
export const standardised: Weight = ({ reward }, counts, { deviation }) => {
  const p = mean(counts, '0/1');
  const freedom = deviation === 'sample' ? (counts.k - 1) / counts.k : 1;
  return (reward - p) * Math.sqrt(freedom / (p * (1 - p)));
};

/** The leave-one-out advantage where a proof is worth `verifiedReward` and a failure nothing. */
export const verifiedLeaveOneOut: Weight = (attempt, counts, settings) =>
  settings.verifiedReward * leaveOneOut('0/1')(attempt, counts, settings);

/** λ on proofs, −1 on failures. */
export const asymmetric: Weight = ({ reward }, _counts, { lambda }) => (reward === 1 ? lambda : -1);

/** 1 on proofs, −η·(1−p̂) on failures: OREAL as the paper argues it. */
export const reshapedByFailureRate: Weight = ({ reward }, counts, settings) =>
  reward === 1 ? 1 : 0 - settings.eta * failureRate(counts, settings);

/** 1 − p seen from a failure: (K−c)/K, or its leave-one-out form 1 − c/(K−1), which is 0 at c = K−1. */
function failureRate({ c, k }: GroupCounts, { failureRate }: ObjectiveSettings): number {
  return failureRate === 'plug-in' ? (k - c) / k : 1 - c / (k - 1);
}

/** The ±1 leave-one-out advantage, negatives times η: 2(K−c)/(K−1) and −2ηc/(K−1). OREAL as released. */
export const reshapedByLeaveOneOut: Weight = (attempt, counts, settings) =>
  (attempt.reward === 1 ? 1 : settings.eta) * leaveOneOut('±1')(attempt, counts, settings);
