/** Invariants 9, 11 and 13: where a softmax policy over a few completions moves. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { expectedPush, scoreOf, sum, type Toy, toySoftmax } from '../../../bench/bandit/toy.ts';
import type { GroupCounts, Objective } from '../../../src/objectives/index.ts';
import type { BundleRow, KlEstimator } from '../../../src/policy/bundle.ts';
import type { rowLoss } from '../../../src/policy/row-loss.ts';
import { group, mixedCounts, numberIn, pair } from '../groups.ts';
import { expectVector } from './harness.ts';

const logits = (minLength: number, maxLength: number) => fc.array(numberIn(-2, 2), { minLength, maxLength });

const anyToy: fc.Arbitrary<Toy> = logits(3, 8).chain((logits) =>
  fc.integer({ min: 1, max: logits.length - 1 }).map((proofs) => toySoftmax(logits, proofs)),
);

/** 9, with a⁺ and |a⁻| as published, η = 1. */
export const pairGradient = (
  objective: Objective,
  published: (counts: Pick<GroupCounts, 'c' | 'k'>) => { readonly up: number; readonly down: number },
) =>
  fc.property(anyToy, mixedCounts, (toy, counts) => {
    const { plus, minus } = pair(objective, counts.c, counts.k, { eta: 1 });
    const failures = meanScore(toy, false);
    const gradient = meanScore(toy, true).map((g, i) => plus * g + minus * (failures[i] ?? 0));
    const { up, down } = published(counts);
    const scale = up / toy.p + down / (1 - toy.p);
    const expected = toy.gradP.map((g) => scale * g);
    expectVector(gradient, expected, '[a⁺/p + |a⁻|/(1−p)]·∇p');
  });

/** E[∇log π(y) | y proved] or | y failed. */
const meanScore = (toy: Toy, proved: boolean) =>
  expectedPush(toy, (y) => (y < toy.proofs !== proved ? 0 : 1 / (proved ? toy.p : 1 - toy.p)));

/** 11. */
export const descentFollowsReward = (objective: Objective, loss: typeof rowLoss) =>
  fc.property(anyToy, mixedCounts, (toy, { c, k }) => {
    for (const { reward, tokenWeight, ratio } of objective.weigh([group('s', c, k)]).attempts) {
      const y = reward === 1 ? 0 : toy.pi.length - 1;
      const before = Math.log(toy.pi[y] ?? 0);
      const row = rowOf({ weights: [tokenWeight], ratio, samplerLogprobs: [before] });
      const slope = loss(row, [before]).slopes[0] ?? 0;
      const step = 1e-3 / Math.abs(slope);
      const moved = scoreOf(toy, y).map((g, i) => Math.log(toy.pi[i] ?? 0) - step * slope * g);
      const by = Math.log(toySoftmax(moved, toy.proofs).pi[y] ?? 0) - before;
      if (reward === 1) expect(by, 'log π of a proof rises').toBeGreaterThan(0);
      else expect(by, 'log π of a failure falls').toBeLessThan(0);
    }
  });

const twoToys = fc
  .integer({ min: 2, max: 8 })
  .chain((size) =>
    fc
      .tuple(logits(size, size), logits(size, size))
      .map(([a, b]) => [toySoftmax(a, 1), toySoftmax(b, 1)] as const),
  );

/** 13: the expected gradient of an estimate as a loss, over samples of the policy. */
export const klGradient = (estimator: KlEstimator, loss: typeof rowLoss) =>
  fc.property(twoToys, ([policy, reference]) => {
    const gradient = expectedPush(
      policy,
      (y) => klLoss(loss, estimator, policy, reference, y).slopes[0] ?? 0,
    );
    const { of, clause } = DESCENDED[estimator];
    const expected = slopes(policy, (pi) => of(pi, reference.pi));
    expectVector(gradient, expected, clause, 6);
  });

const divergence = (a: readonly number[], b: readonly number[]) =>
  sum(a.map((q, y) => q * Math.log(q / (b[y] ?? 0))));

/** What each estimate descends, of the policy and the reference. */
const DESCENDED = {
  k1: { of: () => 0, clause: 'no gradient' },
  k2: { of: divergence, clause: '∇KL(π‖ref)' },
  k3: { of: (pi: readonly number[], ref: readonly number[]) => divergence(ref, pi), clause: '∇KL(ref‖π)' },
};

/** 13: the estimates without bias; the gradient of k1 would not tell its sign. */
export const klMean = (estimator: 'k1' | 'k3', loss: typeof rowLoss) =>
  fc.property(twoToys, ([policy, reference]) => {
    const mean = sum(policy.pi.map((q, y) => q * klLoss(loss, estimator, policy, reference, y).loss));
    expect(mean, 'the mean is KL(π‖ref)').toBeCloseTo(divergence(policy.pi, reference.pi), 10);
  });

function klLoss(loss: typeof rowLoss, klEstimator: KlEstimator, policy: Toy, reference: Toy, y: number) {
  const [lp, ref] = [policy, reference].map(({ pi }) => Math.log(pi[y] ?? 0));
  return loss(rowOf({ klCoef: 1, klEstimator, refLogprobs: [ref ?? 0] }), [lp ?? 0]);
}

/** Central differences by the logits. */
function slopes({ pi, proofs }: Toy, f: (pi: readonly number[]) => number): readonly number[] {
  const [logits, h] = [pi.map(Math.log), 1e-5];
  const at = (i: number, by: number) => f(toySoftmax(logits.with(i, (logits[i] ?? 0) + by), proofs).pi);
  return logits.map((_, i) => (at(i, h) - at(i, -h)) / (2 * h));
}

/** A row of one token; no policy term but what is given. */
function rowOf(over: Partial<BundleRow>): BundleRow {
  return {
    id: 'a',
    promptTokens: [0],
    tokens: [0],
    weights: [0],
    samplerLogprobs: [],
    klCoef: 0,
    refLogprobs: [],
    ...over,
  };
}
