/**
 * The judged attempts an update learns from, as groups: those of the round, or of the last few rounds pooled by statement.
 * From the ledger alone, so that a replay computes the same. Without what is protected only since then (left-out.ts).
 *
 * STP learns from the proofs of its last three rounds, with pass rates pooled over them (RL/RL_step2_train.py:22–50).
 */
import type { JudgedAttempt, Ledger } from '../../ledger/index.ts';
import type { Group } from '../../objectives/index.ts';
import { leftOut } from './left-out.ts';
import type { SampledSequence } from './training.ts';

export interface TrainingGroups {
  readonly groups: readonly Group[];
  /** The groups' attempts, by id. */
  readonly sequences: ReadonlyMap<string, SampledSequence>;
}

/** Groups in the order of their statements' ids; `rounds` is how many rounds up to this one are pooled. */
export function trainingGroups(ledger: Ledger, round: number, rounds: number): TrainingGroups {
  const sequences = new Map<string, SampledSequence>();
  const byStatement = new Map<string, Group['attempts'][number][]>();
  const proofs = new Set<string>();
  const gone = leftOut(ledger, round);
  const repeats = ({ text, verdict }: JudgedAttempt, statementId: string): boolean => {
    const known = proofs.size;
    return verdict === 'proved' && proofs.add(`${statementId}\n${text}`).size === known;
  };
  for (let earlier = Math.max(1, round - rounds + 1); earlier <= round; earlier++)
    for (const { statementId, attempts } of ledger.attempts.judgedGroups({
      round: earlier,
      purpose: 'prove',
    })) {
      if (gone.has(statementId)) continue;
      for (const attempt of attempts) sequences.set(attempt.id, attempt);
      const now = attempts.map((a) => ({ ...judged(a), repeated: repeats(a, statementId) }));
      byStatement.set(statementId, [...(byStatement.get(statementId) ?? []), ...now]);
    }
  const groups = [...byStatement]
    .map(([statementId, attempts]) => ({ statementId, attempts }))
    .sort((a, b) => (a.statementId < b.statementId ? -1 : 1));
  return { groups, sequences };
}

/** An attempt as an objective sees it. */
export const judged = (a: JudgedAttempt): Group['attempts'][number] => ({
  attemptId: a.id,
  reward: a.verdict === 'fault' ? null : a.verdict === 'proved' ? 1 : 0,
  tokens: a.tokens.length,
  chars: a.text.length,
  verifySeconds: a.ms / 1000,
  truncated: a.finish === 'length',
});
