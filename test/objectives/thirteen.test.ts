/**
 * The thirteen invariants that published formulas obey, numbered, of the objectives as they are, over arbitrary groups
 * and toy policies. That each fails when its formula is altered is shown in invariants/*.test.ts.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tokenMeanPerPolarity } from '../../src/objectives/aggregates.ts';
import { keepAll } from '../../src/objectives/filters.ts';
import { OBJECTIVE_NAMES, objectives } from '../../src/objectives/index.ts';
import { positivesOnly } from '../../src/objectives/selectors.ts';
import { omega, tokenWeightsFrom } from '../../src/objectives/tokens.ts';
import { leaveOneOut, reshapedByFailureRate, reshapedByLeaveOneOut } from '../../src/objectives/weights.ts';
import { rowLoss } from '../../src/policy/row-loss.ts';
import { pair } from './groups.ts';
import { descentFollowsReward, klGradient, klMean, pairGradient } from './invariants/gradients.ts';
import { objectiveWith, weighedBy } from './invariants/harness.ts';
import { globalDenominators, lossOfAStep, sameTokenWeights, tokenImportance } from './invariants/losses.ts';
import * as weights from './invariants/weights.ts';

const { 'oreal-paper': orealPaper, 'oreal-repo': orealRepo, raft, rloo, grpo, dapo } = objectives;
const MIXED_ONLY = OBJECTIVE_NAMES.filter(
  (name) => !['raft', 'raft++', 'expert-iteration', 'stp', 'topr', 'w-reinforce'].includes(name),
);

test('1. rloo: advantages sum to zero; a⁺ + |a⁻| = K/(K−1), twice that on ±1; a = K/(K−1)·(r − mean)', () => {
  fc.assert(weights.leaveOneOutAdvantages(rloo, weighedBy(leaveOneOut('±1'))));
});

describe('2. groups without spread', () => {
  test('where they are kept, a leave-one-out advantage is 0', () => {
    fc.assert(weights.noAdvantageWithoutSpread(objectiveWith({ filter: keepAll })));
  });

  test.each(MIXED_ONLY)('%s: no update at all, KL included, alone or beside others', (name) => {
    fc.assert(weights.noUpdateWithoutSpread(objectives[name]));
  });

  test.each(OBJECTIVE_NAMES)('%s: nothing given is nothing to do, and nothing is ever NaN', (name) => {
    expect(objectives[name].weigh([]).attempts).toEqual([]);
    fc.assert(weights.neverNaN(objectives[name]));
  });
});

test.each([grpo, dapo])(
  '3. $name: √((1−p̂)/p̂) and −√(p̂/(1−p̂)); the sample deviation multiplies by √((K−1)/K)',
  (objective) => {
    fc.assert(weights.standardisedAdvantages(objective));
  },
);

describe('4. oreal', () => {
  test('paper: a⁺ = 1, |a⁻| = η(1−p̂), from η down to 0 as the statement gets easier', () => {
    fc.assert(weights.fallingFailureWeight(orealPaper));
    expect(pair(orealPaper, 1, 1000).minus).toBeCloseTo(-1, 2);
    expect(pair(orealPaper, 999, 1000).minus).toBeCloseTo(0, 2);
  });

  test('repo: a⁺ = 2(K−c)/(K−1), |a⁻| = 2ηc/(K−1), rising as the statement gets easier', () => {
    fc.assert(weights.risingFailureWeight(orealRepo));
    expect(pair(orealRepo, 4, 16).minus).toBeCloseTo(-4 / 15, 12);
  });
});

test('5. the failure rate seen from a failure: plug-in 1 − c/K, leave-one-out 1 − c/(K−1), 0 at c = K−1', () => {
  fc.assert(weights.failureRateFromAFailure(orealPaper));
});

test('6. keeping mixed groups biases the pass rate to (p − p^K)/(1 − p^K − (1−p)^K), 1/K for the hardest', () => {
  fc.assert(weights.biasOfKeptPassRate(orealRepo), { numRuns: 40 });
});

test("7. oreal's proofs alone, unfiltered, without ω and KL, are RAFT", () => {
  const alone = { filter: keepAll, select: positivesOnly, aggregate: tokenMeanPerPolarity };
  fc.assert(sameTokenWeights(objectiveWith({ ...alone, weight: reshapedByFailureRate }), raft));
});

test('8. oreal-repo with every attempt, one denominator and η = 1 is RLOO on ±1', () => {
  fc.assert(sameTokenWeights(weighedBy(reshapedByLeaveOneOut), weighedBy(leaveOneOut('±1'))));
});

describe('9. a pair (a⁺, a⁻) on a softmax policy moves by [a⁺/p + |a⁻|/(1−p)]·∇p', () => {
  test('oreal-paper', () => {
    fc.assert(pairGradient(orealPaper, ({ c, k }) => ({ up: 1, down: 1 - c / k })));
  });
  test('oreal-repo', () => {
    fc.assert(
      pairGradient(orealRepo, ({ c, k }) => ({ up: (2 * (k - c)) / (k - 1), down: (2 * c) / (k - 1) })),
    );
  });
});

test('10. ω⁺·ω⁻ = 0 and ω⁺ + ω⁻ = |tanh(w/2)|: nothing at 0, one of them 1 in the limit', () => {
  fc.assert(tokenImportance(omega, tokenWeightsFrom));
  expect([omega(0, 1), omega(0, 0)]).toEqual([0, 0]);
  expect([omega(1e3, 1), omega(1e3, 0), omega(-1e3, 1), omega(-1e3, 0)]).toEqual([1, 0, 0, 1]);
});

test.each(OBJECTIVE_NAMES)(
  '11. %s: descent on an attempt raises log π of a proof and lowers that of a failure',
  (name) => {
    fc.assert(descentFollowsReward(objectives[name], rowLoss));
  },
);

describe('12. normalisers', () => {
  test.each(OBJECTIVE_NAMES)(
    '%s: duplicating every group, or reordering, leaves the loss unchanged',
    (name) => {
      fc.assert(lossOfAStep(objectives[name]));
    },
  );

  test('the denominators of proofs and of failures are those of the whole step, not of a group', () => {
    fc.assert(globalDenominators(orealPaper));
  });
});

describe('13. a KL estimate as a loss, its expected gradient over samples of the policy', () => {
  test('k1 has none, and its mean is KL(π‖ref)', () => {
    fc.assert(klGradient('k1', rowLoss));
    fc.assert(klMean('k1', rowLoss));
  });
  test('k2 has that of KL(π‖ref), by differences of the divergence itself', () => {
    fc.assert(klGradient('k2', rowLoss));
  });
  test('k3 has that of KL(ref‖π), and its mean is KL(π‖ref)', () => {
    fc.assert(klGradient('k3', rowLoss));
    fc.assert(klMean('k3', rowLoss));
  });
});
