import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type CoverInput,
  coverTargets,
  greedyCover,
} from '../../../src/selfplay/selection/facility-location.ts';

const cover = (affinities: readonly (readonly number[])[], change: Partial<CoverInput> = {}): CoverInput => ({
  conjectures: (affinities[0] ?? []).map((_, i) => `c${i}`),
  demands: affinities.map(() => 1),
  affinities,
  budget: 9,
  maxWeight: 4,
  ...change,
});

test('the second chosen is the one that is near to what the first is far from, not the second best alone', () => {
  const affinities = [
    [1, 0.9, -1],
    [1, 0.9, -1],
    [-1, -1, 0.5],
  ];
  expect(greedyCover(cover(affinities, { budget: 2 }))).toEqual([0, 2]);
});

test('what adds nothing is not chosen, however large the budget', () => {
  expect(
    coverTargets(
      cover([
        [1, 0.5],
        [0.5, 0.5],
      ]),
    ),
  ).toEqual(new Map([['c0', 1]]));
});

test('a chosen conjecture weighs by the demand nearest to it, 1 on average, capped', () => {
  const affinities = [
    [1, 0],
    [1, 0],
    [0, 1],
  ];
  const demands = [1, 1, 2];
  expect(coverTargets(cover(affinities, { demands: [1, 1, 1] }))).toEqual(
    new Map([
      ['c0', 4 / 3],
      ['c1', 2 / 3],
    ]),
  );
  expect(coverTargets(cover(affinities, { demands }))).toEqual(
    new Map([
      ['c0', 1],
      ['c1', 1],
    ]),
  );
  expect(coverTargets(cover(affinities, { maxWeight: 1 })).get('c0')).toBe(1);
});

/** Multiples of 1/8, so that sums are exact and ties are ties. */
const problem = fc
  .tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 }))
  .chain(([columns, rows, budget]) =>
    fc.record({
      affinities: fc.array(
        fc.array(
          fc.integer({ min: -8, max: 8 }).map((n) => n / 8),
          { minLength: columns, maxLength: columns },
        ),
        { minLength: rows, maxLength: rows },
      ),
      demands: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: rows, maxLength: rows }),
      budget: fc.constant(budget),
    }),
  );

test('the lazy greedy chooses what the plain greedy chooses, in the same order', () => {
  fc.assert(
    fc.property(problem, (p) => {
      const input = cover(p.affinities, p);
      expect(greedyCover(input)).toEqual(plainGreedy(input));
    }),
  );
});

test('what each choice gains never grows, as for any submodular function, and F(S) is within 1 − 1/e of the best', () => {
  fc.assert(
    fc.property(problem, (p) => {
      const input = cover(p.affinities, p);
      const chosen = greedyCover(input);
      const gains = chosen.map(
        (_, i) => value(input, chosen.slice(0, i + 1)) - value(input, chosen.slice(0, i)),
      );
      for (const [i, gain] of gains.entries()) expect(gain).toBeLessThanOrEqual(gains[i - 1] ?? Infinity);
      const best = Math.max(...subsets(input.conjectures.length, input.budget).map((s) => value(input, s)));
      expect(value(input, chosen)).toBeGreaterThanOrEqual((1 - 1 / Math.E) * best);
    }),
  );
});

test('weights never pass the cap, and no more than the budget are kept', () => {
  fc.assert(
    fc.property(problem, fc.double({ min: 0.1, max: 3, noNaN: true }), (p, maxWeight) => {
      const weights = coverTargets(cover(p.affinities, { ...p, maxWeight }));
      expect(weights.size).toBeLessThanOrEqual(p.budget);
      for (const w of weights.values()) expect(w > 0 && w <= maxWeight).toBe(true);
    }),
  );
});

/** F, written down a second time. */
function value({ affinities, demands }: CoverInput, chosen: readonly number[]): number {
  return affinities.reduce((total, row, y) => {
    const near = chosen.map((c) => (1 + (row[c] ?? 0)) / 2);
    return total + (demands[y] ?? 0) * Math.max(0, ...near);
  }, 0);
}

function plainGreedy(input: CoverInput): number[] {
  const chosen: number[] = [];
  while (chosen.length < input.budget) {
    const gains = input.conjectures.map((_, c) => value(input, [...chosen, c]) - value(input, chosen));
    const best = Math.max(...gains);
    if (!(best > 0)) break;
    chosen.push(gains.indexOf(best));
  }
  return chosen;
}

function subsets(size: number, atMost: number): number[][] {
  const all = Array.from({ length: 2 ** size }, (_, mask) =>
    Array.from({ length: size }, (_, i) => i).filter((i) => mask & (1 << i)),
  );
  return all.filter((s) => s.length <= atMost);
}
