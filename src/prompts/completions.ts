/** From what a model wrote to what a judge is asked: pure text, no judgement of its own. */
import { cutBeforeProof } from '../statements/before-proof.ts';
import type { Language } from '../statements/statement.ts';

/** A sampled proof: the tactic block, without the end marker or a closing code fence, trailing blanks cut. */
export function proofOf(completion: string): string {
  return cutAt(completion, ['</s>', '\n```']).trimEnd();
}

/**
 * A sampled conjecture: `theorem t` followed by what was written, cut at the end marker and where a proof begins.
 * (STP cuts at the first `:=`, wherever it stands: RL/utils/RL_utils.py:62.) null when nothing but blanks is left.
 */
export function conjectureOf(completion: string, language: Language = 'lean'): string | null {
  const body = cutAt(completion, ['</s>', '</hard theorem>', '\n```']);
  const text = cutBeforeProof(language, `theorem t${body}`).replace(/\s+/g, ' ').trim();
  return text === 'theorem t' ? null : text;
}

function cutAt(text: string, marks: readonly string[]): string {
  const ends = marks.map((m) => text.indexOf(m)).filter((i) => i >= 0);
  return ends.length === 0 ? text : text.slice(0, Math.min(...ends));
}
