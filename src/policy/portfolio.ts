/**
 * `portfolio:`, the policy without a model: a fixed list of short tactic scripts, tried in order. It is the floor that a
 * model must beat before its pass@k says anything. `portfolio:single` is the list below; `portfolio:FILE` reads one
 * script a line.
 *
 * Completion i of any request is script i modulo the list's length, whatever the prompt and the seed: with as many
 * samples as scripts each is tried once, and pass@k is then the chance that k scripts drawn from the list hold a proof.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { LakatosError, UsageError } from '../ops/errors.ts';
import type { Completion, Policy, SampleRequest } from './policy.ts';

/** Sixteen scripts of core Lean, each one automatic tactic, some after `intros`. */
export const SINGLE_TACTICS: readonly string[] = [
  'grind',
  'omega',
  'simp_all',
  'decide',
  'simp',
  'rfl',
  'intros; omega',
  'intros; simp_all',
  'simp +arith',
  'simp_all +arith',
  'trivial',
  'decide +kernel',
  'ac_rfl',
  'norm_cast',
  'constructor <;> omega',
  'constructor <;> simp_all',
];

export function openPortfolio(place: string): Policy {
  return new PortfolioPolicy(portfolioScripts(place));
}

/** @param place what follows `portfolio:` */
export function portfolioScripts(place: string): readonly string[] {
  return place === 'single' ? SINGLE_TACTICS : scriptsIn(place);
}

class PortfolioPolicy implements Policy {
  readonly version: string;
  readonly #scripts: readonly string[];

  constructor(scripts: readonly string[]) {
    this.#scripts = scripts;
    this.version = createHash('sha256').update(JSON.stringify(scripts)).digest('hex').slice(0, 12);
  }

  async *sample(requests: readonly SampleRequest[]): AsyncGenerator<Completion> {
    for (const { id, n } of requests) {
      for (let index = 0; index < n; index++) {
        const text = this.#scripts[index % this.#scripts.length] ?? '';
        const policyVersion = this.version;
        yield { id, index, text, promptTokens: [], tokens: [], logprobs: [], finish: 'stop', policyVersion };
      }
    }
  }

  async score(): Promise<never> {
    throw refusal('score');
  }

  async embed(): Promise<never> {
    throw refusal('embed');
  }

  async learn(): Promise<never> {
    throw refusal('learn');
  }

  async save(): Promise<never> {
    throw refusal('save');
  }

  async close(): Promise<void> {}
}

function refusal(what: string): LakatosError {
  return new LakatosError(
    `portfolio: has no model, so it cannot ${what}; it only samples. Use another policy.uri, e.g. onnx:models/seed.`,
  );
}

function scriptsIn(file: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(
      `policy.uri: expected portfolio:single or portfolio:FILE with a tactic script a line; ${why}.`,
      'policy.uri',
      { cause },
    );
  }
  const scripts = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (scripts.length === 0)
    throw new UsageError(`policy.uri: ${file} holds no tactic script; write one a line.`, 'policy.uri');
  return scripts;
}
