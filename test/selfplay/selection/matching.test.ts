import fc from 'fast-check';
import { expect, test } from 'vitest';
import { randomFrom } from '../../../src/ops/seeds.ts';
import { type MatchInput, matchConjectures } from '../../../src/selfplay/selection/matching.ts';

const match = (affinities: readonly (readonly number[])[], change: Partial<MatchInput> = {}) =>
  matchConjectures({
    conjectures: (affinities[0] ?? []).map((_, i) => `c${i}`),
    targets: affinities.map((_, i) => ({ statementId: `p${i}`, votes: 1 })),
    affinities,
    maxWeight: 4,
    random: randomFrom(1),
    ...change,
  });

test('each problem votes for its nearest conjecture, a vote weighs conjectures ÷ votes, and none means dropped', () => {
  const weights = match([
    [0.9, 0.1, 0],
    [0.8, 0.2, 0],
    [0.1, 0.7, 0],
  ]);
  expect(weights).toEqual(
    new Map([
      ['c0', 2],
      ['c1', 1],
    ]),
  );
});

test('a problem with more votes gives them to as many different conjectures, nearest first', () => {
  const targets = [{ statementId: 'p', votes: 2 }];
  expect(match([[0.1, 0.9, 0.5]], { targets })).toEqual(
    new Map([
      ['c1', 1.5],
      ['c2', 1.5],
    ]),
  );
});

test('a full conjecture passes its votes on to the next nearest, even one that points the other way', () => {
  const affinities = Array.from({ length: 4 }, () => [-0.1, -0.5]);
  const weights = match(affinities, { maxWeight: 1 });
  expect(weights).toEqual(
    new Map([
      ['c0', 1],
      ['c1', 1],
    ]),
  );
});

test('weights are above 0, never pass the cap, and sum to the conjectures when no vote is lost to it', () => {
  const matrix = fc
    .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 12 }))
    .chain(([columns, rows]) =>
      fc.array(
        fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: columns, maxLength: columns }),
        { minLength: rows, maxLength: rows },
      ),
    );
  fc.assert(
    fc.property(
      matrix,
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 12, maxLength: 12 }),
      fc.double({ min: 0.1, max: 9, noNaN: true }),
      fc.nat(),
      (affinities, votes, maxWeight, seed) => {
        const targets = affinities.map((_, i) => ({ statementId: `p${i}`, votes: votes[i] ?? 1 }));
        const n = affinities[0]?.length ?? 0;
        const random = () => randomFrom(seed);
        const capped = [...match(affinities, { targets, maxWeight, random: random() }).values()];
        for (const w of capped) expect(w > 0 && w <= maxWeight).toBe(true);
        expect(sum(capped)).toBeLessThanOrEqual(n + 1e-9);
        const free = [...match(affinities, { targets, maxWeight: Infinity, random: random() }).values()];
        expect(sum(free)).toBeCloseTo(n, 9);
      },
    ),
  );
});

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
