/** Before and after on the held-out problems: the first and the last finished evaluation of a run. */
import { compareProblems, type ProblemResult, passAtKTable } from '../evaluation/index.ts';
import type { Ledger, RoundRecord } from '../ledger/index.ts';
import { seedFor } from '../ops/seeds.ts';
import type { AttemptScan, StatementResult } from './attempt-scan.ts';
import type { Evaluation, EvaluationSide, HashedTheorem } from './report-data.ts';

/** One finished evaluation with the results behind it. */
export interface EvaluatedRound {
  readonly side: EvaluationSide;
  readonly results: readonly StatementResult[];
}

export function evaluatedRounds(ledger: Ledger, scan: AttemptScan, seed: number): readonly EvaluatedRound[] {
  return ledger.rounds
    .list()
    .filter(({ number }) => ledger.steps.isDone(number, 'evaluate'))
    .map((round) => evaluatedRound(round, scan, seed))
    .filter(({ side }) => side.problems > 0);
}

function evaluatedRound(round: RoundRecord, scan: AttemptScan, seed: number): EvaluatedRound {
  const all = scan.results.filter((r) => r.round === round.number && r.purpose === 'evaluate');
  const results = all.filter((r) => r.judged > 0);
  const problems = results.map(problemResult);
  const options = { seed: seedFor(seed, 'report', round.number) };
  const side = {
    round: round.number,
    policyVersion: round.policyOut ?? round.policyIn,
    problems: problems.length,
    excluded: all.length - results.length,
    solved: problems.filter((p) => p.c > 0).length,
    attempts: total(all, (r) => r.judged),
    faults: total(all, (r) => r.faults),
    passAtK: problems.length === 0 ? [] : [...passAtKTable(problems, reportedKs(problems), options)],
  };
  return { side, results };
}

/** 1, 2, 4 … as far as every problem has that many judged attempts. */
function reportedKs(problems: readonly ProblemResult[]): readonly number[] {
  const most = Math.min(...problems.map((p) => p.n));
  return Array.from({ length: Math.floor(Math.log2(most)) + 1 }, (_, i) => 2 ** i);
}

export function evaluationFigures(
  ledger: Ledger,
  rounds: readonly EvaluatedRound[],
  theorem: (result: StatementResult) => HashedTheorem,
): Evaluation {
  const [first, last] = [rounds[0], rounds.at(-1)];
  if (first === undefined || last === undefined) return null;
  if (first === last) return { before: first.side, after: null, comparison: null };
  const seed = seedFor(ledger.run.read()?.seed ?? 0, 'report', 'comparison');
  return { before: first.side, after: last.side, comparison: compared(first, last, seed, theorem) };
}

function compared(
  first: EvaluatedRound,
  last: EvaluatedRound,
  seed: number,
  theorem: (result: StatementResult) => HashedTheorem,
) {
  const [before, after] = [byStatement(first), byStatement(last)];
  // A problem that lost all its attempts to faults on one side has no pair.
  const common = [...before.keys()].filter((id) => after.has(id));
  if (common.length === 0) return null;
  const side = (results: ReadonlyMap<string, StatementResult>) =>
    common.flatMap((id) => results.get(id) ?? []).map(problemResult);
  const { difference, interval, distinct, gained, lost, pValue } = compareProblems(
    side(before),
    side(after),
    { seed },
  );
  const theorems = (ids: readonly string[], results: ReadonlyMap<string, StatementResult>) =>
    ids.flatMap((id) => results.get(id) ?? []).map(theorem);
  const flips = { gained: theorems(gained, after), lost: theorems(lost, before) };
  return { difference, ...interval, distinct, ...flips, pValue };
}

const byStatement = ({ results }: EvaluatedRound) => new Map(results.map((r) => [r.statementId, r]));

const problemResult = ({ statementId, proved, judged, faults }: StatementResult): ProblemResult => ({
  problemId: statementId,
  n: judged,
  c: proved,
  faults,
});

const total = <T>(items: readonly T[], value: (item: T) => number) =>
  items.reduce((sum, i) => sum + value(i), 0);
