/**
 * Augmentation for the warm start: a theorem and its proof under other variable names. Only names bound in the
 * statement's own binder groups are touched, and new names occur nowhere in the texts, so nothing is captured.
 */
import type { Random } from '../ops/seeds.ts';
import { boundNames } from '../statements/bound-names.ts';

const POOL = 'a b c d e f g i j k l m n p q r s t u v w x y z'.split(' ');
/** `h` is for hypotheses. */
const SHORT_NAME = /^[a-gi-z]$/;

/** Rename about half of the one-letter variables; the rest (hypotheses, types) keep their conventional names. */
export function renameVariables(statement: string, proof: string, random: Random): readonly [string, string] {
  const taken = new Set(`${statement}\n${proof}`.match(/[\p{L}\p{N}_']+/gu) ?? []);
  const names = new Map<string, string>();
  for (const old of boundNames(statement)) {
    if (!SHORT_NAME.test(old) || random() < 0.5) continue;
    const free = POOL.filter((name) => !taken.has(name));
    const fresh = free[Math.floor(random() * free.length)];
    if (fresh === undefined) break;
    taken.add(fresh);
    names.set(old, fresh);
  }
  const rename = (text: string) =>
    text.replace(/(?<![\p{L}\p{N}_'.])[a-z](?![\p{L}\p{N}_'])/gu, (name) => names.get(name) ?? name);
  return [rename(statement), rename(proof)];
}
