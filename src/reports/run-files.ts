/** Everything a run's report is: report.json, report.html, summary.txt, metrics of each round in four forms, samples.jsonl. */
import { join } from 'node:path';
import type { Ledger } from '../ledger/index.ts';
import { replaceFile } from '../ops/whole-file.ts';
import { renderReport } from './html.ts';
import { buildRunReport } from './run-report.ts';
import { type SampleSet, writeSamples } from './samples-file.ts';
import { runScalars } from './scalars.ts';
import { summarise } from './summary.ts';
import { writeTwins } from './twins.ts';

/** Into `dir`, each file whole or not at all; returns the summary's text. */
export function writeRunReport(ledger: Ledger, dir: string): string {
  const report = buildRunReport(ledger);
  const summary = summarise(report);
  const { id, startedAt } = report.run;
  writeSamples(join(dir, 'samples.jsonl'), ledger, sampleSets(ledger));
  writeTwins(dir, runScalars(report), { labels: { run: id }, startedAt });
  replaceFile(join(dir, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  replaceFile(join(dir, 'report.html'), renderReport(report));
  replaceFile(join(dir, 'summary.txt'), summary);
  return summary;
}

/** Seed proofs are the problem set's own and not among them. */
function sampleSets(ledger: Ledger): SampleSet[] {
  return ledger.rounds.list().flatMap(({ number: round }) =>
    (['prove', 'evaluate'] as const).map((purpose) => ({
      set: { round, purpose },
      shared: (statement: string) => ({ round, purpose, statement }),
    })),
  );
}
