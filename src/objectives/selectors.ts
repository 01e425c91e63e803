/** Which judged attempts of a kept group enter the loss. Counts c and K are taken before this. */
import { createHash } from 'node:crypto';
import type { JudgedAttempt } from './objective.ts';
import type { ObjectiveSettings } from './settings.ts';

export type Rewarded = JudgedAttempt & { readonly reward: 1 | 0 };

export type Selector = (
  attempts: readonly Rewarded[],
  statementId: string,
  settings: ObjectiveSettings,
) => readonly Rewarded[];

export const everyAttempt: Selector = (attempts) => attempts;

export const positivesOnly: Selector = (attempts) => attempts.filter((a) => a.reward === 1);

export const isDistinctProof = ({ reward, repeated }: Rewarded): boolean => reward === 1 && repeated !== true;

/** Proofs, each text once. */
export const distinctPositives: Selector = (attempts) => attempts.filter(isDistinctProof);

/**
 * One proved and one unproved attempt, each the one of least hash of (seed, statement, attempt): uniform over
 * seeds, and independent of attempt order, process and worker, unlike the released OREAL code's global generator.
 */
export const onePair: Selector = (attempts, statementId, { seed }) => {
  const ranked = attempts
    .map((attempt) => ({ attempt, rank: hash(seed, statementId, attempt.attemptId) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0))
    .map(({ attempt }) => attempt);
  const pair = [ranked.find((a) => a.reward === 1), ranked.find((a) => a.reward === 0)];
  return pair.filter((a) => a !== undefined);
};

function hash(seed: number, statementId: string, attemptId: string): string {
  return createHash('sha256')
    .update(JSON.stringify([seed, statementId, attemptId]))
    .digest('hex');
}
