/** What each preset does beyond the thirteen invariants: weights, selection, aggregation, names and settings. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Group,
  type JudgedAttempt,
  OBJECTIVE_NAMES,
  type ObjectiveName,
  type ObjectiveSettings,
  objectiveNamed,
  objectives,
  tokenWeightsOf,
  type Weighing,
} from '../../src/objectives/index.ts';
import { plainReward } from '../../src/objectives/weights.ts';
import { UsageError } from '../../src/ops/errors.ts';
import { anyGroups, attempt, group, mixedCounts, pair } from './groups.ts';

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

describe('weights', () => {
  test('dr-grpo is the centred reward: a⁺ = 1−p̂, a⁻ = −p̂', () => {
    fc.assert(
      fc.property(mixedCounts, ({ c, k }) => {
        const { plus, minus } = pair(objectives['dr-grpo'], c, k);
        expect([plus, minus]).toEqual([expect.closeTo(1 - c / k, 12), expect.closeTo(-c / k, 12)]);
      }),
    );
  });
});

describe('the pair of oreal', () => {
  test('keeps one proof and one failure of a mixed group, with c and K of the whole group', () => {
    fc.assert(
      fc.property(mixedCounts, fc.integer(), ({ c, k }, seed) => {
        const { attempts } = objectives['oreal-repo'].weigh([group('s', c, k, 2)], { seed });
        expect(attempts.map((a) => a.reward)).toEqual([1, 0]);
        expect(attempts.map((a) => [a.c, a.k])).toEqual([
          [c, k],
          [c, k],
        ]);
      }),
    );
  });

  test('the pair depends on seed and statement, not on the order of attempts', () => {
    const chosen = (g: Group, seed: number) =>
      objectives['oreal-repo'].weigh([g], { seed }).attempts.map((a) => a.attemptId);
    const base = group('s', 6, 16);
    const reversed = { ...base, attempts: base.attempts.toReversed() };
    const bySeed = Array.from({ length: 64 }, (_, seed) => chosen(base, seed));
    expect(Array.from({ length: 64 }, (_, seed) => chosen(reversed, seed))).toEqual(bySeed);
    expect(new Set(bySeed.map(([positive]) => positive)).size).toBe(6);
    expect(new Set(bySeed.map(([, negative]) => negative)).size).toBe(10);
  });
});

describe('other weights', () => {
  test('stp weighs a proof e^(−0.001·chars − 0.01·seconds)/d and only where p̂ ≤ 1/2', () => {
    const attempts = [
      attempt('a', 1, { chars: 200, verifySeconds: 3 }),
      attempt('b', 1, { chars: 50, verifySeconds: 0 }),
      attempt('c', 0),
      attempt('d', 0),
    ];
    const at = (more: number) => ({
      statementId: 's',
      attempts: [...attempts, ...group('m', more, more).attempts],
    });
    const weights = objectives.stp.weigh([at(0)]).attempts.map((a) => a.weight);
    expect(weights).toEqual([
      expect.closeTo(Math.exp(-0.23) / 2, 12),
      expect.closeTo(Math.exp(-0.05) / 2, 12),
    ]);
    expect(objectives.stp.weigh([at(1)]).attempts).toEqual([]);
  });

  test('stp learns a proof that was found twice once, at the weight it has when found once; both count in the pass rate', () => {
    const one = attempt('a', 1, { chars: 0, verifySeconds: 0 });
    const twice = { ...attempt('b', 1), repeated: true };
    const weighted = (...attempts: JudgedAttempt[]) =>
      objectives.stp
        .weigh([{ statementId: 's', attempts }])
        .attempts.map(({ attemptId, weight }) => [attemptId, weight]);
    expect(weighted(one, twice, attempt('c', 0), attempt('d', 0))).toEqual([['a', 1]]);
    expect(weighted(one, attempt('c', 0))).toEqual([['a', 1]]);
    expect(weighted(one, twice, attempt('c', 0))).toEqual([]);
  });

  test('expert iteration gives each proved statement the same total, raft gives it by its number of proofs', () => {
    const total = (name: ObjectiveName, statementId: string) =>
      sum(
        objectives[name]
          .weigh([group('one', 1, 8), group('five', 5, 8)])
          .attempts.filter((a) => a.statementId === statementId)
          .map((a) => a.tokenWeight * a.tokens),
      );
    expect(total('expert-iteration', 'five')).toBeCloseTo(total('expert-iteration', 'one'), 12);
    expect(total('raft', 'five')).toBeCloseTo(5 * total('raft', 'one'), 12);
  });

  test('rlvr is α times the leave-one-out advantage', () => {
    fc.assert(
      fc.property(mixedCounts, fc.integer({ min: 1, max: 20 }), ({ c, k }, verifiedReward) => {
        const { plus, minus } = pair(objectives.rlvr, c, k, { verifiedReward });
        expect(plus).toBeCloseTo((verifiedReward * (k - c)) / (k - 1), 10);
        expect(minus).toBeCloseTo((-verifiedReward * c) / (k - 1), 10);
      }),
    );
    expect(objectives.rlvr.defaults.verifiedReward).toBe(10);
  });

  test('topr is ±1, hopeless statements included', () => {
    expect(pair(objectives.topr, 3, 8)).toEqual({ plus: 1, minus: -1 });
    expect(objectives.topr.weigh([group('s', 0, 4)]).stats.negatives).toBe(4);
  });

  test('dapo and raft++ weigh as grpo and raft do, but by the mean over tokens', () => {
    expect(pair(objectives.dapo, 3, 8)).toEqual(pair(objectives.grpo, 3, 8));
    fc.assert(
      fc.property(anyGroups, (groups) => {
        const weights = (name: ObjectiveName) =>
          objectives[name].weigh(groups).attempts.map((a) => a.tokenWeight);
        expect(weights('raft++')).toEqual(weights('raft'));
      }),
    );
  });

  test('reinforce-rej is ±1; w-reinforce is λ and −1, failures of hopeless statements included', () => {
    expect(pair(objectives['reinforce-rej'], 3, 8)).toEqual({ plus: 1, minus: -1 });
    expect(pair(objectives['w-reinforce'], 3, 8)).toEqual({ plus: 0.1, minus: -1 });
    expect(objectives['w-reinforce'].weigh([group('s', 0, 4)]).stats.negatives).toBe(4);
  });
});

describe('prime', () => {
  const tokens = (id: string, reward: 0 | 1, policyLogprobs: number[], refLogprobs: number[]) =>
    attempt(id, reward, { tokens: policyLogprobs.length, policyLogprobs, refLogprobs });
  const weigh = (attempts: Group['attempts'], settings = {}) =>
    objectives.prime.weigh([{ statementId: 's', attempts }], settings).attempts;

  test('adds to the outcome the discounted sum of rewards to come, over the mean of the others', () => {
    // r = log π − log ref: (1, 3), mean 2, and (−1), (0, 0, 0), means −1 and 0; outcomes 1, 0, 0: a = 1, −½, −½.
    const group = [
      tokens('a', 1, [-1, -1], [-2, -4]),
      tokens('b', 0, [-2], [-1]),
      tokens('c', 0, [-1, -1, -1], [-1, -1, -1]),
    ];
    const weighed = weigh(group, { implicitCoef: 1, discount: 0.5 });
    const advantages = weighed.map((a) => tokenWeightsOf(a).map((w) => w * 6));
    const [last, first] = [3 + 0.5, 1 + 0.5];
    expect(advantages[0]).toEqual([1 + first + 0.5 * last, 1 + last].map((x) => expect.closeTo(x, 12)));
    expect(advantages[1]).toEqual([expect.closeTo(-0.5 + (-1 - 1), 12)]);
    expect(advantages[2]?.map((x) => x + 0.5)).toEqual(
      [-0.5 * (1 + 0.5 + 0.25), -0.5 * 1.5, -0.5].map((x) => expect.closeTo(x, 12)),
    );
  });

  test('with the policy still at the reference it is rloo by the mean over tokens', () => {
    fc.assert(
      fc.property(mixedCounts, ({ c, k }) => {
        const settings = { minPassRate: 0, maxPassRate: 1 };
        for (const a of objectives.prime.weigh([group('s', c, k)], settings).attempts) {
          const { plus, minus } = pair(objectives.rloo, c, k);
          const expected = (a.reward === 1 ? plus : minus) / (10 * k);
          expect(tokenWeightsOf(a)).toEqual(Array(10).fill(expect.closeTo(expected, 12)));
        }
      }),
    );
  });

  test('keeps pass rates from 0.2 to 0.8 that are mixed', () => {
    const used = (c: number, k: number) => objectives.prime.weigh([group('s', c, k)]).stats.used;
    expect([1, 2, 8, 9].map((c) => used(c, 10))).toEqual([0, 1, 1, 0]);
    expect(objectives.prime.weigh([group('s', 4, 4)], { maxPassRate: 1 }).stats.used).toBe(0);
  });

  test('says which attempt lacks log-probs', () => {
    const { policyLogprobs: _, ...bare } = attempt('bare', 1);
    expect(() => weigh([bare, attempt('b', 0)])).toThrow(/bare: expected log-probs of its 10 tokens/);
    expect(OBJECTIVE_NAMES.filter((name) => objectives[name].readsLogprobs)).toEqual(['prime']);
  });
});

describe('weights of tokens', () => {
  const OREAL = ['oreal-paper', 'oreal-repo'] as const;
  const scored = (reward: 0 | 1, tokenScores: number[]) =>
    attempt(`${reward}`, reward, { tokens: tokenScores.length, tokenScores });
  const groups = [{ statementId: 's', attempts: [scored(1, [0, 2, -2, 6]), scored(0, [2, -2])] }];
  const ratios = (name: ObjectiveName, settings = {}) =>
    objectives[name]
      .weigh(groups, settings)
      .attempts.map((a) => tokenWeightsOf(a).map((w) => w / a.tokenWeight));
  const near = (values: readonly number[]) => values.map((v) => expect.closeTo(v, 12));

  test.each(OREAL)('%s multiplies by ω of the token or of the prefix mean, as set', (name) => {
    const of = (w: number) => Math.tanh(w / 2);
    expect(ratios(name, { tokenWeights: 'per-token' })).toEqual([
      near([0, of(2), 0, of(6)]),
      near([0, of(2)]),
    ]);
    expect(ratios(name, { tokenWeights: 'prefix-mean' })).toEqual([
      near([0, of(1), 0, of(1.5)]),
      near([0, 0]),
    ]);
  });

  test.each(OREAL)('%s has none unless set, and none without scores', (name) => {
    expect(ratios(name)).toEqual([[1, 1, 1, 1], near([1, 1])]);
    const { attempts } = objectives[name].weigh([group('s', 1, 4)], { tokenWeights: 'per-token' });
    for (const a of attempts) expect(tokenWeightsOf(a)).toEqual(Array(10).fill(a.tokenWeight));
  });

  test('scores that are not one a token are refused by attempt', () => {
    const bad = [scored(1, [1]), { ...scored(0, [1]), tokens: 2 }];
    const groups = [{ statementId: 's', attempts: bad }];
    expect(() => objectives['oreal-repo'].weigh(groups, { tokenWeights: 'per-token' })).toThrow(
      /attempt 0: expected one token score for each of 2 tokens, found 1/,
    );
  });
});

describe('the importance ratio', () => {
  const ratioOf = (name: ObjectiveName, settings = {}) => {
    const { attempts } = objectives[name].weigh([group('s', 2, 4)], settings);
    const of = (reward: 1 | 0) => attempts.find((a) => a.reward === reward)?.ratio;
    return { plus: of(1), minus: of(0) };
  };
  const clip = (low: number, high: number) => ({ kind: 'ppo-clip', low, high });

  test("is PPO's in the clipped objectives, wider upwards in dapo", () => {
    for (const name of ['rlvr', 'grpo', 'dr-grpo', 'prime'] as const)
      expect(ratioOf(name)).toEqual({ plus: clip(0.2, 0.2), minus: clip(0.2, 0.2) });
    expect(ratioOf('dapo')).toEqual({ plus: clip(0.2, 0.28), minus: clip(0.2, 0.28) });
    expect(ratioOf('raft++')).toEqual({ plus: clip(0.2, 0.2), minus: undefined });
    const settings = { clipLow: 0.1, clipHigh: 0.3, dualClip: 3 };
    expect(ratioOf('grpo', settings).minus).toEqual({ ...clip(0.1, 0.3), dual: 3 });
  });

  test('is tapered on the failures of topr, and there is none elsewhere', () => {
    expect(ratioOf('topr')).toEqual({ plus: 'none', minus: { kind: 'topr', low: 0, high: 1 } });
    const others = ['raft', 'expert-iteration', 'stp', 'reinforce-rej', 'rloo', 'w-reinforce'] as const;
    for (const name of [...others, 'oreal-paper', 'oreal-repo'] as const)
      expect(ratioOf(name).plus).toBe('none');
  });
});

describe('the KL penalty', () => {
  test('is as published: coefficient, estimator, reference', () => {
    const published = OBJECTIVE_NAMES.map((name) => {
      const { klCoef, klEstimator, klReference } = objectives[name].defaults;
      return [name, klCoef, klEstimator, klReference] as const;
    });
    expect(published.filter(([, coefficient]) => coefficient > 0)).toEqual([
      ['rlvr', 0.05, 'k2', 'initial'],
      ['grpo', 0.04, 'k3', 'initial'],
      ['oreal-repo', 0.01, 'k3', 'initial'],
    ]);
    expect(published.find(([name]) => name === 'oreal-paper')).toEqual(['oreal-paper', 0, 'k2', 'sampler']);
  });

  const lengths = [
    attempt('p', 1, { tokens: 30 }),
    ...['x', 'y', 'z'].map((id) => attempt(id, 0, { tokens: 10 })),
  ];
  const coefficients = (name: ObjectiveName, settings: Partial<ObjectiveSettings>) =>
    objectives[name].weigh([{ statementId: 's', attempts: lengths }], settings).attempts.map((a) => a.klCoef);

  test('is a mean over the tokens of proofs and failures, in grpo over attempts first', () => {
    expect(coefficients('oreal-repo', {})).toEqual([0.01 / 40, 0.01 / 40]);
    expect(coefficients('rloo', { klCoef: 0.6 })).toEqual(Array(4).fill(0.6 / 60));
    expect(coefficients('grpo', { klCoef: 1 })).toEqual([1 / 120, 1 / 40, 1 / 40, 1 / 40]);
  });

  test('is on proofs alone when asked, and a mean over theirs', () => {
    expect(coefficients('rloo', { klCoef: 0.6, klScope: 'positives' })).toEqual([0.6 / 30, 0, 0, 0]);
  });
});

describe('what every objective does', () => {
  test.each(OBJECTIVE_NAMES)('%s: no weight of the wrong sign', (name) => {
    fc.assert(
      fc.property(anyGroups, (groups) => {
        const weighing = objectives[name].weigh(groups, { klCoef: 0.01 });
        for (const a of weighing.attempts) {
          const sign = a.reward === 1 ? 1 : -1;
          expect(Math.sign(a.weight) * sign).toBeGreaterThanOrEqual(0);
          expect(Math.sign(a.tokenWeight)).toBe(Math.sign(a.weight));
        }
      }),
    );
  });

  test.each(OBJECTIVE_NAMES)('%s: a fault changes nothing but the count of masked attempts', (name) => {
    fc.assert(
      fc.property(anyGroups, (groups) => {
        const clean = groups.map((g) => ({ ...g, attempts: g.attempts.filter((a) => a.reward !== null) }));
        const [faulty, without] = [objectives[name].weigh(groups), objectives[name].weigh(clean)];
        expect(faulty.attempts).toEqual(without.attempts);
        const faults = sum(groups.map((g) => g.attempts.filter((a) => a.reward === null).length));
        expect(faulty.stats.masked).toBe(faults);
      }),
    );
  });

  test.each(OBJECTIVE_NAMES)(
    '%s: truncated attempts count by their verdict, or are masked when asked',
    (name) => {
      const cut = ['x', 'y'].map((id) => attempt(id, 0, { truncated: true }));
      const attempts = [attempt('a', 1), attempt('b', 0), ...cut];
      const weigh = (truncated: 'count' | 'mask') =>
        objectives[name].weigh([{ statementId: 's', attempts }], { truncated });
      const counts = ({ attempts: [first], stats }: Weighing) => [first?.c, first?.k, stats.masked];
      expect(counts(weigh('count'))).toEqual([1, 4, 0]);
      expect(counts(weigh('mask'))).toEqual([1, 2, 2]);
      const left = weigh('mask').attempts.map((a) => a.attemptId);
      expect(left).not.toContain('x');
      expect(left).not.toContain('y');
    },
  );
});

/**
 * Two groups, the attempts of each polarity equally long, so that it does not matter which of them a pair takes:
 * a has K = 4, c = 1, lengths 30 | 10, 10, 10; b has K = 5, c = 2, lengths 20, 20 | 50, 50, 50.
 * T = 30 + 30 + 40 + 150 = 250, T⁺ = 70; of one pair each T⁺ = 30 + 20 = 50, T⁻ = 10 + 50 = 60. G·K = 8 and 10.
 * r − mean of the others: a 1, −1/3; b 3/4, −1/2. (r − mean)/std: a √3, −1/√3; b √(3/2), −√(2/3). η = 1 | 1/2.
 */
const WEIGHTS: Readonly<Record<ObjectiveName, readonly (readonly number[])[]>> = {
  // [of a's proof, of a's failures], [of b's proofs, of b's failures]
  raft: [[1 / 70], [1 / 70]],
  'raft++': [[1 / 70], [1 / 70]],
  // Σ wT = 1·30 + ½·40 = 50
  'expert-iteration': [[1 / 50], [1 / 2 / 50]],
  // As above: all proofs are equally long and quick here, and γ^L·β^T cancels.
  stp: [[1 / 50], [1 / 2 / 50]],
  'reinforce-rej': [
    [1 / 250, -1 / 250],
    [1 / 250, -1 / 250],
  ],
  rlvr: [
    [10 / 250, -10 / 3 / 250],
    [7.5 / 250, -5 / 250],
  ],
  rloo: [
    [1 / 8, -1 / 3 / 8],
    [3 / 4 / 10, -1 / 2 / 10],
  ],
  grpo: [
    [Math.sqrt(3) / 8 / 30, -1 / Math.sqrt(3) / 8 / 10],
    [Math.sqrt(3 / 2) / 10 / 20, -Math.sqrt(2 / 3) / 10 / 50],
  ],
  // r − mean = 3/4, −1/4 and 3/5, −2/5; maxTokens = 64
  'dr-grpo': [
    [3 / 4 / 8 / 64, -1 / 4 / 8 / 64],
    [3 / 5 / 10 / 64, -2 / 5 / 10 / 64],
  ],
  dapo: [
    [Math.sqrt(3) / 250, -1 / Math.sqrt(3) / 250],
    [Math.sqrt(3 / 2) / 250, -Math.sqrt(2 / 3) / 250],
  ],
  // The policy is at the reference: no process reward.
  prime: [
    [1 / 250, -1 / 3 / 250],
    [3 / 4 / 250, -1 / 2 / 250],
  ],
  topr: [
    [1 / 8, -1 / 8],
    [1 / 10, -1 / 10],
  ],
  'w-reinforce': [
    [0.1 / 250, -1 / 250],
    [0.1 / 250, -1 / 250],
  ],
  // 1 − p̂ = 3/4 and 3/5
  'oreal-paper': [
    [1 / 50, -3 / 4 / 60],
    [1 / 50, -3 / 5 / 60],
  ],
  // 2(K−c)/(K−1) = 2 and 3/2; −2ηc/(K−1) = −1/3 and −1/2
  'oreal-repo': [
    [2 / 50, -1 / 3 / 60],
    [1.5 / 50, -1 / 2 / 60],
  ],
};

test.each(OBJECTIVE_NAMES)('%s: weights of tokens as derived by hand, normalisers included', (name) => {
  const lengths = (id: string, proofs: readonly number[], failures: readonly number[]): Group => ({
    statementId: id,
    attempts: [
      ...proofs.map((tokens, i) => attempt(`${id}+${i}`, 1, { tokens })),
      ...failures.map((tokens, i) => attempt(`${id}-${i}`, 0, { tokens })),
    ],
  });
  const groups = [lengths('a', [30], [10, 10, 10]), lengths('b', [20, 20], [50, 50, 50])];
  const { attempts } = objectives[name].weigh(groups, { maxTokens: 64 });
  expect(attempts.length).toBeGreaterThan(0);
  const seen = { a: new Set<1 | 0>(), b: new Set<1 | 0>() };
  for (const weighted of attempts) {
    const group = weighted.statementId === 'a' ? 'a' : 'b';
    seen[group].add(weighted.reward);
    const expected = WEIGHTS[name][group === 'a' ? 0 : 1]?.[weighted.reward === 1 ? 0 : 1] ?? Number.NaN;
    expect(tokenWeightsOf(weighted)).toEqual(Array(weighted.tokens).fill(expect.closeTo(expected, 12)));
  }
  expect([seen.a.size, seen.b.size]).toEqual(WEIGHTS[name].map((of) => of.length));
});

describe('names and settings', () => {
  test('an unknown name is refused with the names there are', () => {
    expect(() => objectiveNamed('ppo')).toThrow(UsageError);
    expect(() => objectiveNamed('toString')).toThrow(/known are raft, .*oreal-repo/);
    for (const name of OBJECTIVE_NAMES) expect(objectiveNamed(name).name).toBe(name);
  });

  test('a setting out of bounds is refused by name', () => {
    const weigh = (settings: Partial<ObjectiveSettings>) => () =>
      objectives['oreal-repo'].weigh([], settings);
    expect(weigh({ klCoef: Number.NaN })).toThrow(UsageError);
    expect(weigh({ eta: -1 })).toThrow(/oreal-repo: eta must be a number ≥ 0, got -1/);
    expect(weigh({ clipLow: 1.5 })).toThrow(/clipLow must be from 0 to 1, got 1.5/);
    expect(weigh({ dualClip: 0.5 })).toThrow(/dualClip must be 0 \(off\) or a number above 1, got 0.5/);
    expect(weigh({ maxTokens: 0 })).toThrow(/maxTokens must be a whole number ≥ 1/);
  });

  test('failures are nothing to those that imitate proofs alone, and pushed down by every other', () => {
    const imitating = ['raft', 'raft++', 'expert-iteration', 'stp'];
    const pushing = OBJECTIVE_NAMES.filter((name) => pair(objectives[name], 2, 5).minus < 0);
    expect(pushing).toEqual(OBJECTIVE_NAMES.filter((name) => !imitating.includes(name)));
    expect(
      plainReward('±1')(
        { ...attempt('a', 0), reward: 0 },
        { c: 0, distinct: 0, k: 1 },
        objectives.rloo.defaults,
      ),
    ).toBe(-1);
  });
});
