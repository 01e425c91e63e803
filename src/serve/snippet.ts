/**
 * A whole Lean file, as servers of a Lean REPL take it → attempts, one a theorem; the file is right when all are
 * proved. Earlier theorems stand as `have`s at the head of a later theorem's proof, where that may use them.
 *
 * Sound because every theorem's statement is elaborated on its own, and every slice goes to the judge as it stands
 * and is parsed there by Lean to its end: cut wrongly, a text does not parse; it never becomes a proof of something
 * else. (A `have` alone would not do: a later theorem's variables can change what its words mean.) Left out are
 * comments between commands, `set_option` (the judge's own limits stand), `#check`, `#print` and closing `end`s.
 *
 * Refused: what Lean would not accept either, or what proves nothing (`rejected`: an answer that was cut off, prose),
 * what our policy forbids (`forbidden`), and what this door cannot turn into attempts though Lean might accept it
 * (`unsupported`: definitions, attributes, more than one namespace …). Only the last is not the file's fault.
 */
import { proofStart } from '../statements/cut.ts';
import { commandsOf, type LeanCommand, withoutComments } from './commands.ts';

export interface SnippetAttempt {
  readonly statement: string;
  readonly proof: string;
  /** Of its first word in the file, from 1. */
  readonly line: number;
}

export type Snippet =
  | { readonly kind: 'attempts'; readonly header: string; readonly attempts: readonly SnippetAttempt[] }
  | { readonly kind: RefusalKind; readonly reason: string; readonly line: number };

type RefusalKind = 'rejected' | 'forbidden' | 'unsupported';

/** Longest file read, UTF-16 units; and most theorems, since each repeats those before it. */
const MAX_CODE = 1_000_000;
const MAX_THEOREMS = 64;

const THEOREMS = ['theorem', 'lemma', 'example'];
const HEADER = ['import', 'open', 'universe', 'variable', 'namespace', 'section', 'noncomputable'];
/** These assume things, change what a statement says, or run programs: no proof needs them. */
const FORBIDDEN = new Set(
  (
    'axiom opaque unsafe macro macro_rules notation notation3 infix infixl infixr prefix postfix syntax ' +
    'declare_syntax_cat elab elab_rules initialize builtin_initialize simproc dsimproc run_cmd run_elab run_meta ' +
    'prelude #eval #exit'
  ).split(' '),
);

class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly kind: RefusalKind;
  readonly line: number;

  constructor(kind: RefusalKind, reason: string, line: number) {
    super(reason);
    this.kind = kind;
    this.line = line;
  }
}

export function readSnippet(code: string): Snippet {
  try {
    if (code.length > MAX_CODE)
      throw new Refusal(
        'forbidden',
        `the code is ${code.length} characters long; at most ${MAX_CODE} are read`,
        1,
      );
    return attemptsOf(commandsOf(code.replaceAll('\r\n', '\n')));
  } catch (error) {
    if (error instanceof Refusal) return { kind: error.kind, reason: error.message, line: error.line };
    throw error;
  }
}

function attemptsOf(all: readonly LeanCommand[]): Snippet {
  const commands = all.filter((command, i) => !isIgnored(command) && !isVisibility(command, all[i + 1]));
  const first = commands.findIndex(({ word }) => THEOREMS.includes(word));
  const before = first < 0 ? commands : commands.slice(0, first);
  const header = before.map(headerLine);
  const theorems = first < 0 ? [] : theoremsOf(commands.slice(first));
  if (theorems.length === 0) throw new Refusal('rejected', 'there is no theorem to judge', 1);
  if (theorems.length > 1) refuseScoped(before);
  refuseQualified(theorems);
  const helpers: string[] = [];
  const attempts = theorems.map((theorem, i) => {
    const { statement, proof } = parts(theorem, 'theorem');
    const whole = [...helpers, proof].join('\n');
    if (i < theorems.length - 1) helpers.push(asHave(theorem));
    return { statement, proof: whole, line: theorem.line };
  });
  return { kind: 'attempts', header: header.join('\n'), attempts };
}

function isIgnored({ word, text }: LeanCommand): boolean {
  if (word === 'set_option')
    return /^set_option\s+[\w.]+\s+([\w.]+|"[^"]*")(\s+in)?$/.test(withoutComments(text));
  if (word === '/--' || word === '/-!') return withoutComments(text) === '';
  return word === '#check' || word === '#print';
}

/** Who else may use a theorem does not change what it says. */
const isVisibility = ({ word, text }: LeanCommand, next: LeanCommand | undefined): boolean =>
  (word === 'private' || word === 'protected') &&
  withoutComments(text) === word &&
  THEOREMS.includes(next?.word ?? '');

function headerLine({ word, text, line }: LeanCommand): string {
  const plain = withoutComments(text);
  if (FORBIDDEN.has(word)) throw new Refusal('forbidden', `${word} is not allowed`, line);
  if (!/^[a-z#@/]/.test(word))
    throw new Refusal('rejected', `expected a command, found ${JSON.stringify(plain.slice(0, 40))}`, line);
  if (!HEADER.includes(word))
    throw new Refusal('unsupported', `${word} is not read here, only theorems are`, line);
  // No header needs one, and so nothing can hide in what only looks like one.
  if (plain.includes('"')) throw new Refusal('unsupported', 'a string in the header is not read here', line);
  return word === 'noncomputable' ? '' : plain.replace(/\sin$/, '');
}

/** From the first theorem on: theorems, and the `end`s that may follow the last of them. */
function theoremsOf(commands: readonly LeanCommand[]): LeanCommand[] {
  const theorems: LeanCommand[] = [];
  let ended = false;
  for (const command of commands) {
    const { word, line } = command;
    if (FORBIDDEN.has(word)) throw new Refusal('forbidden', `${word} is not allowed`, line);
    if (word === 'end') ended = true;
    else if (ended || !THEOREMS.includes(word))
      throw new Refusal(
        'unsupported',
        `${word} after ${ended ? 'an end' : 'a theorem'} is not read here`,
        line,
      );
    else theorems.push(command);
  }
  const extra = theorems[MAX_THEOREMS];
  if (extra)
    throw new Refusal('unsupported', `at most ${MAX_THEOREMS} theorems of a file are read here`, extra.line);
  return theorems;
}

/** What holds for one theorem only, or means another thing inside a proof. */
function refuseScoped(before: readonly LeanCommand[]): void {
  const scoped = before.find(({ word, text }) => word === 'variable' || /\sin$/.test(withoutComments(text)));
  if (!scoped) return;
  throw new Refusal('unsupported', `${scoped.word} with more than one theorem is not read here`, scoped.line);
}

/** A `have` answers to its own name only, not to one with a namespace before it. */
function refuseQualified(theorems: readonly LeanCommand[]): void {
  const helpers: string[] = [];
  for (const theorem of theorems) {
    const used = helpers.find((name) => name !== '' && theorem.text.includes(`.${name}`));
    if (used !== undefined)
      throw new Refusal('unsupported', `${used} by a name with dots is not read here`, theorem.line);
    helpers.push(nameOf(theorem));
  }
}

function parts({ word, text, line }: LeanCommand, keyword: string): { statement: string; proof: string } {
  const at = proofStart(text);
  if (OTHER_PROOF.test(withoutComments(text.slice(0, at))))
    throw new Refusal('unsupported', `this ${word} is proved by cases or fields, not by :=`, line);
  if (at === text.length) throw new Refusal('rejected', `this ${word} has no := before its proof`, line);
  const name = word === 'example' ? ' judged_example' : '';
  return { statement: keyword + name + text.slice(word.length, at).trimEnd(), proof: text.slice(at + 2) };
}

/** Lean takes a proof without `:=` too: by cases, which begin with a bar, or by fields, which follow `where`. */
const OTHER_PROOF = /^\s*\|.*=>|(?<![\w.])where(?!\w)/m;

/**
 * `lemma a (n : Nat) : P n := p` → `have a (n : Nat) : P n := (p);`. The bracket closes on a line of its own, where no
 * comment reaches; without the semicolon what follows would be the bracket's argument.
 */
function asHave(theorem: LeanCommand): string {
  const { statement, proof } = parts(theorem, 'have');
  const name = nameOf(theorem);
  if (name.includes('.'))
    throw new Refusal(
      'unsupported',
      `${name}: a helper with a dot in its name is not read here`,
      theorem.line,
    );
  return `${statement} := (${proof}\n);`;
}

const nameOf = ({ text }: LeanCommand): string => /^\w+\s+([^\s:({[⦃⟨]+)/.exec(text)?.[1] ?? '';
