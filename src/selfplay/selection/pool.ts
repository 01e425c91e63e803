/**
 * What a round's selection looks at, read from the ledger as it stood then, so that a replay sees what the round saw:
 * the conjectures it tried, the problems it tried that nobody had proved by its end, and the archive of the rounds before.
 */
import type { AttemptSet, Ledger, SelectionRecord } from '../../ledger/index.ts';
import { passRate, type StageRules } from '../staging.ts';
import { type Archive, type Entry, withPlaced } from './archive.ts';
import type { Candidate } from './gates.ts';
import type { Target } from './matching.ts';

/** Votes by the start of a problem's id; the longest that fits holds. */
export type Votes = Readonly<Record<string, number>>;

/** @param stages as the round was played */
export function candidatesOf(ledger: Ledger, round: number, stages: StageRules): Candidate[] {
  const rates = ratesOf(ledger, { round, purpose: 'prove' });
  const first = ratesOf(ledger, { round, purpose: 'prove', below: stages.samples });
  return ledger.statements.keptConjectures(round).map((c) => {
    const { proved, judged } = rates.get(c.id) ?? NOTHING;
    return {
      statementId: c.id,
      statement: c.text,
      lemmaName: c.lemmaName,
      proved,
      judged,
      passRate: passRate({ first: first.get(c.id) ?? NOTHING, proved, judged }, stages),
      proofs: ledger.proofs.ofStatement(c.id).filter((p) => p.round <= round),
    };
  });
}

const NOTHING = { proved: 0, judged: 0 };

const ratesOf = (ledger: Ledger, set: AttemptSet) =>
  new Map(ledger.verdicts.passRates(set).map((rate) => [rate.statementId, rate]));

export interface UnprovedProblem extends Target {
  readonly text: string;
}

export function unprovedProblems(ledger: Ledger, round: number, votes: Votes): UnprovedProblem[] {
  const proved = new Set(ledger.proofs.ofRounds(0, round).map((p) => p.statementId));
  return ledger.attempts.countsByStatement({ round, purpose: 'prove' }).flatMap(({ statementId }) => {
    const statement = ledger.statements.get(statementId);
    if (statement?.source !== 'dataset' || proved.has(statementId)) return [];
    return [{ statementId, text: statement.text, votes: votesOf(statementId, votes) }];
  });
}

function votesOf(id: string, votes: Votes): number {
  const prefixes = Object.keys(votes).filter((prefix) => id.startsWith(prefix));
  const longest = prefixes.toSorted((a, b) => b.length - a.length)[0];
  return longest === undefined ? 1 : (votes[longest] ?? 1);
}

/** The archive with a round's selections added. */
export function withSelections(
  archive: Archive,
  ledger: Ledger,
  selections: readonly Omit<SelectionRecord, 'round'>[],
): Archive {
  const placed = selections.flatMap((s): Entry[] => {
    if (s.outcome !== 'selected') return [];
    return [{ ...s, statement: ledger.statements.get(s.statementId)?.text ?? '' }];
  });
  return withPlaced(archive, placed);
}
