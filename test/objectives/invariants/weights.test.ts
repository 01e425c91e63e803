/** Invariants 1 to 6 notice an altered weight, filter or count; the mistakes are ones that papers and code made. */
import { keepAll, mixedOnly } from '../../../src/objectives/filters.ts';
import type { Objective, ObjectiveSpec } from '../../../src/objectives/index.ts';
import type { RewardScale } from '../../../src/objectives/objective.ts';
import { onePair } from '../../../src/objectives/selectors.ts';
import {
  centred,
  leaveOneOut,
  plainReward,
  reshapedByFailureRate,
  reshapedByLeaveOneOut,
  standardised,
  type Weight,
} from '../../../src/objectives/weights.ts';
import { mutations, objectiveWith, weighedBy } from './harness.ts';
import * as invariants from './weights.ts';

mutations(
  '1. rloo',
  (weight: (scale: RewardScale) => Weight) =>
    invariants.leaveOneOutAdvantages(weighedBy(weight('0/1')), weighedBy(weight('±1'))),
  leaveOneOut,
  [
    { mistake: 'no baseline', altered: plainReward, breaks: 'Σ a = 0' },
    { mistake: 'the attempt in its own baseline', altered: () => centred, breaks: 'a⁺ + |a⁻| = K/(K−1)' },
    {
      mistake: 'rewards 0/1 where ±1 is meant',
      altered: () => leaveOneOut('0/1'),
      breaks: 'on ±1 twice that on 0/1',
    },
  ],
);

mutations(
  '2. groups without spread, kept',
  (weight: Weight) => invariants.noAdvantageWithoutSpread(objectiveWith({ weight, filter: keepAll })),
  leaveOneOut('±1'),
  [{ mistake: 'no baseline', altered: plainReward('±1'), breaks: 'a = 0 where c is 0 or K' }],
);

const kept = objectiveWith({ filter: keepAll });
/** Leaves flat groups out of the update and not out of its denominators. */
const diluted: Objective = {
  ...kept,
  weigh: (groups, settings) => {
    const weighing = kept.weigh(groups, settings);
    return { ...weighing, attempts: weighing.attempts.filter(({ c, k }) => c > 0 && c < k) };
  },
};

mutations('2. groups without spread, left out', invariants.noUpdateWithoutSpread, objectiveWith({}), [
  { mistake: 'a penalty on groups of advantage 0', altered: kept, breaks: 'no update, KL included' },
  {
    mistake: 'only hopeless groups left out',
    altered: objectiveWith({ filter: ({ c }) => c > 0 }),
    breaks: 'no update, KL included',
  },
  { mistake: 'their tokens in the denominators', altered: diluted, breaks: 'in no denominator' },
]);

mutations(
  '2. never NaN',
  (parts: Partial<ObjectiveSpec>) => invariants.neverNaN(objectiveWith(parts)),
  { weight: standardised },
  [
    {
      mistake: 'a division by the deviation of a group without spread',
      altered: { weight: standardised, filter: keepAll },
      breaks: 'every number is finite',
    },
    {
      mistake: 'a division by K − 1 at K = 1',
      altered: { weight: leaveOneOut('±1'), filter: keepAll },
      breaks: 'every number is finite',
    },
  ],
);

mutations('3. grpo', (weight: Weight) => invariants.standardisedAdvantages(weighedBy(weight)), standardised, [
  { mistake: 'no division by the deviation', altered: centred, breaks: 'a⁺ = √((1−p̂)/p̂)' },
  {
    mistake: 'a division by the variance',
    altered: (attempt, { c, k }) => (attempt.reward - c / k) / ((c / k) * (1 - c / k)),
    breaks: 'a⁺ = √((1−p̂)/p̂)',
  },
  {
    mistake: 'the sample deviation by default',
    altered: (attempt, counts, settings) =>
      standardised(attempt, counts, { ...settings, deviation: 'sample' }),
    breaks: 'a⁺ = √((1−p̂)/p̂)',
  },
  {
    mistake: 'failures mirrored from proofs',
    altered: (attempt, counts, settings) =>
      (2 * attempt.reward - 1) * standardised({ ...attempt, reward: 1 }, counts, settings),
    breaks: 'a⁻ = −√(p̂/(1−p̂))',
  },
  {
    mistake: 'K/(K−1) for (K−1)/K',
    altered: (attempt, counts, settings) =>
      standardised(attempt, counts, { ...settings, deviation: 'population' }) *
      (settings.deviation === 'sample' ? Math.sqrt(counts.k / (counts.k - 1)) : 1),
    breaks: 'the sample deviation multiplies by √((K−1)/K)',
  },
]);

mutations(
  '4. oreal, the paper',
  (weight: Weight) => invariants.fallingFailureWeight(weighedBy(weight)),
  reshapedByFailureRate,
  [
    { mistake: 'proofs weighed as in the release', altered: reshapedByLeaveOneOut, breaks: 'a⁺ = 1' },
    {
      mistake: 'failures weighed as in the release',
      altered: (attempt, counts, settings) =>
        attempt.reward === 1 ? 1 : reshapedByLeaveOneOut(attempt, counts, settings),
      breaks: '|a⁻| falls with p̂',
    },
    {
      mistake: 'η left out',
      altered: (attempt, counts, settings) => reshapedByFailureRate(attempt, counts, { ...settings, eta: 1 }),
      breaks: 'a⁻ = −η(1−p̂)',
    },
    {
      mistake: 'K − 1 for K',
      altered: (attempt, { c, k }, { eta }) => (attempt.reward === 1 ? 1 : (-eta * (k - c)) / (k - 1)),
      breaks: 'a⁻ = −η(1−p̂)',
    },
  ],
);

mutations(
  '4. oreal, the release',
  (weight: Weight) => invariants.risingFailureWeight(weighedBy(weight)),
  reshapedByLeaveOneOut,
  [
    { mistake: 'proofs cloned with weight 1', altered: reshapedByFailureRate, breaks: 'a⁺ = 2(K−c)/(K−1)' },
    { mistake: 'rewards 0/1', altered: leaveOneOut('0/1'), breaks: 'a⁺ = 2(K−c)/(K−1)' },
    {
      mistake: 'failures weighed as in the paper',
      altered: (attempt, counts, settings) =>
        (attempt.reward === 1 ? reshapedByLeaveOneOut : reshapedByFailureRate)(attempt, counts, settings),
      breaks: '|a⁻| rises with p̂',
    },
    { mistake: 'η left out', altered: leaveOneOut('±1'), breaks: 'a⁻ = −2ηc/(K−1)' },
  ],
);

mutations(
  '5. the failure rate',
  (weight: Weight) => invariants.failureRateFromAFailure(weighedBy(weight)),
  reshapedByFailureRate,
  [
    {
      mistake: 'plug-in where leave-one-out is asked for',
      altered: (attempt, counts, settings) =>
        reshapedByFailureRate(attempt, counts, { ...settings, failureRate: 'plug-in' }),
      breaks: 'leave-one-out 1 − c/(K−1)',
    },
    {
      mistake: 'a proof left out where a failure is',
      altered: (attempt, { c, k }) => (attempt.reward === 1 ? 1 : (c - 1) / (k - 1) - 1),
      breaks: 'leave-one-out 1 − c/(K−1)',
    },
    {
      mistake: 'leave-one-out by default',
      altered: (attempt, counts, settings) =>
        reshapedByFailureRate(attempt, counts, { ...settings, failureRate: 'leave-one-out' }),
      breaks: 'plug-in 1/K at c = K−1',
    },
  ],
);

const pairs = objectiveWith({ select: onePair });
/** Counts c and K in what is left of a group. */
const countedAfterSelection: Objective = {
  ...pairs,
  weigh: (groups, settings) => {
    const { attempts, ...rest } = pairs.weigh(groups, settings);
    return { ...rest, attempts: attempts.map((a) => ({ ...a, c: 1, k: 2 })) };
  },
};

mutations('6. the pass rate of kept groups', invariants.biasOfKeptPassRate, pairs, [
  {
    mistake: 'every group kept',
    altered: objectiveWith({ select: onePair, filter: keepAll }),
    breaks: '(p − p^K)/(1 − p^K − (1−p)^K)',
  },
  {
    mistake: 'mixed groups dropped and the others kept',
    altered: objectiveWith({ select: onePair, filter: (counts, settings) => !mixedOnly(counts, settings) }),
    breaks: '(p − p^K)/(1 − p^K − (1−p)^K)',
  },
  {
    mistake: 'c and K counted after the choice of a pair',
    altered: countedAfterSelection,
    breaks: '(p − p^K)/(1 − p^K − (1−p)^K)',
  },
]);
