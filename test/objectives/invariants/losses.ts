/** Invariants 7, 8, 10 and 12: the weights of tokens, normalisers and token importance included. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { sum } from '../../../bench/bandit/toy.ts';
import { type Group, type Objective, tokenWeightsOf } from '../../../src/objectives/index.ts';
import type { omega, tokenWeightsFrom } from '../../../src/objectives/tokens.ts';
import { anyGroups, numberIn } from '../groups.ts';
import { expectVector } from './harness.ts';

/** 7 and 8: two objectives that learn the same tokens with the same weights. */
export const sameTokenWeights = (one: Objective, other: Objective) =>
  fc.property(anyGroups, (groups) => {
    const attempts = one.weigh(groups, { eta: 1 }).attempts;
    const others = other.weigh(groups, { eta: 1 }).attempts;
    const [ids, otherIds] = [attempts, others].map((all) => all.map((a) => a.attemptId));
    expect(ids, 'the same attempts').toEqual(otherIds);
    const weights = attempts.map((a) => a.tokenWeight);
    const otherWeights = others.map((a) => a.tokenWeight);
    expectVector(weights, otherWeights, 'the same token weights', 12);
  });

/** 10. */
export const tokenImportance = (of: typeof omega, from: typeof tokenWeightsFrom) =>
  fc.property(fc.array(numberIn(-40, 40), { minLength: 1 }), (scores) => {
    for (const w of scores) {
      const [plus, minus] = [of(w, 1), of(w, 0)];
      expect(plus * minus, 'ω⁺·ω⁻ = 0').toBe(0);
      expect(plus + minus, 'ω⁺ + ω⁻ = |tanh(w/2)|').toBeCloseTo(Math.abs(Math.tanh(w / 2)), 12);
      expect(plus, 'ω⁺ = max(2σ(w) − 1, 0)').toBeCloseTo(Math.max(2 / (1 + Math.exp(-w)) - 1, 0), 12);
    }
    const prefixes = scores.map((_, t) => sum(scores.slice(0, t + 1)) / (t + 1));
    for (const reward of [0, 1] as const) {
      const [perToken, prefixMean] = [scores, prefixes].map((read) => read.map((w) => of(w, reward)));
      expect(from(scores, reward, 'per-token'), 'per-token reads w_t').toEqual(perToken);
      const clause = 'prefix-mean reads the mean of w_1 … w_t';
      expectVector(from(scores, reward, 'prefix-mean'), prefixMean ?? [], clause);
    }
  });

/** 12. */
export const lossOfAStep = (objective: Objective) =>
  fc.property(anyGroups, (groups) => {
    const once = lossTerms(objective, groups);
    const expectSame = (variant: readonly Group[], clause: string) => {
      const other = lossTerms(objective, variant);
      expect([...other.keys()].sort(), clause).toEqual([...once.keys()].sort());
      for (const [term, value] of once) expect(other.get(term), clause).toBeCloseTo(value, 10);
    };
    expectSame(groups.toReversed(), 'the same in any order');
    expectSame([...groups, ...groups], 'the same with every group twice');
  });

/** What each attempt, and the KL penalty, weigh in the loss. */
function lossTerms(objective: Objective, groups: readonly Group[]): ReadonlyMap<string, number> {
  const terms = new Map<string, number>();
  const add = (term: string, value: number) => terms.set(term, (terms.get(term) ?? 0) + value);
  for (const a of objective.weigh(groups, { klCoef: 0.01 }).attempts) {
    add(a.attemptId, sum(tokenWeightsOf(a)));
    add('kl', a.klCoef * a.tokens);
  }
  return terms;
}

/** 12, of an objective with a mean over tokens per polarity. */
export const globalDenominators = (objective: Objective) =>
  fc.property(anyGroups, (groups) => {
    const { attempts } = objective.weigh(groups);
    for (const reward of [0, 1] as const) {
      const mine = attempts.filter((a) => a.reward === reward);
      const tokens = sum(mine.map((a) => a.tokens));
      const [normalised, weights] = [mine.map((a) => a.tokenWeight * tokens), mine.map((a) => a.weight)];
      expectVector(normalised, weights, 'T⁺ and T⁻ are those of the step');
    }
  });
