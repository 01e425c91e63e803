/**
 * Isabelle's outer syntax as a scanner: names, strings, cartouches, comments (The Isabelle/Isar Reference Manual, "Outer
 * syntax"). It reads a text to its end or says why not. It knows no keyword: a command and a name are both words here,
 * and what is one token here, Isabelle never splits into a command and something else.
 */

export type TokenKind =
  /** A name, `Foo.bar`, `?x`, `'a`, a number. */
  | 'word'
  /** Punctuation and symbolic names: `.`, `..`, `{`, `[`, `\<proof>`. */
  | 'symbol'
  /** `"…"`, its content with escapes resolved. */
  | 'string'
  /** A fact in back quotes. */
  | 'quoted-fact'
  /** `\<open>…\<close>`, its content. */
  | 'cartouche'
  /** `(* … *)`. */
  | 'comment';

export interface OuterToken {
  readonly kind: TokenKind;
  /** As Isabelle reads it: of delimited pieces what is inside. */
  readonly content: string;
  readonly start: number;
  readonly end: number;
}

export interface Unreadable {
  readonly unreadable: string;
}

/** `\<alpha>` and its kind are letters of names, `\<and>` is not (Symbol.is_letter). */
const GREEK =
  'alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|mu|nu|xi|pi|rho|sigma|tau|upsilon|phi|chi|psi|omega|Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Upsilon|Phi|Psi|Omega';
const LETTER = `[A-Za-z]|\\\\<(?:[A-Za-z]{1,2}|${GREEK})>`;
const NAME = `(?:${LETTER})(?:${LETTER}|[0-9_']|\\\\<\\^sub>)*`;
const WORD = new RegExp(`\\?'?${NAME}(?:\\.\\d+)?|'${NAME}|_*${NAME}(?:\\.${NAME})*|\\d+(?:\\.\\d+)?`, 'y');
const SYMBOL = /\.\.|\\<\^?[A-Za-z][\w']*>|[!#$%&*+\-/<=>?@^_|~]+|[\s\S]/uy;
const BLANK = /\s+/y;
const ESCAPE = /\\(?:[0-9]{3}|<\^?[A-Za-z][\w']*>|["`\\])/y;
const OPEN = '\\<open>';
const CLOSE = '\\<close>';

/** @param text in Isabelle's own symbols; symbols.ts makes them of Unicode */
export function scanOuter(text: string): readonly OuterToken[] | Unreadable {
  const tokens: OuterToken[] = [];
  for (let i = 0; i < text.length; ) {
    const blanks = matchAt(BLANK, text, i).length;
    i += blanks;
    if (blanks > 0) continue;
    const token = tokenAt(text, i);
    if ('unreadable' in token) return token;
    tokens.push(token);
    i = token.end;
  }
  return tokens;
}

function tokenAt(text: string, start: number): OuterToken | Unreadable {
  if (text.startsWith('(*', start)) return nested(text, start, 'comment', '(*', '*)');
  if (text.startsWith(OPEN, start)) return nested(text, start, 'cartouche', OPEN, CLOSE);
  if (text.startsWith('{*', start)) return { unreadable: 'verbatim text {* … *} is no longer read' };
  if (text[start] === '"') return quoted(text, start, 'string');
  if (text[start] === '`') return quoted(text, start, 'quoted-fact');
  const word = matchAt(WORD, text, start);
  const content = word || matchAt(SYMBOL, text, start);
  if (content === CLOSE) return { unreadable: 'a cartouche is closed that was not opened' };
  return { kind: word ? 'word' : 'symbol', content, start, end: start + content.length };
}

function nested(
  text: string,
  start: number,
  kind: 'comment' | 'cartouche',
  open: string,
  close: string,
): OuterToken | Unreadable {
  let depth = 0;
  for (let i = start; i < text.length; ) {
    if (text.startsWith(open, i)) {
      depth++;
      i += open.length;
    } else if (text.startsWith(close, i)) {
      depth--;
      i += close.length;
      if (depth === 0)
        return { kind, content: text.slice(start + open.length, i - close.length), start, end: i };
    } else i++;
  }
  return { unreadable: `a ${kind} is not closed` };
}

/** A backslash escapes the mark, itself or three decimal digits, or begins a symbol like `\<and>`; nothing else. */
function quoted(text: string, start: number, kind: 'string' | 'quoted-fact'): OuterToken | Unreadable {
  const mark = text.charAt(start);
  const what = kind === 'string' ? 'a string' : 'a fact in back quotes';
  let content = '';
  for (let i = start + 1; i < text.length; ) {
    const c = text.charAt(i);
    if (c === mark) return { kind, content, start, end: i + 1 };
    const piece = c === '\\' ? matchAt(ESCAPE, text, i) : c;
    if (piece === '' || (piece.length === 2 && piece[1] !== mark && piece[1] !== '\\'))
      return { unreadable: `${what} holds a backslash that escapes nothing` };
    if (/^\\\d/.test(piece)) content += String.fromCharCode(Number(piece.slice(1)));
    else content += c === '\\' && piece.length === 2 ? piece.charAt(1) : piece;
    i += piece.length;
  }
  return { unreadable: `${what} is not closed` };
}

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}
