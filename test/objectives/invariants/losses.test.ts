/** Invariants 7, 8, 10 and 12 notice an altered selection, normaliser or token weight. */
import {
  sequenceMean,
  sequenceSum,
  tokenMean,
  tokenMeanPerPolarity,
} from '../../../src/objectives/aggregates.ts';
import { keepAll, mixedOnly } from '../../../src/objectives/filters.ts';
import { type Objective, type ObjectiveSpec, objectives } from '../../../src/objectives/index.ts';
import { everyAttempt, onePair, positivesOnly } from '../../../src/objectives/selectors.ts';
import { omega, tokenWeightsFrom } from '../../../src/objectives/tokens.ts';
import {
  leaveOneOut,
  plainReward,
  reshapedByFailureRate,
  reshapedByLeaveOneOut,
} from '../../../src/objectives/weights.ts';
import { mutations, objectiveWith, weighedBy } from './harness.ts';
import { globalDenominators, lossOfAStep, sameTokenWeights, tokenImportance } from './losses.ts';

const proofsAlone = {
  filter: keepAll,
  select: positivesOnly,
  weight: reshapedByFailureRate,
  aggregate: tokenMeanPerPolarity,
};

mutations(
  "7. oreal's proofs alone",
  (parts: Partial<ObjectiveSpec>) => sameTokenWeights(objectiveWith(parts), objectives.raft),
  proofsAlone,
  [
    {
      mistake: 'proofs weighed by their advantage',
      altered: { ...proofsAlone, weight: reshapedByLeaveOneOut },
      breaks: 'the same token weights',
    },
    {
      mistake: 'a mean over attempts of the mean over tokens',
      altered: { ...proofsAlone, aggregate: sequenceMean },
      breaks: 'the same token weights',
    },
    {
      mistake: 'groups without a failure left out',
      altered: { ...proofsAlone, filter: mixedOnly },
      breaks: 'the same attempts',
    },
    {
      mistake: 'failures in the loss',
      altered: { ...proofsAlone, select: everyAttempt },
      breaks: 'the same attempts',
    },
  ],
);

const released = { weight: reshapedByLeaveOneOut };

mutations(
  '8. oreal-repo with every attempt',
  (parts: Partial<ObjectiveSpec>) => sameTokenWeights(objectiveWith(parts), weighedBy(leaveOneOut('±1'))),
  released,
  [
    {
      mistake: '|a⁻| without its sign',
      altered: { weight: (...given) => Math.abs(reshapedByLeaveOneOut(...given)) },
      breaks: 'the same token weights',
    },
    {
      mistake: 'rewards 0/1',
      altered: { weight: leaveOneOut('0/1') },
      breaks: 'the same token weights',
    },
    {
      mistake: 'a denominator for each polarity',
      altered: { ...released, aggregate: tokenMeanPerPolarity },
      breaks: 'the same token weights',
    },
    {
      mistake: 'one pair for all attempts',
      altered: { ...released, select: onePair },
      breaks: 'the same attempts',
    },
  ],
);

mutations('10. ω', (altered: typeof omega) => tokenImportance(altered, tokenWeightsFrom), omega, [
  {
    mistake: 'no clip at 0',
    altered: (w, reward) => Math.tanh(reward === 1 ? w / 2 : -w / 2),
    breaks: 'ω⁺·ω⁻ = 0',
  },
  { mistake: '|tanh| for both', altered: (w) => Math.abs(Math.tanh(w / 2)), breaks: 'ω⁺·ω⁻ = 0' },
  {
    mistake: 'σ(w) for 2σ(w) − 1',
    altered: (w, reward) => 1 / (1 + Math.exp(reward === 1 ? -w : w)),
    breaks: 'ω⁺·ω⁻ = 0',
  },
  { mistake: 'w for w/2', altered: (w, reward) => omega(2 * w, reward), breaks: 'ω⁺ + ω⁻ = |tanh(w/2)|' },
  {
    mistake: 'ω⁺ on the failures',
    altered: (w, reward) => omega(w, reward === 1 ? 0 : 1),
    breaks: 'ω⁺ = max(2σ(w) − 1, 0)',
  },
]);

mutations(
  '10. ω of the tokens',
  (altered: typeof tokenWeightsFrom) => tokenImportance(omega, altered),
  tokenWeightsFrom,
  [
    {
      mistake: "the release's prefix mean where the paper reads the token",
      altered: (scores, reward) => tokenWeightsFrom(scores, reward, 'prefix-mean'),
      breaks: 'per-token reads w_t',
    },
    {
      mistake: "the paper's token where the release reads the prefix mean",
      altered: (scores, reward) => tokenWeightsFrom(scores, reward, 'per-token'),
      breaks: 'prefix-mean reads the mean of w_1 … w_t',
    },
  ],
);

/** Its steps are those of each group alone. */
const perGroup = (objective: Objective): Objective => ({
  ...objective,
  weigh: (groups, settings) => ({
    ...objective.weigh(groups, settings),
    attempts: groups.flatMap((group) => objective.weigh([group], settings).attempts),
  }),
});

mutations(
  '12. the loss of a step',
  (parts: Partial<ObjectiveSpec>) => lossOfAStep(objectiveWith(parts)),
  { aggregate: sequenceSum },
  [
    {
      mistake: 'a sum for a mean over groups',
      altered: { aggregate: () => (s) => s.k },
      breaks: 'the same with every group twice',
    },
    {
      mistake: 'a sum for a mean of the penalty',
      altered: { klAggregate: () => () => 1 },
      breaks: 'the same with every group twice',
    },
    {
      mistake: 'the length of the first attempt for that of all',
      altered: { aggregate: (sequences) => () => (sequences[0]?.tokens ?? 0) * sequences.length },
      breaks: 'the same in any order',
    },
  ],
);

const perPolarity = objectiveWith({ weight: plainReward('±1'), aggregate: tokenMeanPerPolarity });

mutations('12. denominators', globalDenominators, perPolarity, [
  {
    mistake: "a group's own denominators",
    altered: perGroup(perPolarity),
    breaks: 'T⁺ and T⁻ are those of the step',
  },
  {
    mistake: 'one denominator for both polarities',
    altered: objectiveWith({ weight: plainReward('±1'), aggregate: tokenMean }),
    breaks: 'T⁺ and T⁻ are those of the step',
  },
]);
