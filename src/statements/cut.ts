/**
 * Cuts a theorem off before its proof: at the first `:=` that stands outside brackets, strings, comments, quoted names
 * and bindings (`let`, `have` and their kin). It only looks for that place; it does not tell whether the text is a theorem.
 */

const OPENING = '([{⟨⦃⟦';
const CLOSING = ')]}⟩⦄⟧';
/** Terms that have a `:=` of their own. `show` and `suffices` take `from` or `by` instead. */
const BINDING = /^(?:let|have)(?:I?'?|_fun|_delayed|_tmp)$/;
const WORD = /[\p{L}\p{N}_!?'.₀-₉]/u;

/** The statement without `:= …` and without blanks at its end. */
export function cutStatement(text: string): string {
  return text.slice(0, proofStart(text)).trimEnd();
}

/** Where the `:=` of the proof stands, or the text's end. */
export function proofStart(text: string): number {
  let depth = 0;
  let bindings = 0;
  for (let i = 0; i < text.length; ) {
    const skipped = skipOpaque(text, i);
    if (skipped > i) {
      i = skipped;
      continue;
    }
    const c = text.charAt(i);
    if (WORD.test(c)) {
      const end = wordEnd(text, i);
      const word = text.slice(i, end);
      if (depth === 0 && BINDING.test(word)) bindings++;
      i = end;
      continue;
    }
    if (OPENING.includes(c)) depth++;
    else if (CLOSING.includes(c)) depth = Math.max(0, depth - 1);
    else if (depth === 0 && text.startsWith(':=', i)) {
      if (bindings === 0) return i;
      bindings--;
    }
    i++;
  }
  return text.length;
}

/** Comments dropped and each run of blanks made one, but for those inside strings, characters and quoted names. */
export function onOneLine(text: string): string {
  let line = '';
  for (let i = 0; i < text.length; ) {
    const opaque = skipOpaque(text, i);
    const end = Math.max(opaque, wordEnd(text, i), i + 1);
    const piece = text.slice(i, end);
    const isBlank = /^(?:\s|--|\/-)/.test(piece);
    if (!isBlank) line += piece;
    else if (!line.endsWith(' ')) line += ' ';
    i = end;
  }
  return line.trim();
}

/** The end of the word that starts here; `start` itself where none does. */
export function wordEnd(text: string, start: number): number {
  let i = start;
  while (i < text.length && WORD.test(text.charAt(i))) i++;
  return i;
}

/** The end of the comment, string, character or quoted name that starts here; `start` itself where none does. */
export function skipOpaque(text: string, start: number): number {
  if (text.startsWith('--', start)) return endOf(text, '\n', start);
  if (text.startsWith('/-', start)) return blockCommentEnd(text, start);
  if (text.startsWith('«', start)) return endOf(text, '»', start);
  if (text.startsWith('"', start)) return stringEnd(text, start);
  const raw = /^r(#*)"/.exec(text.slice(start, start + 20));
  if (raw && !WORD.test(text.charAt(start - 1))) return endOf(text, `"${raw[1]}`, start + raw[0].length);
  // A prime inside a name belongs to the word; here only a character literal can start.
  const character = /^'(\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\'])'/u.exec(
    text.slice(start, start + 10),
  );
  return character ? start + character[0].length : start;
}

function endOf(text: string, mark: string, start: number): number {
  const at = text.indexOf(mark, start);
  return at < 0 ? text.length : at + mark.length;
}

function stringEnd(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '"') return i + 1;
  }
  return text.length;
}

function blockCommentEnd(text: string, start: number): number {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    if (text.startsWith('/-', i)) {
      depth++;
      i++;
    } else if (text.startsWith('-/', i)) {
      depth--;
      i++;
      if (depth === 0) return i + 1;
    }
  }
  return text.length;
}
