/** Invariants 9, 11 and 13 notice an altered sign, weight or KL estimate. */
import type { GroupCounts } from '../../../src/objectives/index.ts';
import {
  leaveOneOut,
  plainReward,
  reshapedByFailureRate,
  reshapedByLeaveOneOut,
  type Weight,
} from '../../../src/objectives/weights.ts';
import { rowLoss } from '../../../src/policy/row-loss.ts';
import { descentFollowsReward, klGradient, klMean, pairGradient } from './gradients.ts';
import { mutations, weighedBy } from './harness.ts';

const asArgued = ({ c, k }: Pick<GroupCounts, 'c' | 'k'>) => ({ up: 1, down: 1 - c / k });

mutations(
  '9. the gradient of a pair',
  (weight: Weight) => pairGradient(weighedBy(weight), asArgued),
  reshapedByFailureRate,
  [
    {
      mistake: 'failures pushed up',
      altered: (...given) => Math.abs(reshapedByFailureRate(...given)),
      breaks: '[a⁺/p + |a⁻|/(1−p)]·∇p',
    },
    {
      mistake: 'failures not reshaped',
      altered: plainReward('±1'),
      breaks: '[a⁺/p + |a⁻|/(1−p)]·∇p',
    },
    {
      mistake: "the release's weights for the paper's",
      altered: reshapedByLeaveOneOut,
      breaks: '[a⁺/p + |a⁻|/(1−p)]·∇p',
    },
  ],
);

mutations(
  '11. the sign of the weight',
  (weight: Weight) => descentFollowsReward(weighedBy(weight), rowLoss),
  leaveOneOut('±1'),
  [
    {
      mistake: 'a flipped sign',
      altered: (...given) => -leaveOneOut('±1')(...given),
      breaks: 'log π of a proof rises',
    },
    {
      mistake: '|a⁻| without its sign',
      altered: (...given) => Math.abs(leaveOneOut('±1')(...given)),
      breaks: 'log π of a failure falls',
    },
    {
      mistake: 'rewards 0/1 that delete failures',
      altered: plainReward('0/1'),
      breaks: 'log π of a failure falls',
    },
  ],
);

mutations(
  '11. the sign of the loss',
  (loss: typeof rowLoss) => descentFollowsReward(weighedBy(leaveOneOut('±1')), loss),
  rowLoss,
  [{ mistake: 'an objective to ascend', altered: negated, breaks: 'log π of a proof rises' }],
);

function negated(...given: Parameters<typeof rowLoss>) {
  const { loss, slopes } = rowLoss(...given);
  return { loss: -loss, slopes: slopes.map((x) => -x) };
}

/** A penalty of that value and derivative by lp, of d = ref − lp. */
const penalty =
  (value: (d: number) => number, slope: (d: number) => number): typeof rowLoss =>
  (row, logprobs) => {
    const d = logprobs.map((lp, t) => (row.refLogprobs[t] ?? lp) - lp);
    return { loss: d.reduce((total, x) => total + value(x), 0), slopes: d.map(slope) };
  };

const k2InPlace: typeof rowLoss = (row, logprobs) => rowLoss({ ...row, klEstimator: 'k2' }, logprobs);
const k3InPlace: typeof rowLoss = (row, logprobs) => rowLoss({ ...row, klEstimator: 'k3' }, logprobs);

mutations('13. the gradient of k1', (loss: typeof rowLoss) => klGradient('k1', loss), rowLoss, [
  {
    mistake: 'the gradient that k1 has as a reward',
    altered: penalty(
      (d) => -d,
      (d) => -d,
    ),
    breaks: 'no gradient',
  },
]);

mutations('13. the gradient of k2', (loss: typeof rowLoss) => klGradient('k2', loss), rowLoss, [
  { mistake: 'k3 in its place', altered: k3InPlace, breaks: '∇KL(π‖ref)' },
  {
    mistake: 'd² for d²/2',
    altered: penalty(
      (d) => d * d,
      (d) => -2 * d,
    ),
    breaks: '∇KL(π‖ref)',
  },
]);

mutations('13. the gradient of k3', (loss: typeof rowLoss) => klGradient('k3', loss), rowLoss, [
  { mistake: 'k2 in its place', altered: k2InPlace, breaks: '∇KL(ref‖π)' },
  {
    mistake: 'lp − ref for ref − lp',
    altered: penalty(
      (d) => Math.expm1(-d) + d,
      (d) => Math.expm1(-d),
    ),
    breaks: '∇KL(ref‖π)',
  },
]);

mutations('13. the mean of k1', (loss: typeof rowLoss) => klMean('k1', loss), rowLoss, [
  { mistake: 'ref − lp for lp − ref', altered: negated, breaks: 'the mean is KL(π‖ref)' },
]);

mutations('13. the mean of k3', (loss: typeof rowLoss) => klMean('k3', loss), rowLoss, [
  { mistake: 'k2 in its place', altered: k2InPlace, breaks: 'the mean is KL(π‖ref)' },
]);
