/** samples.jsonl: every judged attempt, one a line, written statement by statement and whole or not at all. */
import { closeSync, openSync, renameSync, writeSync } from 'node:fs';
import type { AttemptOutcome, AttemptSet, Ledger } from '../ledger/index.ts';

/** What a set's lines say beside the attempt itself. */
export interface SampleSet {
  readonly set: AttemptSet;
  readonly shared: (statementId: string) => Readonly<Record<string, unknown>>;
}

export function writeSamples(path: string, ledger: Ledger, sets: readonly SampleSet[]): void {
  const file = openSync(`${path}.partial`, 'w');
  try {
    for (const { set, shared } of sets)
      for (const { statementId, attempts } of ledger.outcomes.groups(set)) {
        const more = shared(statementId);
        writeSync(file, attempts.map((a) => `${JSON.stringify({ ...more, ...row(a) })}\n`).join(''));
      }
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.partial`, path);
}

const row = ({
  index,
  text: proof,
  verdict,
  reason,
  axioms,
  ms,
  tokens,
  finish,
  seed,
  policyVersion,
}: AttemptOutcome) => ({
  index,
  verdict,
  reason,
  proof,
  axioms,
  ms,
  tokens,
  finish,
  seed,
  policyVersion,
});
