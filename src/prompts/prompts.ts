/**
 * The one renderer of prompts: sampling, training and evaluation all call it, so that they cannot drift apart
 * (STP's released code trains its conjecturer on a header that it leaves out when sampling: RL/RL_step2_train.py:67
 * against RL/utils/model_utils.py:36). Templates live in `prompts/<style>.toml`; this file only fills them in.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parse } from 'smol-toml';
import { z } from 'zod';
import { UsageError } from '../ops/errors.ts';
import { shippedPath } from '../ops/shipped.ts';
import type { Language, Statement } from '../statements/statement.ts';

const template = z.strictObject({ prompt: z.string(), completion: z.string(), end: z.string() });
const language = z.strictObject({ prover: template, conjecturer: template });
const styles = z.strictObject({ lean: language, isabelle: language.optional() });

/** A training text: what is given, and what is to be written (its end marker included). */
export interface Example {
  readonly prompt: string;
  readonly completion: string;
}

export interface ConjectureInput {
  readonly seed: Statement;
  readonly seedProof: string;
  /** Text of the lemma that the seed's proof uses, e.g. `theorem Nat.add_comm (n m : Nat) : n + m = m + n`. */
  readonly lemma: string;
}

/** The lemma that uses nothing: it lets the conjecturer follow the seed alone (STP, Algorithm 1). */
export const TRIVIAL_LEMMA = 'theorem true : True';
const TRIVIAL_LEMMAS: Readonly<Record<Language, string>> = {
  lean: TRIVIAL_LEMMA,
  isabelle: 'theorem true: "True"',
};

export const trivialLemma = (language: Language): string => TRIVIAL_LEMMAS[language];

export interface Prompts {
  /** SHA-256 of the template file, 12 hex digits: part of a report's provenance. */
  readonly hash: string;
  /** What ends a completion of each role, for the sampler to stop at: with a model that writes on, nothing after it is learned. */
  readonly stops: { readonly prover: readonly string[]; readonly conjecturer: readonly string[] };
  prover(statement: Statement): string;
  proverExample(statement: Statement, proof: string): Example;
  conjecturer(input: ConjectureInput): string;
  conjecturerExample(input: ConjectureInput, conjecture: string): Example;
}

/** Read `prompts/<style>.toml`. Errors name the file and the key. */
export function loadPrompts(file: string, lang: Language = 'lean'): Prompts {
  const text = textOf(file);
  const parsed = styles.safeParse(parse(text));
  if (!parsed.success) throw new Error(`Prompt file ${file}: ${z.prettifyError(parsed.error)}`);
  const forms = parsed.data[lang];
  if (forms === undefined) throw new Error(`Prompt file ${file} has no [${lang}.…] templates.`);

  const prover = (s: Statement) => fill(forms.prover.prompt, { header: s.header, statement: s.text });
  const conjecturer = (c: ConjectureInput) =>
    fill(forms.conjecturer.prompt, {
      header: c.seed.header,
      statement: c.seed.text,
      proof: c.seedProof,
      lemma: c.lemma,
    });
  return {
    hash: createHash('sha256').update(text).digest('hex').slice(0, 12),
    stops: { prover: stopsOf(forms.prover.end), conjecturer: stopsOf(forms.conjecturer.end) },
    prover,
    proverExample: (s, proof) => ({
      prompt: prover(s),
      completion: fill(forms.prover.completion, { proof }) + forms.prover.end,
    }),
    conjecturer,
    conjecturerExample: (c, conjecture) => ({
      prompt: conjecturer(c),
      completion:
        fill(forms.conjecturer.completion, { conjecture: withoutTheoremT(conjecture) }) +
        forms.conjecturer.end,
    }),
  };
}

/** The end marker without the blanks around it, which a model may leave out; none when the template has none. */
const stopsOf = (end: string): string[] => (end === '' ? [] : [end.trim() || end]);

function textOf(file: string): string {
  try {
    return readFileSync(shippedPath(file), 'utf8');
  } catch (cause) {
    throw new UsageError(`policy.prompts: there are no templates ${file}.`, 'policy.prompts', { cause });
  }
}

/** Fill `{{name}}`; one pass, so that a value holding braces is never expanded again. */
function fill(form: string, values: Readonly<Record<string, string>>): string {
  return form.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`Prompt template names an unknown field {{${name}}}.`);
    return value;
  });
}

/** The conjecturer continues `theorem t`: drop a statement's own `theorem <name>`, up to a colon that is no part of it. */
function withoutTheoremT(statement: string): string {
  return statement.replace(/^\s*(?:theorem|lemma|corollary|proposition)\s+[^\s:]+/, '');
}
