import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { goesOn, passRate, type StageRules } from '../../../src/selfplay/proving/staging.ts';

const rules: StageRules = { samples: 8, maxSamples: 32, extendUnproved: false, high: 0.25 };

describe('who gets a second stage', () => {
  test('a rate that is clearly above the window does not go on, one that may be inside it does', () => {
    expect([1, 2, 3, 4].map((c) => goesOn(c, 8, rules))).toEqual([true, true, true, true]);
    expect([5, 6, 7, 8].map((c) => goesOn(c, 8, rules))).toEqual([false, false, false, false]);
  });
  test('a statement without a proof goes on only where that is asked for', () => {
    expect(goesOn(0, 8, rules)).toBe(false);
    expect(goesOn(0, 8, { ...rules, extendUnproved: true })).toBe(true);
  });
  test('nothing goes on in a single stage, nor where every attempt was a fault', () => {
    expect(goesOn(1, 8, { ...rules, maxSamples: 8 })).toBe(false);
    expect(goesOn(0, 0, { ...rules, extendUnproved: true })).toBe(false);
  });
});

const binomial = (n: number, k: number, p: number) => {
  let ways = 1;
  for (let i = 1; i <= k; i++) ways = (ways * (n - k + i)) / i;
  return ways * p ** k * (1 - p) ** (n - k);
};

/** The mean of an estimate over every way the two stages can go. */
function expectation(
  p: number,
  n1: number,
  n2: number,
  stages: StageRules,
  estimate: (proved: number, judged: number, proved1: number) => number,
): number {
  let mean = 0;
  for (let x = 0; x <= n1; x++) {
    if (!goesOn(x, n1, stages)) mean += binomial(n1, x, p) * estimate(x, n1, x);
    else
      for (let y = 0; y <= n2; y++)
        mean += binomial(n1, x, p) * binomial(n2, y, p) * estimate(x + y, n1 + n2, x);
  }
  return mean;
}

describe('the estimate of the pass rate', () => {
  test('is unbiased, whatever the rate, the stages and who goes on', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        fc.integer({ min: 1, max: 10 }),
        fc.integer({ min: 1, max: 24 }),
        fc.boolean(),
        fc.double({ min: 0.05, max: 0.9, noNaN: true }),
        (p, n1, n2, extendUnproved, high) => {
          const stages = { samples: n1, maxSamples: n1 + n2, extendUnproved, high };
          const mean = expectation(p, n1, n2, stages, (proved, judged, proved1) =>
            passRate({ first: { judged: n1, proved: proved1 }, judged, proved }, stages),
          );
          expect(mean).toBeCloseTo(p, 9);
        },
      ),
    );
  });
  test('the plain share of proofs would not be: it says too little where good rates stop early', () => {
    const plain = expectation(
      0.25,
      8,
      24,
      { ...rules, extendUnproved: true },
      (proved, judged) => proved / judged,
    );
    expect(Math.abs(plain - 0.25)).toBeGreaterThan(0.002);
  });
  test('is the plain share in a single stage, and 0 where nothing was judged', () => {
    expect(passRate({ first: { judged: 8, proved: 2 }, judged: 8, proved: 2 }, rules)).toBe(0.25);
    expect(passRate({ first: { judged: 0, proved: 0 }, judged: 0, proved: 0 }, rules)).toBe(0);
  });
});
