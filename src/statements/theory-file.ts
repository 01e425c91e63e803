/**
 * Isabelle's theorems as texts: where a statement ends before its proof, and one `.thy` file with one theorem, whose
 * imports are the header. What follows the statement (`sorry`, or the reference proof that some forks of miniF2F carry in
 * every third file) is left out.
 *
 * Some files define functions of their own before the theorem. Left out, their names would be variables and the theorem
 * another one; so they stay in the statement's text, which no checker accepts then, and the problem is excluded for it.
 */
import type { LeanTheorem } from './lean-file.ts';
import { DatasetError } from './lines.ts';
import { type OuterToken, scanOuter } from './outer-syntax.ts';

/** Commands that begin a proof, or whatever else may follow a statement. */
const AFTER = new Set(
  `by proof apply apply_end sorry oops using unfolding supply including include defer prefer subgoal sledgehammer try
   try0 nitpick quickcheck done end theorem lemma corollary proposition definition . .. \\<proof>`.split(
    /\s+/,
  ),
);

/** The statement without what follows it, blanks and comments at its end cut. A text that cannot be scanned stays. */
export function cutTheorem(source: string): string {
  const text = withCartouches(source);
  const tokens = scanOuter(text);
  if ('unreadable' in tokens) return text.trim();
  const statement = untilProof(afterTalk(tokens.filter((t) => t.kind !== 'comment')));
  return pieceOf(text, statement);
}

export function theoryTheoremOf(source: string, where: string): LeanTheorem {
  const text = withCartouches(source);
  const scanned = scanOuter(text);
  if ('unreadable' in scanned) throw new DatasetError(`${where}: ${scanned.unreadable}.`);
  const tokens = scanned.filter((t) => t.kind !== 'comment');
  const starts = tokens.flatMap((t, i) => (isBare(t, 'theorem') || isBare(t, 'lemma') ? [i] : []));
  const [start, second] = starts;
  if (start === undefined) throw new DatasetError(`${where}: expected one theorem, found none.`);
  if (second !== undefined)
    throw new DatasetError(
      `${where}: expected one theorem, found ${starts.length}; put each into a file of its own.`,
    );
  const statement = untilProof(tokens.slice(start));
  const name = statement[1]?.content ?? '';
  const begin = tokens.findIndex((t) => isBare(t, 'begin'));
  const before = begin < 0 ? [] : afterTalk(tokens.slice(begin + 1, start));
  return { name, header: importsOf(text, tokens), text: pieceOf(text, [...before, ...statement]) };
}

/** Commands that change nothing, each with one argument. */
const TALK = new Set('text txt chapter section subsection subsubsection paragraph term typ'.split(' '));

/** Without the commands at its start that change nothing. */
function afterTalk(tokens: readonly OuterToken[]): readonly OuterToken[] {
  const [first] = tokens;
  return first !== undefined && TALK.has(first.content) && isBare(first, first.content)
    ? afterTalk(tokens.slice(2))
    : tokens;
}

/** The quotes that decide where tokens end, in Isabelle's own symbols. */
const withCartouches = (source: string): string =>
  source.replaceAll('‹', '\\<open>').replaceAll('›', '\\<close>');

const isBare = (token: OuterToken, word: string): boolean =>
  (token.kind === 'word' || token.kind === 'symbol') && token.content === word;

function untilProof(tokens: readonly OuterToken[]): readonly OuterToken[] {
  const end = tokens.findIndex((t, i) => i > 0 && AFTER.has(t.content) && isBare(t, t.content));
  return end < 0 ? tokens : tokens.slice(0, end);
}

/** The source from the first token to the last; comments inside it stay, they are part of what was written. */
function pieceOf(source: string, tokens: readonly OuterToken[]): string {
  const [first, last] = [tokens[0], tokens.at(-1)];
  return first === undefined || last === undefined ? '' : source.slice(first.start, last.end);
}

function importsOf(source: string, tokens: readonly OuterToken[]): string {
  const from = tokens.findIndex((t) => isBare(t, 'imports'));
  const to = tokens.findIndex((t) => isBare(t, 'begin'));
  if (from < 0 || to < from) return '';
  return tokens
    .slice(from, to)
    .map(({ start, end }) => source.slice(start, end))
    .join(' ');
}
