/**
 * Unicode in texts becomes Isabelle's own symbols, `∀` becomes `\<forall>`: a theory's text is read in these. The table
 * is the installed Isabelle's `etc/symbols`; a character that is in no table stays, and Isabelle says that it cannot
 * read it.
 */
import { readFileSync } from 'node:fs';

export type EncodeSymbols = (text: string) => string;

const LINE = /^(\\<\^?[A-Za-z]+>)\s.*?\bcode:\s*0x([0-9a-fA-F]+)/;

/** The quotes of cartouches decide where tokens end, so they do not depend on a table. */
const CARTOUCHES: readonly (readonly [string, string])[] = [
  ['‹', '\\<open>'],
  ['›', '\\<close>'],
];

/** @param files tables in the order in which they are read, missing ones passed over; the first symbol of a code wins */
export function readSymbols(files: readonly string[]): EncodeSymbols {
  const table = new Map(CARTOUCHES);
  for (const line of files.flatMap(linesOf)) {
    const [, symbol, code] = LINE.exec(line) ?? [];
    if (symbol === undefined || code === undefined) continue;
    const character = String.fromCodePoint(Number.parseInt(code, 16));
    if (!table.has(character)) table.set(character, symbol);
  }
  return (text) => text.replace(/[\u0080-\u{10ffff}]/gu, (character) => table.get(character) ?? character);
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
}
