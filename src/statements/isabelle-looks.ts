/**
 * An Isabelle statement in Lean's looks, for readers that sort statements by their looks: free variables as implicit binders,
 * assumptions as hypotheses, symbols and arrows as Lean writes them. Never to be judged: types are carried along as words, and
 * what looks like a variable is taken for one. A text that is no Isabelle statement stays as it is. Pure.
 */

const HEAD = /^\s*(?:theorem|lemma)\s+[\w.']+\s*(?:\[[^\]]*\])?\s*:\s*/;
/** Lean's own texts never are quoted as a whole, nor do they open with these words before a quote. */
const ISABELLE =
  /^(?:(?:fixes|assumes|shows|obtains)\s[^=]*"|"(?:[^"\\]|\\.)*"(?:\s+and\s+"(?:[^"\\]|\\.)*")*\s*$)/s;
const PIECE = /"((?:[^"\\]|\\.)*)"|[^\s"]+/gs;
const SECTIONS = new Set(['fixes', 'assumes', 'shows', 'obtains']);

/** `o` and `O` are operations. Longer names are constants unless a `fixes`, a type or a quantifier says otherwise. */
const VARIABLE = /(?<![\p{L}\p{N}_'.])(?![oO]\b)(?:\p{L}|\p{Ll}s)[0-9']*(?![\p{L}\p{N}_'.])/gu;

/** Longest first where one begins with another. */
const SYMBOLS: readonly (readonly [RegExp, string])[] = [
  [/\\<Longrightarrow>|==>|⟹|\\<longrightarrow>|\\<rightarrow>|-->|⟶/g, '→'],
  [/\\<longleftrightarrow>|<-->|<->|⟷/g, '↔'],
  [/\\<lbrakk>|\[\|/g, '⟦'],
  [/\\<rbrakk>|\|\]/g, '⟧'],
  [/\\<forall>|\\<And>|⋀|\bALL\b/g, '∀'],
  [/\\<exists>!?|∃!|\bEX\b/g, '∃'],
  [/\\<lambda>|%(?=\w+\.)/g, 'λ'],
  [/\\<noteq>|~=/g, '≠'],
  [/\\<le>|<=/g, '≤'],
  [/\\<ge>|>=/g, '≥'],
  [/\\<or>|\|/g, '∨'],
  [/\\<and>|&/g, '∧'],
  [/\\<not>|~/g, '¬'],
  [/\\<in>/g, '∈'],
  [/\\<notin>/g, '∉'],
  [/\\<subseteq>/g, '⊆'],
  [/\\<Rightarrow>|=>|⇒/g, '→'],
  [/\bdvd\b/g, '∣'],
  [/\bdiv\b/g, '/'],
  [/\bmod\b/g, '%'],
  [/\\<\^?(\w+)>/g, '$1 '],
];

export function withLeanLooks(statement: string): string {
  const head = HEAD.exec(statement)?.[0];
  const body = statement.slice(head?.length ?? 0).replace(/\\<open>|\\<close>|‹|›/g, '"');
  if (head === undefined || !ISABELLE.test(body)) return statement;
  const types = new Map<string, string>();
  const fixed: string[] = [];
  const [assumed, shown]: [string[], string[]] = [[], []];
  let section = 'shows';
  for (const [piece, quoted] of body.matchAll(PIECE))
    if (SECTIONS.has(piece)) section = piece;
    else if (section === 'fixes') fixed.push(quoted ?? piece);
    else if (quoted !== undefined) (section === 'assumes' ? assumed : shown).push(inner(quoted, types));
  for (const group of fixed.join(' ').split(/\band\b/)) declare(group, types);
  for (const [name] of [...assumed, ...shown].join(' ').matchAll(VARIABLE))
    if (!types.has(name)) types.set(name, '_');
  const binders = [...types].map(([name, type]) => ` {${name} : ${type}}`);
  const hypotheses = assumed.map((text) => ` (h : ${text})`);
  return `theorem t${[...binders, ...hypotheses].join('')} : ${shown.join(' ∧ ')}`;
}

/** A proposition; the types it gives to names go into `types`. */
function inner(quoted: string, types: Map<string, string>): string {
  const typed = SYMBOLS.reduce((text, [symbol, lean]) => text.replace(symbol, lean), quoted)
    .replace(/\(([^()]*::[^()]*)\)/g, (whole, group: string) => declare(group, types) ?? whole)
    .replace(
      /([∀∃λ])([^.]*)\./g,
      (_, binder: string, group: string) => `${binder} ${declare(group, types) ?? group},`,
    );
  return typed
    .replace(/⟦([^⟦⟧]*)⟧\s*→/g, (_, all: string) =>
      all
        .split(';')
        .map((one) => `(${one.trim()}) →`)
        .join(' '),
    )
    .replace(/(?<=\s)#(?=\s)/g, '::')
    .replace(/(?<=\s)@(?=\s)/g, '++');
}

/** `x y :: T` or `x y`: notes the names with their type, and gives them back without it; undefined where it is neither. */
function declare(group: string, types: Map<string, string>): string | undefined {
  const [names = '', type = ''] = group.split('::').map((part) => part.trim());
  if (!/^[\p{L}\p{N}_'\s]+$/u.test(names)) return undefined;
  for (const name of names.split(/\s+/)) types.set(name, type.replace(/[^\p{L}\p{N}_]+/gu, '_') || '_');
  return names;
}
