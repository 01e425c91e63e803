import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Group, objectiveNamed } from '../../../src/objectives/index.ts';
import { randomFrom } from '../../../src/ops/seeds.ts';
import {
  orderSteps,
  type PlanInput,
  planTraining,
  type SampledSequence,
} from '../../../src/selfplay/learning/training.ts';

const sequence = (id: string, tokens = 4): SampledSequence => ({
  id,
  promptTokens: [1, 2],
  tokens: Array.from({ length: tokens }, (_, i) => i),
  logprobs: Array.from({ length: tokens }, () => -1),
});

/** Groups of attempts `g<i>/<j>`, rewards as given; conjectures `c<i>`. */
function planInput(rewards: readonly (readonly (0 | 1 | null)[])[], conjectures: number): PlanInput {
  const groups: Group[] = rewards.map((group, i) => ({
    statementId: `g${i}`,
    attempts: group.map((reward, j) => ({
      attemptId: `g${i}/${j}`,
      reward,
      tokens: 4,
      chars: 10,
      verifySeconds: 0.1,
      truncated: false,
    })),
  }));
  const ids = Array.from({ length: conjectures }, (_, i) => `c${i}`);
  const all = [...groups.flatMap((g) => g.attempts.map((a) => a.attemptId)), ...ids].map((id) =>
    sequence(id),
  );
  return {
    groups,
    objective: objectiveNamed('raft'),
    settings: {},
    sequences: new Map(all.map((s) => [s.id, s])),
    references: new Map(),
    conjectures: ids.map((id) => ({ id, weight: 1 })),
    conjecturerShare: 0.25,
    batchRows: 4,
    epochs: 1,
    random: randomFrom(7),
  };
}

test('an epoch with both parts gives the conjectures exactly their share of the weight', () => {
  const { steps } = planTraining(planInput([[1, 0], [1, 1]], 2)); // biome-ignore format: one line
  const total = (prefix: string) =>
    sum(steps.flat().filter((r) => r.id.startsWith(prefix)).flatMap((r) => r.weights)); // biome-ignore format: one line
  expect(steps).toHaveLength(1);
  expect(total('c')).toBeCloseTo(0.25, 12);
  expect(total('g')).toBeCloseTo(0.75, 12);
});

test('a part that is alone has all of the weight', () => {
  const onlyProofs = planTraining(planInput([[1, 0]], 0));
  const onlyConjectures = planTraining(planInput([[0, 0]], 3));
  for (const { steps } of [onlyProofs, onlyConjectures])
    expect(sum(steps.flat().flatMap((r) => r.weights))).toBeCloseTo(1, 12);
});

test('with nothing proved and nothing kept there is no step', () => {
  expect(planTraining(planInput([[0, 0], [null, 0]], 0)).steps).toEqual([]); // biome-ignore format: one line
});

test('a fault is in no row', () => {
  const { steps } = planTraining({ ...planInput([[1, null, 0]], 0), objective: objectiveNamed('rloo') });
  expect(steps.flat().map((r) => r.id).toSorted()).toEqual(['g0/0', 'g0/2']); // biome-ignore format: one line
});

test('reference log-probs go with the rows that have a KL term, and with no other', () => {
  const input = planInput([[1, 0]], 1);
  const references = new Map([...input.sequences.keys()].map((id) => [id, [-2, -2, -2, -2]]));
  const { steps } = planTraining({ ...input, objective: objectiveNamed('oreal-repo'), references });
  for (const row of steps.flat()) {
    expect(row.klCoef > 0).toBe(row.id.startsWith('g'));
    expect(row.refLogprobs).toHaveLength(row.klCoef > 0 ? row.tokens.length : 0);
  }
});

test('ratio, KL estimator and weights of tokens reach the rows of proofs, and no conjecture', () => {
  const input = planInput([[1, 0]], 1);
  const references = new Map([...input.sequences.keys()].map((id) => [id, [-2, -2, -2, -2]]));
  const settings = { clipHigh: 0.4, klCoef: 1, klEstimator: 'k2', klScope: 'positives' } as const;
  const dapo = planTraining({ ...input, objective: objectiveNamed('dapo'), settings, references });
  const row = (id: string, rows = dapo.steps.flat()) => rows.find((r) => r.id === id);
  expect(row('g0/0')).toMatchObject({
    ratio: { kind: 'ppo-clip', low: 0.2, high: 0.4 },
    klEstimator: 'k2',
    klCoef: 0.75 / 4,
    refLogprobs: [-2, -2, -2, -2],
  });
  expect(row('g0/1')).toMatchObject({ klCoef: 0, refLogprobs: [] });
  expect(row('c0')).not.toHaveProperty('ratio');
});

test('scores of tokens weigh the rows of their step; steps that the policy waits for are in no plan', () => {
  const scored = {
    ...planInput([[1, 0], [0, 1]], 1), // biome-ignore format: one line
    objective: objectiveNamed('oreal-paper'),
    settings: { tokenWeights: 'per-token' },
    batchRows: 1,
    epochs: 2,
  } as const;
  const order = orderSteps(scored);
  const proofs = order.map(({ weighted }) => weighted.map((a) => a.attemptId));
  expect(proofs.map((ids) => ids.length)).toEqual([2, 2, 2, 2]);
  // Another score in every step: proofs of step i count from token i on.
  const scores = proofs.map(
    (ids, i) => new Map(ids.map((id) => [id, [0, 1, 2, 3].map((t) => (t < i ? -9e9 : 9e9))])),
  );
  const { steps, weighted } = planTraining(scored, order, { steps: scores, frozen: 1 });
  const signs = steps.map((rows) => rows.map(({ weights }) => weights.map(Math.sign).join()));
  expect(signs.map((s) => s.filter((x) => x.includes('1')).toSorted())).toEqual(
    [1, 2, 3].map((i) => {
      const proof = [0, 1, 2, 3].map((t) => (t < i ? 0 : 1)).join();
      const failure = [0, 1, 2, 3].map((t) => (t < i ? -1 : 0)).join();
      const conjecture = steps[i - 1]?.length === 3 ? ['1,1,1,1'] : [];
      return [failure, proof, ...conjecture].toSorted();
    }),
  );
  expect(weighted.map((a) => a.attemptId).toSorted()).toEqual(['g0/0', 'g0/1', 'g1/0', 'g1/1']);
  const waiting = planTraining(scored, order, { steps: scores, frozen: 4 });
  expect([waiting.steps, waiting.weighted]).toEqual([[], []]);
});

test('every epoch holds every weighted attempt and every conjecture exactly once', () => {
  const reward = fc.constantFrom(0 as const, 1 as const, null);
  const groups = fc.array(fc.array(reward, { minLength: 1, maxLength: 6 }), { maxLength: 12 });
  fc.assert(
    fc.property(groups, fc.nat(5), fc.integer({ min: 1, max: 3 }), (rewards, conjectures, epochs) => {
      const { steps, weighted } = planTraining({ ...planInput(rewards, conjectures), epochs });
      const expected = [
        ...weighted.map((a) => a.attemptId),
        ...Array.from({ length: conjectures }, (_, i) => `c${i}`),
      ];
      const once = expected.toSorted();
      const times = Map.groupBy(steps.flat(), (r) => r.id);
      expect([...times.keys()].toSorted()).toEqual(once);
      for (const rows of times.values()) expect(rows).toHaveLength(epochs);
    }),
  );
});

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

test("a conjecture's share of the weight is in proportion to its own weight, however few are in a step", () => {
  const proved = Array.from({ length: 8 }, () => [1, 0] as const);
  for (const rewards of [[], proved]) {
    const input = planInput(rewards, 2);
    const weighed = input.conjectures.map(({ id }, i) => ({ id, weight: i === 0 ? 3 : 1 }));
    const { steps } = planTraining({ ...input, conjectures: weighed });
    const total = (id: string) => sum(steps.flat().filter((r) => r.id === id).flatMap((r) => r.weights)); // biome-ignore format: one line
    const share = rewards.length === 0 ? 1 : 0.25;
    expect(total('c0') / steps.length).toBeCloseTo(0.75 * share, 12);
    expect(total('c1') / steps.length).toBeCloseTo(0.25 * share, 12);
  }
});

test('a conjecture of no weight is in no step', () => {
  const input = planInput([[1, 0]], 2);
  const { steps } = planTraining({
    ...input,
    conjectures: [
      { id: 'c0', weight: 0 },
      { id: 'c1', weight: 0 },
    ],
  });
  expect(steps.flat().map((r) => r.id)).toEqual(['g0/0']);
  expect(sum(steps.flat().flatMap((r) => r.weights))).toBeCloseTo(1, 12);
});
