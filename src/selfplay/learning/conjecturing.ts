/**
 * What the conjecturer learns from: the completions that became selected conjectures, of this round and of the rounds before
 * it that are still replayed, each with the weight selection gave it. From the ledger alone. Not those that are protected only
 * since then, nor those made from such a seed (left-out.ts).
 */
import type { ConjectureRecord, Ledger, SelectionRecord } from '../../ledger/index.ts';
import { leftOut } from './left-out.ts';

export interface ConjectureExample extends ConjectureRecord {
  readonly statementId: string;
  /** Relative to other conjectures, as selection gave it. */
  readonly weight: number;
  readonly selection: SelectionRecord;
}

/**
 * The latest `rounds` rounds up to and including `round`; one example a conjecture, by its id.
 * @param selectionsOf a round's selections; those in the ledger by default
 */
export function conjectureExamples(
  ledger: Ledger,
  round: number,
  rounds: number,
  selectionsOf: (round: number) => readonly SelectionRecord[] = ledger.selections.list,
): ConjectureExample[] {
  const gone = leftOut(ledger, round);
  const examples: ConjectureExample[] = [];
  for (let earlier = Math.max(1, round - rounds + 1); earlier <= round; earlier++)
    examples.push(...ofRound(ledger, earlier, selectionsOf(earlier)));
  return examples.filter((e) => !gone.has(e.statementId) && !gone.has(e.seedId));
}

function ofRound(ledger: Ledger, round: number, selections: readonly SelectionRecord[]): ConjectureExample[] {
  const selected = new Map(selections.filter((s) => s.outcome === 'selected').map((s) => [s.statementId, s]));
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
