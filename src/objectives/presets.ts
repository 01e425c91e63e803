/**
 * The objectives by the field's names, each with its formula and where it comes from.
 *
 * Where a paper averages over all groups and this one over mixed groups, the difference is one scalar (the share of
 * mixed groups) that an adaptive optimiser removes; in exchange a group without spread changes nothing at all.
 */
import { UsageError } from '../ops/errors.ts';
import * as aggregate from './aggregates.ts';
import { defineObjective } from './define.ts';
import * as filter from './filters.ts';
import type { Objective } from './objective.ts';
import * as ratio from './ratios.ts';
import * as select from './selectors.ts';
import { implicitProcess } from './tokens.ts';
import * as weight from './weights.ts';

/**
 * RAFT, rejection-sampling fine-tuning: a⁺ = 1, failures unused; mean over the tokens of all proofs.
 * Dong et al. 2023, arXiv 2304.06767, §3; as a baseline: Xiong et al. 2025, arXiv 2504.11343.
 */
const raft = defineObjective('raft', {
  formula: 'a⁺ = 1; mean over tokens of proofs',
  filter: filter.keepAll,
  select: select.positivesOnly,
  weight: weight.plainReward('0/1'),
  aggregate: aggregate.weightedTokenMean,
});

/**
 * RAFT++: RAFT with PPO's clipped ratio, so that a batch bears several steps. Xiong et al. 2025, arXiv 2504.11343.
 */
const raftPlusPlus = defineObjective('raft++', {
  formula: 'a⁺ = 1; mean over tokens of proofs; PPO clip',
  filter: filter.keepAll,
  select: select.positivesOnly,
  weight: weight.plainReward('0/1'),
  ratio: ratio.clipped,
  aggregate: aggregate.weightedTokenMean,
});

/**
 * Expert iteration in ReST-EM's spirit (Singh et al. 2023, arXiv 2312.06585): behaviour cloning of proofs, here
 * with a⁺ = 1/c, so that every proved statement weighs the same. Expected per-prompt gradient ∇p/p.
 */
const expertIteration = defineObjective('expert-iteration', {
  formula: 'a⁺ = 1/c; weighted mean over tokens of proofs',
  filter: filter.keepAll,
  select: select.positivesOnly,
  weight: weight.sharePerStatement,
  aggregate: aggregate.weightedTokenMean,
});

/**
 * STP's prover update: a⁺ = γ^L β^T / d, γ = e^−0.001 a character, β = e^−0.01 a second of checking, on the d distinct
 * proofs of a statement of pass rate ≤ 1/2; loss Σ w·CE / Σ w over tokens. Dong & Ma 2025, arXiv 2502.00212; constants, the ≤
 * and distinct proofs are those of the released RL_step2_train.py (there d adds up over rounds).
 */
const stp = defineObjective('stp', {
  formula: 'a⁺ = γ^L·β^T/d where p̂ ≤ 1/2; weighted mean over tokens of the d distinct proofs',
  filter: filter.provedWithinBand,
  select: select.distinctPositives,
  weight: weight.shortAndQuick,
  aggregate: aggregate.weightedTokenMean,
});

/**
 * REINFORCE with a leave-one-out baseline: a_i = r_i − mean_{j≠i} r_j, the sequence one action.
 * Ahmadian et al. 2024, arXiv 2402.14740, §3 (RLOO, after Kool et al. 2019). Expected per-prompt gradient ∇p.
 */
const rloo = defineObjective('rloo', {
  formula: 'a = r − mean of the others; mean over attempts of Σ_t',
  filter: filter.mixedOnly,
  select: select.everyAttempt,
  weight: weight.leaveOneOut('0/1'),
  aggregate: aggregate.sequenceSum,
});

/**
 * RLVR as in Tülu 3: PPO on α = 10 for a verified answer and 0 for any other, pulled towards the first policy with
 * β = 0.05. Lambert et al. 2024, arXiv 2411.15124, §6, and its released 8B command. Here the leave-one-out mean stands
 * in for the critic (both are baselines that do not depend on the action), and the penalty, there part of the reward,
 * is the k2 loss, whose expected gradient on a token of the policy's own is the same. The command's reward of −10 for an
 * answer that does not end is left out: what is cut off is a failure like any other, or masked (`truncated`).
 */
const rlvr = defineObjective('rlvr', {
  formula: 'a = α·(r − mean of the others); mean over tokens; PPO clip; k2',
  filter: filter.mixedOnly,
  select: select.everyAttempt,
  weight: weight.verifiedLeaveOneOut,
  ratio: ratio.clipped,
  aggregate: aggregate.tokenMean,
  defaults: { klCoef: 0.05, klEstimator: 'k2' },
});

/**
 * GRPO: a_i = (r_i − mean r)/std r (population), mean over attempts of the per-sequence token mean, of the k3 penalty
 * (β = 0.04, towards the first policy) too; PPO clip. Shao et al. 2024 (DeepSeekMath), arXiv 2402.03300, §4.1.
 */
const grpo = defineObjective('grpo', {
  formula: 'a = (r − mean)/std; mean over attempts of the mean over tokens; PPO clip; k3',
  filter: filter.mixedOnly,
  select: select.everyAttempt,
  weight: weight.standardised,
  ratio: ratio.clipped,
  aggregate: aggregate.sequenceMean,
  klAggregate: aggregate.sequenceMean,
  defaults: { klCoef: 0.04 },
});

/**
 * Dr. GRPO: a_i = r_i − mean r, token sums divided by one constant length: neither the std nor the length bias; PPO
 * clip, no KL. Liu et al. 2025, arXiv 2503.20783, §3.2. The constant is `maxTokens`, 1024 whatever `prove.maxTokens` is:
 * it scales the whole gradient, which AdamW removes, unless the norm is clipped or conjectures or a KL penalty, which it
 * does not divide, stand beside it.
 */
const drGrpo = defineObjective('dr-grpo', {
  formula: 'a = r − mean; mean over attempts of Σ_t / maxTokens; PPO clip',
  filter: filter.mixedOnly,
  select: select.everyAttempt,
  weight: weight.centred,
  ratio: ratio.clipped,
  aggregate: aggregate.constantLength,
});

/**
 * DAPO: GRPO's advantage, the mean over all tokens, a ratio that may rise further than it may fall (0.28 and 0.2), no
 * KL, groups without spread left out. Yu et al. 2025, arXiv 2503.14476, §3. Neither its re-sampling of left-out groups
 * nor its penalty for long answers is here; its masking of cut-off attempts is `truncated = "mask"`.
 */
const dapo = defineObjective('dapo', {
  formula: 'a = (r − mean)/std; mean over tokens; PPO clip 0.2, 0.28',
  filter: filter.mixedOnly,
  select: select.everyAttempt,
  weight: weight.standardised,
  ratio: ratio.clipped,
  aggregate: aggregate.tokenMean,
  defaults: { clipHigh: 0.28 },
});

/**
 * PRIME: the leave-one-out advantage of the outcome plus, token by token, the discounted sum of implicit process
 * rewards β·log(π/ref) over their leave-one-out mean (src/objectives/tokens.ts); PPO clip; pass rates 0.2 to 0.8.
 * Cui et al. 2025, arXiv 2502.01456. Its separate reward model is here the policy itself against the
 * reference: in the first round, where the two are one, this is RLOO.
 */
const prime = defineObjective('prime', {
  formula:
    'a = r − mean of the others; a_t = a + Σ_s≥t (β·log π/ref − mean of the others); mean over tokens; PPO clip',
  filter: filter.mixedWithinBand,
  select: select.everyAttempt,
  weight: weight.leaveOneOut('0/1'),
  tokenAdvantages: implicitProcess,
  ratio: ratio.clipped,
  aggregate: aggregate.tokenMean,
  defaults: { minPassRate: 0.2, maxPassRate: 0.8 },
});

/**
 * TOPR, tapered off-policy REINFORCE: a = ±1; proofs without correction, failures times min(π/μ, 1) of the whole
 * completion, so that what the policy has unlearned is pushed no further; no baseline, no KL, every group.
 * Le Roux et al. 2025, arXiv 2503.14286.
 */
const topr = defineObjective('topr', {
  formula: 'a = ±1; failures × min(π/μ, 1); mean over attempts of Σ_t',
  filter: filter.keepAll,
  select: select.everyAttempt,
  weight: weight.plainReward('±1'),
  ratio: ratio.taperedFailures,
  aggregate: aggregate.sequenceSum,
});

/**
 * Reinforce-Rej: a = ±1, groups all right or all wrong rejected; mean over tokens.
 * Xiong et al. 2025, arXiv 2504.11343.
 */
const reinforceRej = defineObjective('reinforce-rej', {
  formula: 'a = ±1 where 0 < c < K; mean over tokens',
  filter: filter.mixedOnly,
  select: select.everyAttempt,
  weight: weight.plainReward('±1'),
  aggregate: aggregate.tokenMean,
});

/**
 * Weighted REINFORCE: a⁺ = λ = 0.1, a⁻ = −1, no baseline and no filter; mean over tokens.
 * Zhu et al. 2025 (RLVR decomposed), arXiv 2506.01347. Groups that all failed are pushed down too.
 */
const wReinforce = defineObjective('w-reinforce', {
  formula: 'a⁺ = λ, a⁻ = −1; mean over tokens',
  filter: filter.keepAll,
  select: select.everyAttempt,
  weight: weight.asymmetric,
  aggregate: aggregate.tokenMean,
});

/**
 * OREAL as the paper argues it: behaviour cloning of proofs, a⁺ = 1, and failures reshaped by the
 * statement's failure rate, a⁻ = −η(1−p̂): the weight *falls* as a statement gets easier. One proof and one
 * failure of each mixed group. Expected pair gradient (1/p + η)∇p, where proofs are as long as failures.
 * Lyu et al. 2025, arXiv 2502.06781, §2.2–2.4, Eq. 5–11. The token mean per polarity is the release's: Eq. 11 sums over
 * t, and states no normaliser. The paper gives η no value. Its β·KL(π_θ‖π_old) has no
 * gradient at π_old, hence off by default; when on it is k2 towards the sampling policy. The token weights of Eq. 10
 * are `tokenWeights` = `per-token`, off by default.
 */
const orealPaper = defineObjective('oreal-paper', {
  formula: 'a⁺ = 1, a⁻ = −η(1−p̂), one pair a mixed group; token mean per polarity',
  filter: filter.mixedOnly,
  select: select.onePair,
  weight: weight.reshapedByFailureRate,
  aggregate: aggregate.tokenMeanPerPolarity,
  defaults: { klEstimator: 'k2', klReference: 'sampler' },
});

/**
 * OREAL as released (InternLM/OREAL, train_oreal.py, reward_shaping_type "rloo", pos_mult_adv): the ±1 leave-one-out
 * advantage, a⁺ = 2(K−c)/(K−1) and a⁻ = −2ηc/(K−1), η = 0.5: the negative weight *rises* as a statement gets
 * easier, the opposite of the paper's. One pair of each mixed group with c, K counted before; token mean per
 * polarity; k3 penalty β = 0.01 towards the frozen first policy on both polarities. The released token weights are
 * `tokenWeights` = `prefix-mean`, off by default, as in the release's own `wo_tokenrm`. Hashes draw the pair, where the
 * release uses a global generator. The likelier source of the published numbers.
 */
const orealRepo = defineObjective('oreal-repo', {
  formula: 'a⁺ = 2(K−c)/(K−1), a⁻ = −2ηc/(K−1), one pair a mixed group; token mean per polarity; k3',
  filter: filter.mixedOnly,
  select: select.onePair,
  weight: weight.reshapedByLeaveOneOut,
  aggregate: aggregate.tokenMeanPerPolarity,
  defaults: { eta: 0.5, klCoef: 0.01 },
});

export const OBJECTIVE_NAMES = [
  'raft',
  'raft++',
  'expert-iteration',
  'stp',
  'reinforce-rej',
  'rlvr',
  'rloo',
  'grpo',
  'dr-grpo',
  'dapo',
  'prime',
  'topr',
  'w-reinforce',
  'oreal-paper',
  'oreal-repo',
] as const;
export type ObjectiveName = (typeof OBJECTIVE_NAMES)[number];

export const objectives: Readonly<Record<ObjectiveName, Objective>> = {
  raft,
  'raft++': raftPlusPlus,
  'expert-iteration': expertIteration,
  stp,
  'reinforce-rej': reinforceRej,
  rlvr,
  rloo,
  grpo,
  'dr-grpo': drGrpo,
  dapo,
  prime,
  topr,
  'w-reinforce': wReinforce,
  'oreal-paper': orealPaper,
  'oreal-repo': orealRepo,
};

export function isObjectiveName(name: string): name is ObjectiveName {
  return Object.hasOwn(objectives, name);
}

/** The objective of that name, or an error that lists the names there are. */
export function objectiveNamed(name: string): Objective {
  if (isObjectiveName(name)) return objectives[name];
  throw new UsageError(`unknown objective "${name}"; known are ${OBJECTIVE_NAMES.join(', ')}`);
}
