/**
 * What a candidate may be made of, decided on its text before any Isabelle is asked: a header of imports, a statement of
 * one theorem, a proof of commands from a closed list. Anything else is `forbidden`, with the word that makes it so; what
 * cannot be scanned is `rejected`. `isabelle/lakatos.ML` decides the same again with Isabelle's real keywords.
 */
import { type OuterToken, scanOuter } from '../../statements/outer-syntax.ts';

export type Refusal = { readonly verdict: 'rejected' | 'forbidden'; readonly reason: string };

/** Every command a proof may use. The list in lakatos.ML is this one. */
export const PROOF_COMMANDS: ReadonlySet<string> = new Set(
  `by .. . proof qed apply done apply_end using unfolding supply subgoal defer prefer back
   have hence show thus then from with note fix assume presume define obtain consider case let next { }
   also finally moreover ultimately interpret`.split(/\s+/),
);

export const STATEMENT_COMMANDS: ReadonlySet<string> = new Set([
  'theorem',
  'lemma',
  'corollary',
  'proposition',
]);

/**
 * Methods that compile ML or run programs beside Isabelle, and options that let a goal be skipped; the list in lakatos.ML
 * is this one. They may stand nowhere, as variables and in strings neither: `use FACTS in TEXT`, `subproofs TEXT` and
 * Eisbach's `match` read methods out of what is quoted, quotes within quotes too.
 */
export const REFUSED_WORDS: ReadonlySet<string> = new Set(
  'tactic raw_tactic ml_tactic smt sos sledgehammer try0 quick_and_dirty skip_proofs smt_oracle'.split(' '),
);

/** Elements of a statement that change how it is read; the list in lakatos.ML is this one. */
export const REFUSED_ELEMENTS: ReadonlySet<string> = new Set(
  'includes notes infix infixl infixr binder ['.split(' '),
);

/** Control symbols that only shape letters. Every other one is an antiquotation or a formal comment. */
const SHAPES = new Set(['sub', 'sup', 'bold', 'bsub', 'esub', 'bsup', 'esup']);

const because = (why: string, words: string): [string, string][] => words.split(/\s+/).map((w) => [w, why]);

/** Commands that cannot stand in a proof or a statement, and why; what is missing here, Isabelle's keywords catch. */
const REFUSED_COMMANDS: ReadonlyMap<string, string> = new Map([
  ...because('leaves the goal unproved', 'sorry oops \\<proof>'),
  ...because('adds axioms', 'axiomatization oracle'),
  ...because(
    'runs or compiles code',
    `ML ML_prf ML_val ML_command ML_file ML_file_debug ML_file_no_debug ML_export SML_file SML_file_debug
     SML_file_no_debug SML_import SML_export setup local_setup attribute_setup method_setup simproc_setup declaration
     syntax_declaration parse_ast_translation parse_translation print_translation typed_print_translation
     print_ast_translation code_printing code_reflect code_identifier code_reserved code_monad export_code value values
     values_prolog compile_generated_files scala_build_generated_files export_generated_files generate_file
     external_file bibtex_file ROOTS_file`,
  ),
  ...because(
    'changes how texts are read',
    `notation no_notation type_notation no_type_notation syntax no_syntax syntax_consts syntax_types translations
     no_translations write nonterminal judgment bundle unbundle include including open_bundle adhoc_overloading
     no_adhoc_overloading`,
  ),
  ...because(
    'declares something new',
    `theory imports keywords begin end declare definition abbreviation type_synonym typedecl typedef datatype
     codatatype primrec primcorec primcorecursive fun function termination inductive inductive_set coinductive
     coinductive_set record class instance instantiation subclass locale context sublocale interpretation
     global_interpretation experiment overloading consts default_sort lemmas named_theorems notepad specification
     quotient_type quotient_definition lift_definition setup_lifting lifting_forget lifting_update copy_bnf bnf
     alias type_alias hide_class hide_type hide_const hide_fact partial_function
     free_constructors code_datatype code_deps old_rep_datatype realizers realizability extract extract_type
     inductive_cases inductive_simps fun_cases schematic_goal private qualified`,
  ),
  ...because('is another theorem', 'theorem lemma corollary proposition'),
  ...because(
    'is a document command',
    'text txt text_raw chapter section subsection subsubsection paragraph subparagraph',
  ),
  ...because(
    'searches or prints and proves nothing',
    `sledgehammer sledgehammer_params try try0 nitpick nitpick_params quickcheck quickcheck_params quickcheck_generator
     solve_direct nunchaku nunchaku_params refute refute_params find_theorems find_consts find_unused_assms
     print_state print_theorems print_facts print_cases print_methods print_attributes print_simpset print_rules
     print_context print_commands print_syntax print_statement print_term_bindings thm thm_deps thm_oracles
     unused_thms prf full_prf prop term typ help welcome smt_status`,
  ),
]);

export function refuseProof(text: string): Refusal | undefined {
  const tokens = scan(text, 'proof');
  if ('verdict' in tokens) return tokens;
  const [first] = tokens;
  if (first === undefined) return { verdict: 'rejected', reason: 'the proof is empty' };
  const bad = refuseTokens(tokens, 'proof');
  if (bad) return bad;
  if (PROOF_COMMANDS.has(first.content) && isBare(first)) return undefined;
  return { verdict: 'rejected', reason: `expected a proof command, found ${shown(first)}` };
}

export function refuseStatement(text: string): Refusal | undefined {
  const tokens = scan(text, 'statement');
  if ('verdict' in tokens) return tokens;
  const [first, name] = tokens;
  if (first === undefined || !isBare(first) || !STATEMENT_COMMANDS.has(first.content))
    return {
      verdict: 'rejected',
      reason: `the statement must begin with ${[...STATEMENT_COMMANDS].join(', ')}, found ${first ? shown(first) : 'nothing'}`,
    };
  const rest = tokens.slice(1);
  const bad = refuseTokens(rest, 'statement') ?? refuseCommand(rest, PROOF_COMMANDS_ONLY, 'begins a proof');
  if (bad) return bad;
  if (name === undefined || name.kind !== 'word')
    return { verdict: 'rejected', reason: 'the statement has no name: write it as theorem NAME: "…"' };
  return refuseElements(rest);
}

/** What a mark in a statement stands for. */
const NAMED_BY = new Map([
  ['[', 'an attribute'],
  ['(', 'notation'],
]);

/** A statement reads its own propositions: notation, bundles and attributes in it could make them say anything. */
function refuseElements(tokens: readonly OuterToken[]): Refusal | undefined {
  const found = tokens.find(
    (token, i) =>
      isBare(token) &&
      (REFUSED_ELEMENTS.has(token.content) || (token.content === '(' && isQuoted(tokens[i + 1]))),
  );
  if (found === undefined) return undefined;
  const what = NAMED_BY.get(found.content) ?? found.content;
  const reason = `${what} is not allowed in a statement: it changes how texts are read`;
  return { verdict: 'forbidden', reason };
}

/** Proof commands that are no part of a statement's own syntax. */
const PROOF_COMMANDS_ONLY = new Set([...PROOF_COMMANDS].filter((c) => !['.', '{', '}', 'let'].includes(c)));

/** The theories a header names, as they are written after `imports`. */
export function importsOf(header: string, none: readonly string[]): readonly string[] | Refusal {
  const tokens = scan(header, 'header');
  if ('verdict' in tokens) return tokens;
  const words = tokens.filter((t) => t.kind !== 'comment');
  if (words.length === 0) return none;
  const named = words[0]?.content === 'theory' ? 2 : 0;
  const end = words.at(-1)?.content === 'begin' ? -1 : undefined;
  const [keyword, ...names] = words.slice(named, end);
  if (keyword?.content !== 'imports' || names.length === 0)
    return { verdict: 'rejected', reason: 'the header must be: imports THEORY …' };
  const wrong = names.find(({ kind, content }) => !/^(word|string)$/.test(kind) || !THEORY.test(content));
  if (wrong === undefined) return names.map(({ content }) => content);
  return {
    verdict: 'forbidden',
    reason: `the header may hold names of theories only, e.g. Main or "HOL-Library.Multiset", found ${shown(wrong)}`,
  };
}

/** A theory of the session's, or SESSION.Theory; no path. */
const THEORY = /^[A-Za-z][\w-]*(?:\.[A-Za-z]\w*)?$/;

function scan(text: string, what: string): readonly OuterToken[] | Refusal {
  const tokens = scanOuter(text);
  if ('unreadable' in tokens) return { verdict: 'rejected', reason: `the ${what}: ${tokens.unreadable}` };
  const control = /\\<\^([^>]*)>/g;
  const alien = [...text.matchAll(control)].find(([, name = '']) => !SHAPES.has(name))?.[0];
  if (alien !== undefined || text.includes('\\<comment>') || text.includes('@{'))
    return {
      verdict: 'forbidden',
      reason: `antiquotations and formal comments are not allowed: ${alien ?? (text.includes('@{') ? '@{…}' : '\\<comment>')}`,
    };
  if (/\\\d/.test(text))
    return { verdict: 'forbidden', reason: 'characters given by their number (\\ddd) are not allowed' };
  return tokens.filter((t) => t.kind !== 'comment');
}

function refuseTokens(tokens: readonly OuterToken[], what: string): Refusal | undefined {
  for (const [i, token] of tokens.entries()) {
    const why = isBare(token) ? REFUSED_COMMANDS.get(token.content) : undefined;
    if (why !== undefined)
      return { verdict: 'forbidden', reason: `${token.content} is not allowed in a ${what}: it ${why}` };
    const word = token.content.match(/[A-Za-z][\w']*/g)?.find((w) => REFUSED_WORDS.has(w));
    if (word !== undefined)
      return {
        verdict: 'forbidden',
        reason: `${word} is not allowed in a ${what}, nor in its quotes: it runs code or other programs, or skips goals`,
      };
    if (opensOption(tokens.slice(i, i + 3)))
      return { verdict: 'forbidden', reason: 'options ([[…]], [NAME = …]) are not allowed' };
  }
  return undefined;
}

/** `[[`, or the start of an attribute that is an option with its value. */
function opensOption([open, name, equals]: readonly OuterToken[]): boolean {
  if (!open || !name || !isBare(open) || !/^[[,]$/.test(open.content)) return false;
  if (open.content === '[' && isBare(name) && name.content === '[') return true;
  return equals !== undefined && isBare(equals) && equals.content === '=';
}

function refuseCommand(
  tokens: readonly OuterToken[],
  commands: ReadonlySet<string>,
  why: string,
): Refusal | undefined {
  const found = tokens.find((t) => isBare(t) && commands.has(t.content));
  return (
    found && { verdict: 'forbidden', reason: `${found.content} is not allowed in a statement: it ${why}` }
  );
}

const isQuoted = (token: OuterToken | undefined): boolean =>
  token?.kind === 'string' || token?.kind === 'cartouche';

const isBare = ({ kind }: OuterToken): boolean => kind === 'word' || kind === 'symbol';

const shown = ({ content }: OuterToken): string => JSON.stringify(content.slice(0, 40));
