/** Invariants 1 to 6: the weights in a group of c proofs among K attempts, p̂ = c/K. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { sum } from '../../../bench/bandit/toy.ts';
import type { Objective } from '../../../src/objectives/index.ts';
import { anyGroups, group, mixedCounts, numberIn, pair } from '../groups.ts';
import { expectVector } from './harness.ts';

const anyEta = numberIn(0.1, 3);

/** 1, of RLOO on rewards 0/1 and the same on ±1. */
export const leaveOneOutAdvantages = (rloo: Objective, signed: Objective) =>
  fc.property(mixedCounts, ({ c, k }) => {
    const weights = (objective: Objective) =>
      objective.weigh([group('s', c, k)]).attempts.map((a) => a.weight);
    const { plus, minus } = pair(rloo, c, k);
    expect(sum(weights(rloo)), 'Σ a = 0').toBeCloseTo(0, 12);
    expect(plus - minus, 'a⁺ + |a⁻| = K/(K−1)').toBeCloseTo(k / (k - 1), 12);
    expect(plus, 'a⁺ = K/(K−1)·(1−p̂)').toBeCloseTo((k / (k - 1)) * (1 - c / k), 12);
    const doubled = weights(rloo).map((a) => 2 * a);
    expectVector(weights(signed), doubled, 'on ±1 twice that on 0/1');
  });

/** 2, of an objective that keeps every group. */
export const noAdvantageWithoutSpread = (objective: Objective) =>
  fc.property(fc.integer({ min: 2, max: 12 }), fc.boolean(), (k, proved) => {
    const { attempts } = objective.weigh([group('flat', proved ? k : 0, k)]);
    const weights = attempts.map((a) => a.weight);
    expectVector(weights, Array(k).fill(0), 'a = 0 where c is 0 or K');
  });

/** 2, of an objective that keeps mixed groups. */
export const noUpdateWithoutSpread = (objective: Objective) =>
  fc.property(fc.integer({ min: 1, max: 12 }), fc.boolean(), (k, proved) => {
    const flat = group('flat', proved ? k : 0, k, 1);
    const { attempts, stats } = objective.weigh([flat], { klCoef: 0.5 });
    expect(attempts, 'no update, KL included').toEqual([]);
    const beside = objective.weigh([group('s', 2, 5), flat], { klCoef: 0.5 });
    const alone = objective.weigh([group('s', 2, 5)], { klCoef: 0.5 });
    expect(
      alone.attempts.some((a) => a.klCoef > 0),
      'a mixed group has a penalty',
    ).toBe(true);
    expect(beside.attempts, 'in no denominator').toEqual(alone.attempts);
    expect([stats.used, stats.mixed], 'not counted as used').toEqual([0, 0]);
  });

/** 2, of any objective. */
export const neverNaN = (objective: Objective) =>
  // At the larger decay every weight of stp is 0.
  fc.property(anyGroups, fc.constantFrom(0.001, 1e6), (groups, charDecay) => {
    for (const a of objective.weigh(groups, { klCoef: 0.01, charDecay }).attempts) {
      const numbers = [a.weight, a.tokenWeight, a.klCoef, ...(a.tokenWeights ?? [])];
      expect(
        numbers.filter((x) => !Number.isFinite(x)),
        'every number is finite',
      ).toEqual([]);
    }
  });

/** 3. */
export const standardisedAdvantages = (grpo: Objective) =>
  fc.property(mixedCounts, ({ c, k }) => {
    const p = c / k;
    const population = pair(grpo, c, k);
    expect(population.plus, 'a⁺ = √((1−p̂)/p̂)').toBeCloseTo(Math.sqrt((1 - p) / p), 10);
    expect(population.minus, 'a⁻ = −√(p̂/(1−p̂))').toBeCloseTo(-Math.sqrt(p / (1 - p)), 10);
    const sample = pair(grpo, c, k, { deviation: 'sample' });
    const expected = [population.plus, population.minus].map((a) => a * Math.sqrt((k - 1) / k));
    expectVector([sample.plus, sample.minus], expected, 'the sample deviation multiplies by √((K−1)/K)');
  });

/** 4, of OREAL as the paper argues it. */
export const fallingFailureWeight = (paper: Objective) =>
  fc.property(mixedCounts, anyEta, ({ c, k }, eta) => {
    const { plus, minus } = pair(paper, c, k, { eta });
    expect(plus, 'a⁺ = 1').toBe(1);
    const [harder, easier] = [c, c + 1].map((proved) => -pair(paper, proved, k + 1, { eta }).minus);
    expect(easier, '|a⁻| falls with p̂').toBeLessThan(harder ?? 0);
    expect(minus, 'a⁻ = −η(1−p̂)').toBeCloseTo(-eta * (1 - c / k), 12);
  });

/** 4, of OREAL as released. */
export const risingFailureWeight = (repo: Objective) =>
  fc.property(mixedCounts, anyEta, ({ c, k }, eta) => {
    const { plus, minus } = pair(repo, c, k, { eta });
    expect(plus, 'a⁺ = 2(K−c)/(K−1)').toBeCloseTo((2 * (k - c)) / (k - 1), 10);
    const [harder, easier] = [c, c + 1].map((proved) => -pair(repo, proved, k + 1, { eta }).minus);
    expect(easier, '|a⁻| rises with p̂').toBeGreaterThan(harder ?? 0);
    expect(minus, 'a⁻ = −2ηc/(K−1)').toBeCloseTo((-2 * eta * c) / (k - 1), 10);
  });

/** 5. */
export const failureRateFromAFailure = (paper: Objective) =>
  fc.property(mixedCounts, ({ c, k }) => {
    const leftOut = (proved: number) => pair(paper, proved, k, { failureRate: 'leave-one-out' });
    expect(leftOut(c).minus, 'leave-one-out 1 − c/(K−1)').toBeCloseTo(-(1 - c / (k - 1)), 12);
    expect(leftOut(k - 1).minus, 'leave-one-out 0 at c = K−1').toBe(0);
    expect(pair(paper, k - 1, k).minus, 'plug-in 1/K at c = K−1').toBeCloseTo(-1 / k, 12);
  });

/** 6, of an objective that keeps mixed groups and says c and K of what it keeps. */
export const biasOfKeptPassRate = (objective: Objective) =>
  fc.property(numberIn(0.01, 0.99), fc.integer({ min: 2, max: 20 }), (p, k) => {
    const expected = (p - p ** k) / (1 - p ** k - (1 - p) ** k);
    expect(keptPassRate(objective, p, k), '(p − p^K)/(1 − p^K − (1−p)^K)').toBeCloseTo(expected, 10);
    expect(keptPassRate(objective, 1e-7, k), '1/K for the hardest').toBeCloseTo(1 / k, 5);
  });

/** E[c/K] over the groups that give an attempt, each attempt proved with probability p. */
function keptPassRate(objective: Objective, p: number, k: number): number {
  let [mass, rate] = [0, 0];
  for (let c = 0; c <= k; c++) {
    const kept = objective.weigh([group('s', c, k)]).attempts[0];
    if (kept === undefined) continue;
    mass += binomial(k, c, p);
    rate += (binomial(k, c, p) * kept.c) / kept.k;
  }
  return rate / mass;
}

function binomial(k: number, c: number, p: number): number {
  let coefficient = 1;
  for (let i = 1; i <= c; i++) coefficient *= (k - c + i) / i;
  return coefficient * p ** c * (1 - p) ** (k - c);
}
