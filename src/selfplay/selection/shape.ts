/**
 * What kind of statement a text is, Lean's or Isabelle's: the form of its conclusion, the operations at the heads of its two
 * sides, how many hypotheses it has. Read from the text by brackets and precedence, without elaborating, so it is a sorting
 * by looks: notation it does not know counts as an application. Pure.
 */
import { skipOpaque, wordEnd } from '../../statements/cut.ts';
import { withLeanLooks } from '../../statements/isabelle-looks.ts';

export interface Shape {
  /** The text after the binders and antecedents. */
  readonly conclusion: string;
  /** What holds the conclusion together: `=`, `≤`, `↔`, `∨`, `∃` …, or `predicate`. */
  readonly form: string;
  /** Heads of its sides, sorted: an operator, the last part of a function's name, `literal`, `variable`, `local`. */
  readonly heads: readonly string[];
  /** Binders that look like propositions, and antecedents. */
  readonly hypotheses: number;
}

/** Loosest first; what stands on one line binds alike. The forms a conclusion can have are those down to `RELATIONS`. */
const RELATIONS = ['=', '≠', '<', '≤', '>', '≥', '∣', '∈', '∉', '⊆', '≍', '≈', '==', '!=', '~', '<+'];
const FORMS: readonly (readonly string[])[] = [['↔'], ['→'], ['∨'], ['∧'], ['¬'], RELATIONS];
const OPERATIONS: readonly (readonly string[])[] = [
  ['$', '<|', '|>'],
  ['||', '^^'],
  ['&&'],
  ['<;>', '<|>', '>>='],
  ['|||'],
  ['^^^'],
  ['&&&'],
  ['::', '++'],
  ['+', '-'],
  ['*', '/', '%'],
  ['<<<', '>>>'],
  ['^'],
  ['∘'],
  ['!', '↑'],
];
/** Longest first, so that `<<<` is not read as `<`. */
const SYMBOLS = [...FORMS.flat(), ...OPERATIONS.flat(), ':=', ':', ','].toSorted(
  (a, b) => b.length - a.length,
);
/** What follows them belongs to them, to the end. */
const GREEDY = new Set(['∀', '∃', 'fun', 'λ', 'if', 'let', 'have', 'match', 'Σ']);
const BRACKETS: Readonly<Record<string, string>> = {
  '(': ')',
  '[': ']',
  '{': '}',
  '⟨': '⟩',
  '⦃': '⦄',
  '⟦': '⟧',
};

interface Token {
  readonly text: string;
  readonly start: number;
}

export function shapeOf(written: string): Shape {
  const statement = withLeanLooks(written);
  const tokens = tokensOf(statement).slice(2); // without `theorem` and the name
  const colon = tokens.findIndex((t) => t.text === ':');
  const binders = tokens.slice(0, Math.max(0, colon)).filter(isGroup);
  const { rest, hypotheses, names } = peel(tokens.slice(colon + 1));
  const locals = new Set([...binders.flatMap(namesOf), ...names]);
  const { form, sides } = divide(rest);
  return {
    conclusion: rest[0] === undefined ? '' : statement.slice(rest[0].start).trim(),
    form,
    heads: sides.map((side) => headOf(side, locals)).toSorted(),
    hypotheses: binders.filter(isHypothesis).length + hypotheses,
  };
}

interface Peeled {
  readonly rest: readonly Token[];
  readonly hypotheses: number;
  /** What the quantifiers bind. */
  readonly names: readonly string[];
}

/** Takes quantifiers and antecedents off the front. */
function peel(tokens: readonly Token[]): Peeled {
  const names: string[] = [];
  let rest = tokens;
  let hypotheses = 0;
  while (true) {
    if (rest[0]?.text === '∀') {
      const comma = rest.findIndex((t) => t.text === ',');
      if (comma < 0) break;
      const bound = rest.slice(1, comma);
      hypotheses += bound.filter(isHypothesis).length;
      names.push(...bound.flatMap((t) => (isGroup(t) ? namesOf(t) : [t.text])));
      rest = rest.slice(comma + 1);
    } else if (rest.length === 1 && rest[0]?.text.startsWith('(')) rest = inside(rest[0]);
    else if (splitAt(rest, ['↔']) === undefined) {
      const arrow = splitAt(rest, ['→']);
      if (arrow === undefined) break;
      hypotheses++;
      rest = rest.slice(arrow + 1);
    } else break;
  }
  return { rest, hypotheses, names };
}

function divide(tokens: readonly Token[]): { form: string; sides: readonly (readonly Token[])[] } {
  for (const symbols of FORMS) {
    const at = splitAt(tokens, symbols);
    if (at !== undefined)
      return {
        form: tokens[at]?.text ?? '',
        sides: [tokens.slice(0, at), tokens.slice(at + 1)].filter((side) => side.length > 0),
      };
  }
  return { form: tokens[0]?.text === '∃' ? '∃' : 'predicate', sides: [tokens] };
}

function headOf(tokens: readonly Token[], locals: ReadonlySet<string>): string {
  const [first] = tokens;
  if (first === undefined) return '';
  if (GREEDY.has(first.text)) return first.text;
  for (const symbols of [...FORMS, ...OPERATIONS]) {
    const at = splitAt(tokens, symbols);
    if (at !== undefined) return tokens[at]?.text ?? '';
  }
  const method = tokens[1]?.text.startsWith('.') ? tokens[1].text : first.text;
  if (method.startsWith('(')) return headOf(inside(first), locals);
  const closing = BRACKETS[method.charAt(0)];
  if (closing !== undefined) return `${method.charAt(0)}${closing}`;
  if (/^\d/.test(method)) return 'literal';
  if (locals.has(method)) return tokens.length === 1 ? 'variable' : 'local';
  return method.slice(method.lastIndexOf('.', method.length - 2) + 1);
}

/** The first of these symbols outside brackets, before anything that takes all that follows. */
function splitAt(tokens: readonly Token[], symbols: readonly string[]): number | undefined {
  for (const [i, { text }] of tokens.entries()) {
    if (symbols.includes(text)) return i;
    if (GREEDY.has(text)) return undefined;
  }
  return undefined;
}

const isGroup = ({ text }: Token) => text.charAt(0) in BRACKETS;

const namesOf = (binder: Token) => binder.text.slice(1, -1).split(':')[0]?.trim().split(/\s+/) ?? [];

/** By its name or by a symbol in its type: a function type alone is none. */
function isHypothesis({ text }: Token): boolean {
  const [names = '', ...type] = text.slice(1, -1).split(':');
  if (!'({⦃'.includes(text.charAt(0)) || type.length === 0) return false;
  return /^[hH]/.test(names.trim()) || /[=≠<≤>≥∣∈∉⊆≍∧∨¬↔∃∀]/.test(type.join(':'));
}

const inside = ({ text, start }: Token): Token[] => tokensOf(text.slice(1, -1), start + 1);

/** Words, symbols, and bracketed groups whole. */
function tokensOf(text: string, offset = 0): Token[] {
  const tokens: Token[] = [];
  for (let i = 0; i < text.length; ) {
    const end = tokenEnd(text, i);
    if (!/^(\s+|@)$/.test(text.slice(i, end))) tokens.push({ text: text.slice(i, end), start: offset + i });
    i = end;
  }
  return tokens;
}

function tokenEnd(text: string, start: number): number {
  const opaque = Math.max(skipOpaque(text, start), wordEnd(text, start));
  if (opaque > start) return opaque;
  if (text.charAt(start) in BRACKETS) return groupEnd(text, start);
  const symbol = SYMBOLS.find((s) => text.startsWith(s, start));
  return start + (symbol?.length ?? 1);
}

/** After the bracket that closes this one; the text's end when none does. */
function groupEnd(text: string, start: number): number {
  const closing = BRACKETS[text.charAt(start)];
  for (let i = start + 1; i < text.length; ) {
    if (text.charAt(i) === closing) return i + 1;
    i = tokenEnd(text, i);
  }
  return text.length;
}
