/**
 * A policy and a checker that decide by hashing, in no time: for tests of what the loop does with answers, not of the
 * answers. Every answer is a function of what was asked, as it is with the real parts.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attempt, Checker, Inspection, Source, Verdict } from '../../src/checkers/checker.ts';
import type { Bundle } from '../../src/policy/bundle.ts';
import type { Completion, LearnReport, Policy, SampleRequest, Sequence } from '../../src/policy/policy.ts';
import type { RewardExample, RewardModel } from '../../src/policy/reward-model.ts';
import type { Statement } from '../../src/statements/statement.ts';

const digest = (...parts: readonly unknown[]) =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex');
const dice = (sides: number, ...parts: readonly unknown[]) =>
  Number.parseInt(digest(...parts).slice(0, 8), 16) % sides;

/** Called at every answer; a test makes it throw to interrupt the loop there. */
export type OnAnswer = () => void;

export class FakePolicy implements Policy {
  version: string;
  #answers = 0;
  readonly #onAnswer: OnAnswer;

  constructor(version: string, onAnswer: OnAnswer = () => {}) {
    this.version = version;
    this.#onAnswer = onAnswer;
  }

  static load(dir: string, onAnswer: OnAnswer): FakePolicy {
    return new FakePolicy(readFileSync(join(dir, 'version'), 'utf8'), onAnswer);
  }

  async *sample(requests: readonly SampleRequest[]): AsyncGenerator<Completion> {
    // Not in order: an engine yields completions as they finish.
    for (const request of requests)
      for (let index = request.n - 1; index >= 0; index--) {
        this.#onAnswer();
        if (++this.#answers % 32 === 0) await new Promise(setImmediate); // as an engine does, let others work
        const n = dice(6, this.version, request.prompt, request.seed, index);
        const text = request.prompt.includes('<conjecture>')
          ? ` (n : Nat) : n + ${n} = ${n} + n`
          : `simp ${n}`;
        const tokens = [...text].map((c) => c.charCodeAt(0));
        const logprobs = tokens.map(() => -0.5);
        const finish = dice(20, request.seed, index) === 0 ? 'length' : 'stop';
        yield {
          id: request.id,
          index,
          text,
          promptTokens: [1, 2],
          tokens,
          logprobs,
          finish,
          policyVersion: this.version,
        };
      }
  }

  async score(sequences: readonly Sequence[]): Promise<Float32Array[]> {
    return sequences.map((s) => new Float32Array(s.tokens.length).fill(-0.25));
  }

  async embed(texts: readonly string[]): Promise<Float32Array[]> {
    return texts.map(() => new Float32Array([1]));
  }

  async learn(bundle: Bundle): Promise<LearnReport> {
    this.#onAnswer();
    this.version = digest(this.version, bundle.hash).slice(0, 12);
    const { version } = this;
    return {
      version,
      steps: bundle.steps.length,
      tokens: 1,
      seconds: 1,
      firstLoss: 1,
      lastLoss: 1,
      maxGradNorm: 1,
    };
  }

  async save(dir: string): Promise<void> {
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'version'), this.version);
  }

  async close(): Promise<void> {}
}

/** Its scores depend on the tokens and on everything it has learned from. */
export class FakeRewardModel implements RewardModel {
  steps = 0;
  #version: string;
  readonly #onAnswer: OnAnswer;

  constructor(version: string, onAnswer: OnAnswer) {
    this.#version = version;
    this.#onAnswer = onAnswer;
  }

  static load(dir: string, onAnswer: OnAnswer): FakeRewardModel {
    const { steps, version } = JSON.parse(readFileSync(join(dir, 'state'), 'utf8'));
    return Object.assign(new FakeRewardModel(version, onAnswer), { steps });
  }

  async score(sequences: readonly Sequence[]): Promise<Float32Array[]> {
    this.#onAnswer();
    return sequences.map(({ tokens }) =>
      Float32Array.from(tokens, (token, t) => dice(2000, this.#version, token, t) / 500 - 2),
    );
  }

  async step(examples: readonly RewardExample[]) {
    this.#onAnswer();
    if (examples.length > 0) this.steps += 1;
    this.#version = digest(this.#version, examples);
    return { loss: 0.5, gradNorm: 1 };
  }

  async save(dir: string): Promise<string> {
    mkdirSync(dir, { recursive: true });
    const version = this.#version;
    writeFileSync(join(dir, 'state'), JSON.stringify({ steps: this.steps, version }));
    return version;
  }

  async close(): Promise<void> {}
}

export class FakeChecker implements Checker {
  readonly toolchain = 'fake';
  readonly #onAnswer: OnAnswer;

  constructor(onAnswer: OnAnswer = () => {}) {
    this.#onAnswer = onAnswer;
  }

  async *inspect(statements: Iterable<Statement>): AsyncGenerator<Inspection> {
    for (const { id, text } of statements) {
      this.#onAnswer();
      yield {
        id,
        ok: true,
        reason: '',
        typeHash: digest(text).slice(0, 16),
        constants: [],
        aliases: [],
        hollow: null,
        trivial: text.includes('n + 0') ? 'rfl' : null,
        refuted: text.includes('n + 1') ? 'n = 0' : null,
        ms: 1,
      };
    }
  }

  /** About one attempt in four is proved; which ones depends on statement and proof. */
  async *judge(attempts: Source<Attempt>): AsyncGenerator<Verdict> {
    for await (const { id, statement, proof } of attempts) {
      this.#onAnswer();
      const proved = dice(4, statement.text, proof) === 0;
      const verdict = proved ? 'proved' : 'rejected';
      yield { id, verdict, reason: verdict, axioms: [], premises: proved ? ['Nat.add_comm'] : [], ms: 1 };
    }
  }

  async close(): Promise<void> {}
}
