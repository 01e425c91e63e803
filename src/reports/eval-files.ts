/**
 * Everything an evaluation leaves behind, each file whole or not at all: report.json, report.html, summary.txt,
 * metrics in four forms (twins.ts), and samples.jsonl with every attempt, one a line.
 */
import { join } from 'node:path';
import { EVALUATION } from '../evaluation/trial-results.ts';
import type { Ledger } from '../ledger/index.ts';
import { replaceFile } from '../ops/whole-file.ts';
import type { EvalReport } from './eval-data.ts';
import { renderEvalReport } from './eval-html.ts';
import { buildEvalReport, evaluationIn } from './eval-report.ts';
import { summariseEvaluation } from './eval-summary.ts';
import { type SampleSet, writeSamples } from './samples-file.ts';
import { evalScalars } from './scalars.ts';
import { writeTwins } from './twins.ts';

/** @param report the ledger's own, when whoever asks has built it already */
export function writeEvalReport(
  ledger: Ledger,
  dir: string,
  report: EvalReport = buildEvalReport(ledger),
): EvalReport {
  const labels = {
    evaluation: report.id,
    dataset: report.settings.dataset.name,
    split: report.settings.dataset.split,
  };
  writeSamples(join(dir, 'samples.jsonl'), ledger, [samplesOf(ledger)]);
  writeTwins(dir, evalScalars(report), { labels, startedAt: report.startedAt });
  replaceFile(join(dir, 'summary.txt'), summariseEvaluation(report));
  replaceFile(join(dir, 'report.html'), renderEvalReport(report));
  // Last: whoever finds it finds the others too.
  replaceFile(join(dir, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  return report;
}

/** Of an attempt, the problem it was made at. */
function samplesOf(ledger: Ledger): SampleSet {
  const byId = new Map(evaluationIn(ledger).survey.problems.map((p) => [p.id, p]));
  const shared = (id: string) => ({ problem: byId.get(id)?.name ?? id, hash: byId.get(id)?.hash ?? '' });
  return { set: EVALUATION, shared };
}
