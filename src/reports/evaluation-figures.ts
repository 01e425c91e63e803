/** Before and after on the held-out problems: the first and the last finished evaluation of a run. */
import { faultRate, headline, MOST_FAULTS } from '../evaluation/headline.ts';
import { compareProblems } from '../evaluation/index.ts';
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
  const results = scan.results.filter((r) => r.round === round.number && r.purpose === 'evaluate');
  const rows = headline(results, {
    ks: reportedKs(results),
    adaptive: false,
    fixedList: false,
    seed: seedFor(seed, 'report', round.number),
  });
  const side = {
    round: round.number,
    policyVersion: round.policyOut ?? round.policyIn,
    problems: results.length,
    solved: results.filter((r) => r.c > 0).length,
    attempts: total(results, (r) => r.n),
    faults: total(results, (r) => r.faults),
    passAtK: rows.map(({ k, estimate, low, high, method }) => ({ k, estimate, low, high, method })),
    withheld: withheldBecause(results),
  };
  return { side, results };
}

/** 1, 2, 4 … as far as every problem has that many judged attempts; 1 at least, for the bounds that faults leave. */
function reportedKs(results: readonly StatementResult[]): readonly number[] {
  if (results.length === 0) return [];
  const most = Math.max(1, Math.min(...results.map((r) => r.n)));
  return Array.from({ length: Math.floor(Math.log2(most)) + 1 }, (_, i) => 2 ** i);
}

/** The rule of an evaluation (evaluation/headline.ts); here nothing is judged again, for the round is over. */
function withheldBecause(results: readonly StatementResult[]): string | null {
  const share = `${(100 * faultRate(results)).toFixed(2)} % of the attempts ended in a checker fault`;
  if (faultRate(results) > MOST_FAULTS) return `${share}, more than ${100 * MOST_FAULTS} %`;
  const lost = results.filter((r) => r.n === 0).length;
  return lost === 0 ? null : `${share}, among them every attempt at ${lost} of ${results.length} problems`;
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

/** Null where faults withhold a side: what they left open may be the whole difference. */
function compared(
  first: EvaluatedRound,
  last: EvaluatedRound,
  seed: number,
  theorem: (result: StatementResult) => HashedTheorem,
) {
  if (first.side.withheld !== null || last.side.withheld !== null) return null;
  const [before, after] = [byProblem(first), byProblem(last)];
  const common = [...before.keys()].filter((id) => after.has(id));
  if (common.length === 0) return null;
  const side = (results: ReadonlyMap<string, StatementResult>) =>
    common.flatMap((id) => results.get(id) ?? []);
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

const byProblem = ({ results }: EvaluatedRound) => new Map(results.map((r) => [r.problemId, r]));

const total = <T>(items: readonly T[], value: (item: T) => number) =>
  items.reduce((sum, i) => sum + value(i), 0);
