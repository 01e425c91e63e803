/** Report: what the run watches in itself, then report.json, report.html and what goes with them, derived from the ledger. */
import { writeRunReport } from '../reports/index.ts';
import type { Run } from './run.ts';
import { watch } from './watch.ts';

export async function report(run: Run, round: number): Promise<() => void> {
  await watch(run, round);
  const peak = run.peakMemory();
  if (peak !== null) run.ledger.metrics.set(round, { 'process.peakRssBytes': peak });
  writeRunReport(run.ledger, run.dir);
  return () => {};
}
