import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareProblems, mcnemarExact } from '../../src/evaluation/index.ts';

const results = (n: number, cs: readonly number[]) => cs.map((c, i) => ({ problemId: `p${i}`, n, c }));

describe('exact McNemar', () => {
  // Exact rationals 2·Σ C(n,i)/2^n as doubles.
  test.each([
    [0, 0, 1],
    [5, 0, 0.0625],
    [6, 0, 0.03125],
    [5, 12, 0.143463134765625],
    [25, 15, 0.1538599441628321],
    [121, 59, 4.434449263755176e-6],
    [1500, 1400, 0.06598734966518381],
  ])('of %i gained and %i lost', (gained, lost, p) => {
    expect(mcnemarExact(gained, lost)).toBeCloseTo(p, 11);
    expect(mcnemarExact(gained, lost) / p).toBeCloseTo(1, 9);
  });

  test('is symmetric and a probability', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(300), (a, b) => {
        const p = mcnemarExact(a, b);
        expect(p).toBeCloseTo(mcnemarExact(b, a), 12);
        expect(p > 0 && p <= 1).toBe(true);
      }),
    );
  });
});

describe('comparing two evaluations', () => {
  test('names the gained and the lost and the mean paired difference', () => {
    const comparison = compareProblems(results(4, [0, 0, 2, 4, 1]), results(4, [1, 0, 4, 4, 0]), { seed: 5 });
    expect(comparison).toMatchObject({
      problems: 5,
      gained: ['p0'],
      lost: ['p4'],
      pValue: 1,
      distinct: false,
    });
    expect(comparison.difference).toBeCloseTo((1 / 4 + 2 / 4 - 1 / 4) / 5, 12);
    expect(comparison.interval.low).toBeLessThan(0);
    expect(comparison.interval.high).toBeGreaterThan(0);
  });

  test('pairing sees a small steady gain between problems of very different difficulty', () => {
    const before = results(
      16,
      Array.from({ length: 40 }, (_, i) => i % 16),
    );
    const after = before.map((r) => ({ ...r, c: r.c + 1 }));
    const { difference, interval, distinct } = compareProblems(before, after, { seed: 5 });
    expect([difference, interval.low, interval.high].map((x) => x * 16)).toEqual([1, 1, 1]);
    expect(distinct).toBe(true);
  });

  test.each([
    [5, false],
    [6, true],
  ])('%i problems that moved, all up: more than noise is %s', (moved, expected) => {
    const before = results(4, Array(moved + 1).fill(0));
    const after = before.map((r, i) => ({ ...r, c: i < moved ? 4 : 0 }));
    const { interval, distinct } = compareProblems(before, after, { seed: 5 });
    expect(interval.low).toBeGreaterThan(0);
    expect(distinct).toBe(expected);
  });

  test('refuses different problem sets, and problems that were never judged', () => {
    const one = results(4, [1, 2]);
    expect(() => compareProblems(one, results(4, [1]), { seed: 1 })).toThrow(
      /expected the same problems on both sides, found 2 and 1 with 1 in common/,
    );
    const unsampled = [...one.slice(1), { problemId: 'p0', n: 0, c: 0 }];
    expect(() => compareProblems(one, unsampled, { seed: 1 })).toThrow(/p0 has no judged attempt/);
  });
});
