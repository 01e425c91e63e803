/**
 * One `.lean` file, one theorem: what stands before it is the header, what follows its `:=` is left out. Comments and
 * doc strings are not read. For checkouts in the manner of yangky11/miniF2F-lean4 and PutnamBench. In ProofNet's checkout
 * a file holds the exercises of a book (theoremsOf).
 *
 * PutnamBench leaves a problem's answer out (`abbrev …_solution : ℕ := sorry` with the answer in the comment below);
 * the answer is put in, as its own script does: a statement about an unknown `sorry` says nothing.
 */
import { cutStatement } from './cut.ts';
import { DatasetError } from './lines.ts';

export interface LeanTheorem {
  readonly name: string;
  readonly header: string;
  readonly text: string;
}

/** @param where for messages: the file, or the file and line */
export function theoremOf(source: string, where: string): LeanTheorem {
  const filled = source.replace(/:=\s*sorry[ \t]*\r?\n[ \t]*--[ \t]*(.+)/g, ':= $1');
  const bare = withoutComments(filled);
  const starts = [...bare.matchAll(new RegExp(THEOREM, 'gm'))];
  const [start, second] = starts;
  if (start === undefined) throw new DatasetError(`${where}: expected one theorem, found none.`);
  if (second !== undefined)
    throw new DatasetError(
      `${where}: expected one theorem, found ${starts.length}; put each into a file of its own.`,
    );
  return {
    name: start[1] ?? '',
    header: headerOf(bare.slice(0, start.index)),
    text: cutStatement(bare.slice(start.index).trim()),
  };
}

const THEOREM = /^[ \t]*(?:theorem|lemma)[ \t\r\n]+([^\s:({[⦃]+)/;

/**
 * Every theorem of a file, as `Book_name`, since books number alike. The header of each is what the file says before it,
 * the other exercises aside. `instance … := sorry` asks for a structure, not for a proof, and is passed over.
 */
export function theoremsOf(source: string, book: string, where: string): LeanTheorem[] {
  // Commands start in the first column; `sorry` and `by` there go on with a proof.
  const pieces = withoutComments(source).split(/^(?=(?!(?:sorry|by)\b)[a-z@])/m);
  const theorems: LeanTheorem[] = [];
  let before = '';
  for (const piece of pieces) {
    const [, name] = THEOREM.exec(piece) ?? [];
    if (name !== undefined)
      theorems.push({
        name: `${book}_${name}`,
        header: headerOf(before),
        text: cutStatement(piece.trim()),
      });
    else if (!piece.startsWith('instance')) before += piece;
  }
  if (theorems.length === 0) throw new DatasetError(`${where}: expected theorems, found none.`);
  return theorems;
}

function headerOf(text: string): string {
  const header = text
    .replace(/[ \t]+$/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
  return header === '' ? '' : `${header}\n`;
}

/** Comments and doc strings taken out; strings stay as they are. */
export function withoutComments(source: string): string {
  let kept = '';
  let depth = 0;
  for (let i = 0; i < source.length; ) {
    if (source.startsWith('/-', i)) [depth, i] = [depth + 1, i + 2];
    else if (depth > 0 && source.startsWith('-/', i)) [depth, i] = [depth - 1, i + 2];
    else if (depth > 0) i++;
    else if (source.startsWith('--', i)) i = endOfLine(source, i);
    else {
      const string = source[i] === '"' ? (/^"(?:\\[\s\S]|[^"\\])*"/.exec(source.slice(i))?.[0] ?? '"') : '';
      const piece = string === '' ? source.charAt(i) : string;
      kept += piece;
      i += piece.length;
    }
  }
  return kept;
}

function endOfLine(source: string, from: number): number {
  const end = source.indexOf('\n', from);
  return end < 0 ? source.length : end;
}
