/**
 * The policy behind vLLM or SGLang: text and ids meet here, sampling is spread over the replicas, and every completion
 * carries the version that was checked to have produced it. Learning is the trainer's work (learner.ts); the new weights
 * are brought to the server and recognised there before the next sample.
 */
import PQueue from 'p-queue';
import { LakatosError } from '../../ops/errors.ts';
import type { Bundle } from '../bundle.ts';
import { fitting } from '../fitting.ts';
import { checkSettings } from '../onnx/sampling.ts';
import type {
  Completion,
  LearnProgress,
  LearnReport,
  Policy,
  SampleRequest,
  SamplerSettings,
  Sequence,
} from '../policy.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { witnessesIn } from './checkpoint-version.ts';
import { completionOf, type Reading } from './completion.ts';
import type { Dialect, ModelId } from './dialect.ts';
import { CapabilityError } from './errors.ts';
import type { Host, Weights } from './host.ts';
import type { Learner, Witness } from './learner.ts';
import { Outlet } from './outlet.ts';
import { refuseStrangers } from './witnesses.ts';

export interface ServedPolicyParts {
  readonly host: Host;
  readonly dialect: Dialect;
  readonly tokenizer: Tokenizer;
  readonly endTokens: readonly number[];
  /** null: samples only. */
  readonly learner: Learner | null;
  readonly requestSeconds: number;
  /** Writes the current weights to a directory. */
  readonly save: (weights: Weights, dir: string) => Promise<void>;
  /** Finds saved weights, and scores them without the servers. */
  readonly scorer: (path: string) => Promise<{ readonly weights: Weights; readonly score: Policy['score'] }>;
  /** One line for a person. */
  readonly say: (message: string) => void;
}

interface Prompted {
  readonly request: SampleRequest;
  readonly promptTokens: readonly number[];
}

/** Tokens of the context that are left free: servers score a sequence by sampling one token after it. */
const SCORING = 1;

export class ServedPolicy implements Policy {
  readonly #parts: ServedPolicyParts;
  /** Learning changes what is served: nothing else runs beside it. */
  readonly #turns = new PQueue({ concurrency: 1 });
  #weights: Weights;

  constructor(parts: ServedPolicyParts, weights: Weights) {
    this.#parts = parts;
    this.#weights = weights;
  }

  get version(): string {
    return this.#weights.version;
  }

  /** To be asked once, when the servers were given weights that were saved: are they there? */
  async recognise(): Promise<void> {
    await this.#recognise(await witnessesIn(this.#weights.dir));
  }

  /**
   * Sampling begins with the first `next()`, and is never far ahead of whoever takes the completions; leaving the loop
   * early cancels what runs. A prompt that leaves no room in the server's context is skipped, and that is said.
   */
  async *sample(requests: readonly SampleRequest[], settings: SamplerSettings): AsyncGenerator<Completion> {
    checkSettings(settings);
    const prompted = this.#fitting(requests);
    const leaving = new AbortController();
    const outlet = new Outlet<Completion>();
    const turn = this.#turns.add(async () => {
      if (leaving.signal.aborted) return;
      await this.#sampleAll(prompted, settings, leaving.signal, outlet);
    });
    const finished = turn.then(
      () => outlet.end(),
      (error: Error) => outlet.fail(error),
    );
    try {
      yield* outlet;
    } finally {
      leaving.abort();
      await finished;
    }
  }

  async score(sequences: readonly Sequence[]): Promise<Float32Array[]> {
    return this.#turns.add(() => this.scoreAs(this.#parts.host.model, sequences));
  }

  /** Scores under another model that the same servers serve. */
  async scoreAs(model: ModelId, sequences: readonly Sequence[]): Promise<Float32Array[]> {
    const { host, dialect, requestSeconds: seconds } = this.#parts;
    const scores = await all(
      sequences.map(({ promptTokens, tokens }) =>
        host.fleet.ask((replica) => dialect.score(replica, { model, promptTokens, tokens, seconds })),
      ),
    );
    return scores.map((values) => Float32Array.from(values));
  }

  async embed(texts: readonly string[]): Promise<Float32Array[]> {
    const { host, dialect, tokenizer, requestSeconds: seconds } = this.#parts;
    if (!host.facts.offers.embeddings)
      throw new CapabilityError(
        `${host.fleet.replicas[0]?.url}: this server offers no embeddings (/v1/embeddings, /encode), which select.strategy = "matching" and "facility-location" need.`,
      );
    const { model } = host;
    const rows = texts.map((text) =>
      host.fleet.ask((replica) => dialect.embed(replica, { model, tokens: tokenizer.encode(text), seconds })),
    );
    return (await all(rows)).map(unitLength);
  }

  async learn(bundle: Bundle, onProgress: (p: LearnProgress) => void = () => {}): Promise<LearnReport> {
    return this.#turns.add(() => this.#learn(bundle, onProgress));
  }

  async save(dir: string): Promise<void> {
    await this.#turns.add(() => this.#parts.save(this.#weights, dir));
  }

  /**
   * Another version of this policy. Its scores are the same servers' where they serve it too, the trainer's otherwise;
   * what it learns, and saves then, takes the place of what is served. The caller closes it.
   */
  async beside(path: string): Promise<Policy> {
    const { host, scorer } = this.#parts;
    const base = path.includes(':') ? host.baseModel() : undefined;
    if (base !== undefined)
      return this.#learnable(host.base, (sequences) => this.#turns.add(() => this.scoreAs(base, sequences)));
    const aside = await scorer(path);
    return this.#learnable(aside.weights, (sequences) =>
      this.#turns.add(() => this.#scoreAside(aside.score, sequences)),
    );
  }

  #learnable(weights: Weights, score: Policy['score']): Policy {
    return {
      ...scoresOnly(weights.version, score),
      learn: (bundle, onProgress = () => {}) =>
        this.#turns.add(() => this.#learn(bundle, onProgress, weights)),
      save: (dir) => this.save(dir),
    };
  }

  async close(): Promise<void> {
    await this.#parts.learner?.close();
    await this.#parts.host.close();
    await this.#turns.onIdle();
  }

  /** By the trainer, with the room that it needs. */
  async #scoreAside(score: Policy['score'], sequences: readonly Sequence[]): Promise<Float32Array[]> {
    const { host } = this.#parts;
    await host.rest();
    try {
      return await score(sequences);
    } finally {
      await host.wake(this.#weights);
    }
  }

  #fitting(requests: readonly SampleRequest[]): readonly Prompted[] {
    const { host, tokenizer, say } = this.#parts;
    const most = host.longest === null ? Number.POSITIVE_INFINITY : host.longest - 1 - SCORING;
    const all = requests.map((request) => ({ request, promptTokens: tokenizer.encode(request.prompt) }));
    return fitting(all, most, ({ request }) => request.id, say, {
      context: `the server's context of ${host.longest} tokens`,
      advice: '; serve the model with a longer one',
    });
  }

  async #sampleAll(
    prompted: readonly Prompted[],
    settings: SamplerSettings,
    leaving: AbortSignal,
    outlet: Outlet<Completion>,
  ): Promise<void> {
    const { host } = this.#parts;
    await host.verifyVersion();
    const reading = this.#reading();
    const failing = new AbortController();
    const signal = AbortSignal.any([leaving, failing.signal]);
    const waiting = prompted.values();
    const takeTurns = async () => {
      for (const { request, promptTokens } of waiting) {
        await outlet.room(signal);
        if (signal.aborted) return;
        const all = await this.#sampleOne(request, promptTokens, settings, signal);
        all.forEach((sampled, index) => {
          host.checkSampled(sampled.model, sampled.weightVersion);
          outlet.put(completionOf(request, index, promptTokens, sampled, settings, reading));
        });
      }
    };
    const atOnce = Math.min(host.fleet.width, prompted.length);
    const work = Array.from({ length: atOnce }, () => takeTurns().catch((error) => failing.abort(error)));
    await Promise.all(work);
    if (leaving.aborted) return;
    failing.signal.throwIfAborted(); // the first failure cancelled the others
    await host.verifyVersion();
  }

  async #sampleOne(
    { n, seed }: SampleRequest,
    promptTokens: readonly number[],
    settings: SamplerSettings,
    signal: AbortSignal,
  ) {
    const { host, dialect, endTokens, requestSeconds: seconds } = this.#parts;
    const room = (host.longest ?? Number.POSITIVE_INFINITY) - promptTokens.length - SCORING;
    const fitting = { ...settings, maxTokens: Math.min(settings.maxTokens, room) };
    const { model } = host;
    const call = { model, promptTokens, n, seed, settings: fitting, endTokens, seconds, signal };
    return host.fleet.ask((replica) => dialect.sample(replica, call), signal);
  }

  #reading(): Reading {
    const { host, dialect, tokenizer, endTokens } = this.#parts;
    const { logprobsOf } = host.facts;
    return { tokenizer, endTokens, logprobsOf, rawIsPolicy: dialect.rawIsPolicy, version: this.version };
  }

  async #learn(
    bundle: Bundle,
    onProgress: (p: LearnProgress) => void,
    from = this.#weights,
  ): Promise<LearnReport> {
    const { host, learner } = this.#parts;
    if (learner === null)
      throw new LakatosError('policy.trainer.model is not set: this policy samples and cannot learn.');
    const { dir, version } = from;
    if (bundle.steps.length === 0) return nothingLearned(version);
    await host.rest();
    const trained = await learner.learn(bundle, dir, version, onProgress).catch(async (error: unknown) => {
      // The first failure is the one to tell, even should waking fail too.
      await host.wake(this.#weights).catch(() => {});
      throw error;
    });
    const fresh = { dir: trained.dir, version: trained.report.version };
    await host.wake(fresh);
    this.#weights = fresh;
    await this.#recognise(trained.witnesses);
    return trained.report;
  }

  /** Refuses a server that has the weights before those it should serve. */
  async #recognise(witnesses: readonly Witness[]): Promise<void> {
    const scores = await this.scoreAs(this.#parts.host.model, witnesses);
    if (!refuseStrangers(witnesses, scores, this.version))
      this.#parts.say(
        `version ${this.version}: its log-probs are too near to those before the update for a server's rounding; that it is served was not checked by them`,
      );
  }
}

/** The values, or the first failure once nothing of them runs any more. */
async function all<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

const nothingLearned = (version: string): LearnReport => ({
  version,
  steps: 0,
  tokens: 0,
  seconds: 0,
  firstLoss: 0,
  lastLoss: 0,
  maxGradNorm: 0,
});

/** A policy that is only asked what it thinks of given tokens. */
function scoresOnly(version: string, score: Policy['score'], close = async () => {}): Policy {
  const refuse = (what: string) => async (): Promise<never> => {
    throw new LakatosError(`version ${version} was opened for its scores alone; it cannot ${what}.`);
  };
  return {
    version,
    score,
    close,
    // biome-ignore lint/correctness/useYield: it refuses before there is anything to yield.
    async *sample() {
      await refuse('sample')();
    },
    embed: refuse('embed'),
    learn: refuse('learn'),
    save: refuse('save'),
  };
}

function unitLength(values: readonly number[]): Float32Array {
  const norm = Math.hypot(...values) || 1;
  return Float32Array.from(values, (value) => value / norm);
}
