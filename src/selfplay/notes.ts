/**
 * What came of a step where nothing failed and yet nothing was done, or what has to be known of its figures: said, and kept
 * for the report's notes (reports/round-series.ts reads the facts by these names).
 */
import type { Run } from './run.ts';

/** Name of the ledger's fact that holds what a step has to say of its round: a sentence or several. */
export const noteFact = (round: number, step: string) => `note.${round}.${step}`;

export function note(
  { ledger, say }: Pick<Run, 'ledger' | 'say'>,
  round: number,
  step: string,
  text: string,
) {
  say(text, { round });
  ledger.facts.set(noteFact(round, step), text);
}
