/**
 * What a round's selection looks at, read from the ledger as it stood then, so that a replay sees what the round saw:
 * the conjectures it tried, the problems it tried that nobody had proved by its end, and the archive of the rounds before.
 */
import type { AttemptSet, Ledger, SelectionRecord } from '../../ledger/index.ts';
import { passRate, type StageRules } from '../proving/staging.ts';
import { type Archive, type Entry, withPlaced } from './archive.ts';
import type { Candidate } from './gates.ts';
import type { Target } from './matching.ts';

/** Votes by the start of a problem's id; the longest that fits holds. */
export type Votes = Readonly<Record<string, number>>;

/** @param stages as the round was played */
export function candidatesOf(ledger: Ledger, round: number, stages: StageRules): Candidate[] {
  const ratesOf = estimates(ledger, round, stages);
  return ledger.statements.keptConjectures(round).map((c) => {
    return {
      statementId: c.id,
      statement: c.text,
      lemmaName: c.lemmaName,
      ...ratesOf(c.id),
      proofs: ledger.proofs.ofStatement(c.id).filter((p) => p.round <= round),
    };
  });
}

const NOTHING = { proved: 0, judged: 0 };

/** What a round's attempts at a statement came to, with the estimate of its pass rate. */
function estimates(ledger: Ledger, round: number, stages: StageRules) {
  const ratesOf = (set: Omit<AttemptSet, 'round' | 'purpose'>) =>
    new Map(
      ledger.verdicts.passRates({ round, purpose: 'prove', ...set }).map((rate) => [rate.statementId, rate]),
    );
  const [all, early] = [ratesOf({}), ratesOf({ below: stages.samples })];
  return (statementId: string) => {
    const { proved, judged } = all.get(statementId) ?? NOTHING;
    const first = early.get(statementId) ?? NOTHING;
    return { proved, judged, passRate: passRate({ first, proved, judged }, stages) };
  };
}

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

/**
 * The archive that the rounds before this one made.
 * @param stages as they were played
 * @param selectionsOf a round's selections; those in the ledger by default
 */
export function archiveBefore(
  ledger: Ledger,
  round: number,
  stages: StageRules,
  selectionsOf: (round: number) => readonly SelectionRecord[] = ledger.selections.list,
): Archive {
  const earlier = ledger.rounds.list().filter(({ number }) => number < round);
  return earlier.reduce<Archive>((archive, { number }) => {
    const selected = selectionsOf(number).filter((s) => s.outcome === 'selected');
    if (selected.length === 0) return archive;
    const ratesOf = estimates(ledger, number, stages);
    const placed = selected.map(({ statementId, elegance }): Entry => {
      const statement = ledger.statements.get(statementId)?.text ?? '';
      return { statementId, statement, elegance, passRate: ratesOf(statementId).passRate };
    });
    return withPlaced(archive, placed);
  }, new Map());
}
