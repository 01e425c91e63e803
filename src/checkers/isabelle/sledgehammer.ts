/**
 * The word `sledgehammer` in a proof, where a setting asks for it, stands for ten methods tried in order, each of which
 * must close the goal (STP, arXiv 2502.00212, appendix: auto, simp, blast, fastforce, force, eval, presburger, arith,
 * linarith, auto with field_simps). One differs: `eval` rests on an oracle, which no accepted proof may, so the same
 * evaluation by the simplifier, `code_simp`, has its place.
 */
import { scanOuter } from '../../statements/outer-syntax.ts';

const METHODS = [
  'auto',
  'simp',
  'blast',
  'fastforce',
  'force',
  'code_simp',
  'presburger',
  'arith',
  'linarith',
  'auto simp: field_simps',
];

/** `(m; fail)` succeeds where m leaves no goal. */
const EXPANSION = `by (${METHODS.map((method) => `(${method}; fail)`).join(' | ')})`;

export function expandSledgehammer(proof: string): string {
  const tokens = scanOuter(proof);
  if ('unreadable' in tokens) return proof;
  return tokens
    .filter(({ kind, content }) => kind === 'word' && content === 'sledgehammer')
    .toReversed()
    .reduce((text, { start, end }) => text.slice(0, start) + EXPANSION + text.slice(end), proof);
}
