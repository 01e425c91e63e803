/** Report: report.json, report.html and what goes with them, every figure derived from the ledger. */
import { writeRunReport } from '../reports/index.ts';
import type { Run } from './run.ts';

export async function report(run: Run, round: number): Promise<() => void> {
  const peak = run.peakMemory();
  if (peak !== null) run.ledger.metrics.set(round, { 'process.peakRssBytes': peak });
  writeRunReport(run.ledger, run.dir);
  return () => {};
}
