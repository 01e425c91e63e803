/** Groups of judged attempts for the objective tests, literal and arbitrary. */
import fc from 'fast-check';
import type {
  Group,
  JudgedAttempt,
  Objective,
  ObjectiveSettings,
  Reward,
} from '../../src/objectives/index.ts';

export function attempt(attemptId: string, reward: Reward, over: Partial<JudgedAttempt> = {}): JudgedAttempt {
  const tokens = over.tokens ?? 10;
  return {
    attemptId,
    reward,
    tokens,
    chars: 40,
    verifySeconds: 1,
    truncated: false,
    policyLogprobs: Array(tokens).fill(-1),
    refLogprobs: Array(tokens).fill(-1),
    ...over,
  };
}

/** c proofs, then k − c failures, then `faults` faults. */
export function group(statementId: string, c: number, k: number, faults = 0): Group {
  const rewards: Reward[] = [
    ...Array<Reward>(c).fill(1),
    ...Array<Reward>(k - c).fill(0),
    ...Array<Reward>(faults).fill(null),
  ];
  return { statementId, attempts: rewards.map((reward, i) => attempt(`${statementId}/${i}`, reward)) };
}

/** Evenly spread between the two; nine in ten of `fc.double` are next to 0. */
export const numberIn = (min: number, max: number) =>
  fc.integer({ min: 0, max: 10_000 }).map((step) => min + ((max - min) * step) / 10_000);

/** 1 ≤ c < k ≤ 32: a group with spread. */
export const mixedCounts = fc
  .integer({ min: 2, max: 32 })
  .chain((k) => fc.record({ k: fc.constant(k), c: fc.integer({ min: 1, max: k - 1 }) }));

const logprobs = (tokens: number) => fc.array(numberIn(-9, 0), { minLength: tokens, maxLength: tokens });

/** What differs token by token. */
const anyTokens = fc.integer({ min: 0, max: 20 }).chain((tokens) =>
  fc.record({
    tokens: fc.constant(tokens),
    policyLogprobs: logprobs(tokens),
    refLogprobs: logprobs(tokens),
  }),
);

const anyAttempt = fc.record({
  reward: fc.constantFrom<Reward>(0, 0, 1, null),
  tokens: anyTokens,
  chars: fc.integer({ min: 0, max: 400 }),
  verifySeconds: numberIn(0, 30),
  truncated: fc.boolean(),
});

/** Any groups at all: empty, faulty, all right, all wrong, of no tokens. */
export const anyGroups: fc.Arbitrary<readonly Group[]> = fc
  .array(fc.array(anyAttempt, { maxLength: 9 }), { maxLength: 6 })
  .map((groups) =>
    groups.map((attempts, g) => ({
      statementId: `s${g}`,
      attempts: attempts.map(({ tokens, ...a }, i) => ({ ...a, ...tokens, attemptId: `s${g}/${i}` })),
    })),
  );

/** The weights of proofs and of failures in a group of c among k, faults beside them. */
export function pair(objective: Objective, c: number, k: number, settings: Partial<ObjectiveSettings> = {}) {
  const { attempts } = objective.weigh([group('s', c, k, 3)], settings);
  const of = (reward: 1 | 0) => attempts.find((a) => a.reward === reward)?.weight;
  return { plus: of(1) ?? Number.NaN, minus: of(0) ?? Number.NaN };
}
