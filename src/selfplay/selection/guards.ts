/**
 * Guards against conjectures that teach little: where every proof is very short, or looks as if the hypotheses
 * contradicted each other, the weight is capped. They are not dropped, because looks deceive; the screen drops what is
 * certainly vacuous. In an audit of STP's released data, vacuous rows carried more weight than others. Pure.
 */
import type { Candidate } from './gates.ts';

export interface GuardRules {
  /** A proof shorter than this is very short. */
  readonly shortProofChars: number;
  /** Most weight of a guarded conjecture. */
  readonly guardedWeight: number;
}

const FROM_CONTRADICTION = /(?<![\w.])(contradiction|exfalso|absurd|nomatch|nofun|False\.elim)(?![\w.])/;
const ABSURD = new Set(['absurd', 'False.elim', 'Empty.elim', 'Not.elim']);

export function isGuarded({ proofs }: Candidate, { shortProofChars }: GuardRules): boolean {
  return (
    proofs.length > 0 && (proofs.every((p) => p.text.length < shortProofChars) || proofs.every(looksVacuous))
  );
}

/** Does the proof close its goal from a contradiction? */
function looksVacuous({ text, premises }: Candidate['proofs'][number]): boolean {
  return FROM_CONTRADICTION.test(text) || premises.some((name) => ABSURD.has(name));
}
