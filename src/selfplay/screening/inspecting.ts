/** Asking the checker about conjectures: does it elaborate, what is its type, what do the probes say. */
import { isFault } from '../../checkers/answers.ts';
import type { Inspection } from '../../checkers/checker.ts';
import type { ConjectureRecord } from '../../ledger/index.ts';
import type { Statement } from '../../statements/statement.ts';
import type { Run } from '../run.ts';
import { addToMetrics } from '../sampling.ts';

/** A conjecture that could be read. */
export interface Parsed {
  readonly record: ConjectureRecord;
  readonly text: string;
}

/** By the completion's id; a fault is asked about once more. Stops early, with what there is, when the run is asked to stop. */
export async function inspectAll(
  run: Run,
  round: number,
  parsed: readonly Parsed[],
  wanted: readonly ('hollow' | 'trivial' | 'refute')[],
  label: string,
): Promise<Map<string, Inspection>> {
  const inspections = new Map<string, Inspection>();
  const progress = run.startProgress({ label, unit: 'conjectures', total: parsed.length });
  let judgeMs = 0;
  const ask = async (some: readonly Parsed[]) => {
    const statements = some.map(({ record, text }) => statementUnderSeed(run, record, record.id, text));
    for await (const inspection of run.checker.inspect(statements, { probes: wanted })) {
      if (!inspections.has(inspection.id)) progress.advance();
      inspections.set(inspection.id, inspection);
      judgeMs += inspection.ms;
      if (run.signal.aborted) return;
    }
  };
  try {
    await ask(parsed);
    const faults = new Set([...inspections.values()].filter(isFault).map(({ id }) => id));
    if (faults.size > 0 && !run.signal.aborted)
      await ask(parsed.filter(({ record }) => faults.has(record.id)));
  } finally {
    progress.end();
    addToMetrics(run, round, { 'screen.seconds': judgeMs / 1000 });
  }
  return inspections;
}

/** Under its seed's header, as the conjecturer was asked. */
export function statementUnderSeed(
  run: Run,
  { seedId }: ConjectureRecord,
  id: string,
  text: string,
): Statement {
  const { language, header } = run.ledger.statements.get(seedId) ?? { language: 'lean', header: '' };
  return { id, language, header, text, forbidden: [] };
}
