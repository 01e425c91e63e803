/**
 * The embedded policy: a Hugging Face Llama checkpoint that samples and learns on the CPU.
 *
 * Text and ids meet here; everything numeric happens in the worker. Calls are taken one at a time, in order, for
 * two sessions that share the cores run slower together than one after the other.
 */

import { createHash } from 'node:crypto';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import PQueue from 'p-queue';
import { eachInSlices } from '../../ops/slices.ts';
import { type Bundle, type BundleRow, checkPolicy, hashedText, type OptimizerSettings } from '../bundle.ts';
import { fitting } from '../fitting.ts';
import type {
  Completion,
  LearnProgress,
  LearnReport,
  Policy,
  SampleRequest,
  SamplerSettings,
  Sequence,
} from '../policy.ts';
import { openTokenizer, type Tokenizer } from '../tokenizer.ts';
import {
  type Companions,
  readCompanions,
  readConfig,
  replaceDirectory,
  WEIGHTS_FILE,
  writeCompanions,
} from './checkpoint.ts';
import type { LlamaConfig } from './config.ts';
import type { StoredDtype } from './dtypes.ts';
import type { EngineOptions } from './engine.ts';
import { EngineClient } from './engine-client.ts';
import { RequestError } from './errors.ts';
import { readAdapterConfig } from './lora.ts';
import type { TokenCompletion } from './sampler.ts';
import { checkSettings } from './sampling.ts';
import { cutAtStop } from './stop-strings.ts';
import type { StepReport } from './trainer.ts';

export interface OnnxPolicyOptions extends Partial<Omit<EngineOptions, 'endTokens'>> {
  /** One line for a person. */
  readonly say?: ((message: string) => void) | undefined;
}

/** Defaults of OnnxPolicyOptions: two cores, shared with proof assistants. `memoryBytes` is half of the machine's. */
export const DEFAULT_OPTIONS = { threads: 2, spin: false, batchSize: 64, microBatchTokens: 2048 } as const;

/** Half of what the machine, or the container, has. */
const defaultMemoryBytes = (): number =>
  Math.floor(Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY) / 2);

/** Optimiser state that outlives a bundle: for pretraining, which feeds its steps one by one. */
export interface PolicyTrainer {
  /**
   * One optimiser step. On a NaN or infinite loss or gradient: UpdateRefusedError, and this step did not happen. On
   * weights that would be NaN or infinite the same error, and the weights stay; the moments have taken the step in.
   */
  step(rows: readonly BundleRow[]): Promise<StepReport>;
  /**
   * Saves policy and optimiser so that `resumeTrainer` goes on bit for bit; `position` is the caller's place in its
   * data, handed back then. Atomic, like Policy.save.
   */
  save(dir: string, position: number): Promise<void>;
  /** Frees the trainer's memory and returns the policy version its steps led to. */
  close(): Promise<string>;
}

export interface ResumedTrainer {
  readonly trainer: PolicyTrainer;
  readonly position: number;
}

export interface SaveOptions {
  /** With adapters: the whole model, base and adapters in one, instead of the adapters alone. Default false. */
  readonly merged?: boolean;
  /** How the weights are stored, default F32. Anything else rounds them: the saved version differs from `version`. */
  readonly dtype?: StoredDtype;
}

export class OnnxPolicy implements Policy {
  readonly config: LlamaConfig;
  readonly tokenizer: Tokenizer;
  readonly #companions: Companions;
  /** Whether adapters learn, not the weights. */
  readonly #adapted: boolean;
  readonly #client: EngineClient;
  readonly #say: (message: string) => void;
  readonly #turns = new PQueue({ concurrency: 1 });
  #version: string;

  private constructor(
    companions: Companions,
    config: LlamaConfig,
    tokenizer: Tokenizer,
    client: EngineClient,
    adapted: boolean,
    version: string,
    say: (message: string) => void,
  ) {
    this.#companions = companions;
    this.config = config;
    this.tokenizer = tokenizer;
    this.#client = client;
    this.#adapted = adapted;
    this.#version = version;
    this.#say = say;
  }

  static async open(
    dir: string,
    { say = () => {}, ...options }: OnnxPolicyOptions = {},
  ): Promise<OnnxPolicy> {
    const stored = await readAdapterConfig(dir);
    const home = stored?.base ?? dir;
    const config = await readConfig(home);
    const tokenizer = await openTokenizer(home);
    const companions = await readCompanions(home);
    const endTokens = tokenizer.endToken === undefined ? [] : [tokenizer.endToken];
    const client = new EngineClient();
    try {
      const version = await client.call('open', {
        dir,
        options: { ...DEFAULT_OPTIONS, memoryBytes: defaultMemoryBytes(), ...options, endTokens },
      });
      const adapted = stored !== null || options.lora !== undefined;
      return new OnnxPolicy(companions, config, tokenizer, client, adapted, version, say);
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  /** While a `trainer` is open: the version before its steps, until it closes or something else is asked. */
  get version(): string {
    return this.#version;
  }

  /**
   * Sampling begins with the first `next()`; leaving the loop early stops it. A prompt that leaves no room in the model's
   * context is skipped, and that is said.
   */
  async *sample(requests: readonly SampleRequest[], settings: SamplerSettings): AsyncGenerator<Completion> {
    checkSettings(settings);
    const items = new Readable({ objectMode: true, read() {} });
    let cancel = () => {};
    // Items may be read after a later call has changed the policy: they keep the version they came from.
    let version = this.#version;
    const turn = this.#turns.add(async () => {
      if (items.destroyed) return;
      const prompts = await this.#encode(requests.map(({ prompt }) => prompt));
      const { contextLength } = this.config;
      const tokenRequests = fitting(
        requests.map(({ prompt: _, ...rest }, i) => ({ ...rest, promptTokens: prompts[i] ?? [] })),
        contextLength - 1,
        ({ id }) => id,
        this.#say,
        { context: `the model's context of ${contextLength} tokens` },
      );
      version = this.#version = await this.#client.call('version', null);
      const stream = this.#client.stream({ requests: tokenRequests, settings }, (item) => items.push(item));
      cancel = stream.cancel;
      await stream.result;
      cancel = () => {};
    });
    const finished = turn.then(
      () => void items.push(null),
      (error: Error) => void items.destroy(error),
    );
    try {
      for await (const item of items) yield this.#completion(item, settings.stop ?? [], version);
    } finally {
      cancel();
      await finished;
    }
  }

  async score(sequences: readonly Sequence[]): Promise<Float32Array[]> {
    // Completions are sequences too: the rest of them need not travel.
    const bare = sequences.map(({ promptTokens, tokens }) => ({ promptTokens, tokens }));
    return this.#turn(() => this.#client.call('score', bare));
  }

  /** Texts beyond the model's context are cut. */
  async embed(texts: readonly string[]): Promise<Float32Array[]> {
    return this.#turn(async () => this.#client.call('embed', await this.#encode(texts)));
  }

  async learn(bundle: Bundle, onProgress: (p: LearnProgress) => void = () => {}): Promise<LearnReport> {
    return this.#turn(() => this.#learn(bundle, onProgress));
  }

  /** `totalSteps` is where a decaying learning rate reaches zero. */
  async trainer(settings: OptimizerSettings, totalSteps: number): Promise<PolicyTrainer> {
    const handle = await this.#turn(() =>
      this.#client.call('openTrainer', { settings, totalSteps, revertible: false }),
    );
    return this.#policyTrainer(handle);
  }

  /** Goes on where a PolicyTrainer was saved; this policy must have been opened from the same directory. */
  async resumeTrainer(dir: string): Promise<ResumedTrainer> {
    const { handle, position } = await this.#turn(() => this.#client.call('resumeTrainer', { dir }));
    return { trainer: this.#policyTrainer(handle), position };
  }

  async save(dir: string, options: SaveOptions = {}): Promise<void> {
    await this.#turn(() => replaceDirectory(dir, (fresh) => this.#fill(fresh, options)));
  }

  /** Stops whatever runs; what was waiting fails with `the engine is closed`. */
  async close(): Promise<void> {
    await this.#client.close();
    await this.#turns.onIdle();
  }

  #policyTrainer(handle: number): PolicyTrainer {
    return {
      step: (rows) => this.#turn(() => this.#client.call('step', { handle, rows })),
      save: (dir, position) =>
        this.#turn(() =>
          replaceDirectory(dir, async (fresh) => {
            await this.#fill(fresh, {});
            await this.#client.call('writeTrainer', { handle, dir: fresh, position });
          }),
        ),
      close: () => this.#turn(() => this.#closeTrainer(handle, false)),
    };
  }

  async #fill(dir: string, { dtype = 'F32', merged = false }: SaveOptions): Promise<void> {
    await writeCompanions(this.#companions, dir);
    this.#version =
      this.#adapted && !merged
        ? await this.#client.call('writeAdapters', { dir })
        : await this.#client.call('writeWeights', { path: join(dir, WEIGHTS_FILE), dtype });
  }

  async #learn(bundle: Bundle, onProgress: (p: LearnProgress) => void): Promise<LearnReport> {
    const { optimizer: settings, steps } = bundle;
    await checkHash(bundle);
    checkPolicy(bundle, this.#version);
    const totalSteps = steps.length;
    const begun = performance.now();
    const reports: StepReport[] = [];
    const handle = await this.#client.call('openTrainer', { settings, totalSteps, revertible: true });
    try {
      for (const rows of steps) {
        const report = await this.#client.call('step', { handle, rows });
        reports.push(report);
        onProgress({ step: reports.length, steps: totalSteps, ...report });
      }
    } catch (error) {
      // The first failure is the one to tell, even should going back fail too.
      await this.#closeTrainer(handle, true).catch(() => {});
      throw error;
    }
    await this.#closeTrainer(handle, false);
    return {
      version: this.#version,
      steps: totalSteps,
      tokens: reports.reduce((sum, { tokens }) => sum + tokens, 0),
      seconds: (performance.now() - begun) / 1000,
      firstLoss: reports[0]?.loss ?? 0,
      lastLoss: reports.at(-1)?.loss ?? 0,
      maxGradNorm: reports.reduce((most, { gradNorm }) => Math.max(most, gradNorm), 0),
    };
  }

  async #encode(texts: readonly string[]): Promise<number[][]> {
    const sequences: number[][] = [];
    await eachInSlices(texts, (text) => sequences.push(this.tokenizer.encode(text)));
    return sequences;
  }

  async #closeTrainer(handle: number, revert: boolean): Promise<string> {
    this.#version = await this.#client.call('closeTrainer', { handle, revert });
    return this.#version;
  }

  async #turn<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.add(work);
  }

  #completion(item: TokenCompletion, stops: readonly string[], policyVersion: string): Completion {
    const { request, index, tokens, logprobs, policyLogprobs, finish } = item;
    const whole = this.tokenizer.decode(finish === 'end' ? tokens.slice(0, -1) : tokens);
    return {
      id: request.id,
      index,
      text: finish === 'string' ? cutAtStop(whole, stops) : whole,
      promptTokens: request.promptTokens,
      tokens,
      logprobs,
      policyLogprobs,
      finish: finish === 'length' ? 'length' : 'stop',
      policyVersion,
    };
  }
}

async function checkHash(bundle: Bundle): Promise<void> {
  const sum = createHash('sha256');
  await eachInSlices(hashedText(bundle), (part) => sum.update(part));
  const hash = sum.digest('hex');
  if (hash === bundle.hash) return;
  throw new RequestError(
    `the bundle (${bundle.objective}) says its hash is ${bundle.hash}, its content has ${hash}: it was changed after freezing; rebuild it`,
  );
}

/** Opens a checkpoint directory in Hugging Face layout. */
export const openOnnxPolicy = (dir: string, options: OnnxPolicyOptions = {}): Promise<OnnxPolicy> =>
  OnnxPolicy.open(dir, options);
