/** From what a model wrote to what a judge is asked: pure text, no judgement of its own. */
import { cutBeforeProof } from '../statements/before-proof.ts';
import { onOneLine } from '../statements/cut.ts';
import type { Language } from '../statements/statement.ts';

/**
 * A sampled proof: the tactic block, without its end marker, trailing blanks cut.
 * @param ends the role's end markers (`prompts.stops`): a server may leave one in the text
 */
export function proofOf(completion: string, ends: readonly string[]): string {
  return cutAt(completion, ends).trimEnd();
}

/**
 * A sampled conjecture: `theorem t` followed by what was written, cut at the end marker and where a proof begins, on one
 * line. (STP cuts at the first `:=`, wherever it stands: RL/utils/RL_utils.py:62.) null when nothing but blanks is left.
 */
export function conjectureOf(
  completion: string,
  ends: readonly string[],
  language: Language = 'lean',
): string | null {
  const statement = cutBeforeProof(language, `theorem t${cutAt(completion, ends)}`);
  // Isabelle's comments end where they end, and blanks in its strings say nothing.
  const text = language === 'lean' ? onOneLine(statement) : statement.replace(/\s+/g, ' ').trim();
  return text === 'theorem t' ? null : text;
}

function cutAt(text: string, marks: readonly string[]): string {
  const ends = marks.map((m) => text.indexOf(m)).filter((i) => i >= 0);
  return ends.length === 0 ? text : text.slice(0, Math.min(...ends));
}
