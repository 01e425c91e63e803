/** An evaluation's world without models, Lean or clock: a policy that answers by index, a checker told what is a proof. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type {
  Attempt,
  Checker,
  Inspection,
  Source,
  Verdict,
  VerdictKind,
} from '../../src/checkers/checker.ts';
import type { EvalWorld } from '../../src/cli/eval.ts';
import type { EvalFlags } from '../../src/cli/eval-plan.ts';
import type { Completion, Policy, SampleRequest } from '../../src/policy/policy.ts';
import type { Statement } from '../../src/statements/statement.ts';

export interface Behaviour {
  /** Asked for each attempt; `proof` is `s0`, `s1` … by sample index. */
  readonly verdict: (name: string, proof: string) => VerdictKind;
  /** Why a statement does not elaborate; null when it does. */
  readonly refusal: (text: string) => string | null;
  /** What the policy writes as sample `index`; null is no answer at all. */
  readonly write: (index: number) => string | null;
  /** Called at every answer of policy and checker; a test makes it throw to cut the evaluation off there. */
  readonly onAnswer: () => void;
  readonly version: string;
  readonly toolchain: string;
}

const plain: Behaviour = {
  verdict: (_, proof) => (proof === 's0' ? 'proved' : 'rejected'),
  refusal: () => null,
  write: (index) => `s${index}`,
  onAnswer: () => {},
  version: 'v1',
  toolchain: 'fake Lean 1',
};

class IndexPolicy implements Policy {
  readonly version: string;
  readonly #behaviour: Behaviour;
  constructor(behaviour: Behaviour) {
    this.version = behaviour.version;
    this.#behaviour = behaviour;
  }
  async *sample(requests: readonly SampleRequest[]): AsyncGenerator<Completion> {
    for (const { id, n } of requests)
      for (let index = 0; index < n; index++) {
        this.#behaviour.onAnswer();
        const text = this.#behaviour.write(index);
        if (text === null) continue;
        const tokens = [...text].map(() => 1);
        const { version: policyVersion } = this;
        yield {
          id,
          index,
          text,
          promptTokens: [1],
          tokens,
          logprobs: tokens.map(() => -1),
          finish: 'stop',
          policyVersion,
        };
      }
  }
  score = (): Promise<never> => Promise.reject(new Error('not asked for'));
  embed = (): Promise<never> => Promise.reject(new Error('not asked for'));
  learn = (): Promise<never> => Promise.reject(new Error('not asked for'));
  save = (): Promise<never> => Promise.reject(new Error('not asked for'));
  async close(): Promise<void> {}
}

class ToldChecker implements Checker {
  readonly toolchain: string;
  readonly #behaviour: Behaviour;
  constructor(behaviour: Behaviour) {
    this.toolchain = behaviour.toolchain;
    this.#behaviour = behaviour;
  }
  async *inspect(statements: Source<Statement>): AsyncGenerator<Inspection> {
    for await (const { id, text } of statements) {
      this.#behaviour.onAnswer();
      const reason = this.#behaviour.refusal(text);
      const typeHash = reason === null ? typeHashOf(text) : '';
      const probes = { hollow: null, trivial: null, refuted: null };
      yield {
        id,
        ok: reason === null,
        reason: reason ?? '',
        typeHash,
        constants: [],
        aliases: [],
        ...probes,
        ms: 1,
      };
    }
  }
  async *judge(attempts: Source<Attempt>): AsyncGenerator<Verdict> {
    for await (const { id, statement, proof } of attempts) {
      this.#behaviour.onAnswer();
      const verdict = this.#behaviour.verdict(nameOf(statement), proof);
      const axioms = verdict === 'proved' ? ['propext'] : [];
      yield {
        id,
        verdict,
        reason: verdict === 'rejected' ? `${proof} failed` : verdict,
        axioms,
        premises: [],
        ms: 2,
      };
    }
  }
  async close(): Promise<void> {}
}

/** The same whatever the theorem is called, as the real one is. */
export const typeHashOf = (text: string) =>
  createHash('sha256')
    .update(text.replace(/^theorem \S+/, ''))
    .digest('hex')
    .slice(0, 16);

const nameOf = ({ text }: Statement) => /^theorem (\S+)/.exec(text)?.[1] ?? '';

export function world(behaviour: Partial<Behaviour> = {}, signal = new AbortController().signal): EvalWorld {
  const whole = { ...plain, ...behaviour };
  return {
    openPolicy: async () => new IndexPolicy(whole),
    openChecker: () => new ToldChecker(whole),
    tokenizerHash: () => null,
    versions: () => ({ lakatos: 'test' }),
    machine: () => ({ cpu: 'test', cores: 1, memoryBytes: 1, system: 'test', gpus: null }),
    peakMemory: () => 1e6,
    cpuSeconds: () => null,
    startProgress: () => ({ advance() {}, expect() {}, end() {} }),
    signal,
    now: () => 0,
  };
}

/** A miniF2F file of these problems; statements are `theorem NAME : NAME = NAME` unless given. */
export function problemFile(
  path: string,
  names: readonly string[],
  statement = (name: string) => `${name} = ${name}`,
) {
  mkdirSync(dirname(path), { recursive: true });
  const rows = names.map((name) => ({
    name,
    split: 'valid',
    formal_statement: `theorem ${name} : ${statement(name)} := by\n`,
    header: 'import Mathlib\n\nopen Nat\n\n',
  }));
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return path;
}

export function flags(root: string, over: Partial<EvalFlags> = {}): EvalFlags {
  return {
    dataset: 'minif2f',
    file: join(root, 'problems.jsonl'),
    split: 'valid',
    n: '4',
    k: '1,2,4',
    out: join(root, 'out'),
    profile: 'partial',
    adaptive: false,
    config: [],
    set: [],
    ...over,
  };
}
