/**
 * What the conjecturer learns from: the completions that became selected conjectures, of this round and of the rounds before
 * it that are still replayed, each with the weight selection gave it. From the ledger alone.
 */
import type { Ledger, SelectionRecord } from '../ledger/index.ts';
import type { SampledSequence } from './training.ts';

export interface ConjectureExample extends SampledSequence {
  readonly statementId: string;
  /** Relative to other conjectures, as selection gave it. */
  readonly weight: number;
  readonly selection: SelectionRecord;
}

/** The latest `rounds` rounds up to and including `round`; one example a conjecture, by its id. */
export function conjectureExamples(ledger: Ledger, round: number, rounds: number): ConjectureExample[] {
  const examples: ConjectureExample[] = [];
  for (let earlier = Math.max(1, round - rounds + 1); earlier <= round; earlier++)
    examples.push(...ofRound(ledger, earlier));
  return examples;
}

function ofRound(ledger: Ledger, round: number): ConjectureExample[] {
  const selected = new Map(
    ledger.selections
      .list(round)
      .filter((s) => s.outcome === 'selected')
      .map((s) => [s.statementId, s]),
  );
  const statements = new Map(
    ledger.conjectures
      .screenings(round)
      .flatMap((s) =>
        s.outcome === 'kept' && s.statementId !== null ? [[s.conjectureId, s.statementId]] : [],
      ),
  );
  return ledger.conjectures.list(round).flatMap((c) => {
    const selection = selected.get(statements.get(c.id) ?? '');
    return selection === undefined
      ? []
      : [{ ...c, statementId: selection.statementId, weight: selection.weight, selection }];
  });
}
