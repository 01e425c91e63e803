/** samples.jsonl: every judged attempt, one a line, written statement by statement and whole or not at all. */
import { writeFileSync } from 'node:fs';
import type { AttemptOutcome, AttemptSet, Ledger } from '../ledger/index.ts';
import { writeWhole } from '../ops/whole-file.ts';

/** What a set's lines say beside the attempt itself. */
export interface SampleSet {
  readonly set: AttemptSet;
  readonly shared: (statementId: string) => Readonly<Record<string, unknown>>;
}

export function writeSamples(path: string, ledger: Ledger, sets: readonly SampleSet[]): void {
  writeWhole(path, (file) => {
    for (const { set, shared } of sets)
      for (const { statementId, attempts } of ledger.outcomes.groups(set)) {
        const more = shared(statementId);
        writeFileSync(file, attempts.map((a) => `${JSON.stringify({ ...more, ...row(a) })}\n`).join(''));
      }
  });
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
