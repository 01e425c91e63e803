/** The short table at the end of a run, for a terminal or a log. */
import { bytes, decimal, duration, points, whole } from './format.ts';
import { estimate, uncertainty, when } from './opening.ts';
import type { EvaluationSide, RunReport } from './report-data.ts';

export function summarise(report: RunReport): string {
  const { cost, evaluation, funnel } = report;
  const attempts = report.rounds.reduce((sum, r) => sum + r.attempts, 0);
  const proved = report.rounds.reduce((sum, r) => sum + r.proved, 0);
  const rows: readonly (readonly [string, string])[] = [
    ['rounds', `${report.run.roundsDone} in ${duration(cost.seconds)}`],
    ['attempts judged', `${whole(attempts)}, ${whole(proved)} proved`],
    ['newly proved', whole(report.newlyProved.length)],
    [
      'conjectures',
      `${whole(funnel[0]?.count ?? 0)} proposed, ${whole(report.kept.length)} kept as barely provable`,
    ],
    ...evaluationRows(evaluation),
    ['verdicts', `${decimal(cost.verdictsPerSecond)} a second`],
    ['tokens sampled', `${decimal(cost.sampledTokensPerSecond)} a second`],
    ['tokens trained', `${decimal(cost.trainedTokensPerSecond)} a second`],
    ['peak memory', bytes(cost.peakRssBytes)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}\n`).join('');
}

function evaluationRows(evaluation: RunReport['evaluation']): (readonly [string, string])[] {
  if (evaluation === null) return [['pass@1', 'not evaluated']];
  const { before, after, comparison } = evaluation;
  const first = [`pass@1 ${when(before)}`, passAt1(before)] as const;
  if (after === null) return [first];
  return [first, ['pass@1 after', passAt1(after)], ['difference', difference(comparison)]];
}

function passAt1(side: EvaluationSide): string {
  const row = side.passAtK.find(({ k }) => k === 1);
  if (!row) return 'not evaluated';
  return `${estimate(row)} (${uncertainty(row)}) on ${whole(side.problems)} held-out problems`;
}

function difference(comparison: NonNullable<RunReport['evaluation']>['comparison']): string {
  if (!comparison) return '–';
  const noise = comparison.distinct ? 'more than noise' : 'within noise';
  return `${points(comparison.difference)}, ${noise} (95\u00a0% ${points(comparison.low).replace(' points', '')} to ${points(comparison.high)})`;
}
