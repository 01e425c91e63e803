/**
 * Is a conjecture its seed over again: the same symbols in another order, variables not told apart? Two sides of an equation
 * changed over, hypotheses put in another order, names exchanged: proving such a one is proving the seed.
 */

import { boundNames } from '../../statements/bound-names.ts';
import { withLeanLooks } from '../../statements/isabelle-looks.ts';

/** Words with their dots, and single symbols; brackets only group. */
const TOKEN = /[\p{L}\p{N}_'.!?₀-₉]+|[^\s(){}[\]⦃⦄]/gu;

export function isNearCopy(conjecture: string, seed: string): boolean {
  return symbolsOf(conjecture) === symbolsOf(seed);
}

function symbolsOf(written: string): string {
  const statement = withLeanLooks(written);
  const bound = boundNames(statement);
  const tokens = statement.replace(/^\s*(theorem|lemma)\s+\S+/, '').match(TOKEN) ?? [];
  return tokens
    .map((token) => (bound.has(token) ? 'x' : token))
    .sort()
    .join(' ');
}
