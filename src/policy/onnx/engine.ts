/**
 * The engine itself: one model's weights and its sessions. Blocks the thread it runs on, so it lives in a worker
 * (engine-worker.ts) and knows token ids only; onnx-policy.ts is its face on the main thread.
 *
 * Calls must not overlap: weights change in place.
 */
import type { BundleRow, OptimizerSettings } from '../bundle.ts';
import type { SamplerSettings, Sequence } from '../policy.ts';
import { openTokenizer } from '../tokenizer.ts';
import type { OptimizerState } from './adamw.ts';
import type { LlamaConfig } from './config.ts';
import { decodeGraph } from './decode-graph.ts';
import type { StoredDtype } from './dtypes.ts';
import { RequestError } from './errors.ts';
import { embedGraph, prefillGraph, scoreGraph, trainGraph } from './full-graphs.ts';
import { embedSequences, type InferenceModel, scoreSequences } from './inference.ts';
import { type LoraSettings, writeAdapters } from './lora.ts';
import { planSampling, type SamplingPlan } from './memory-plan.ts';
import { ModelWeights } from './model-weights.ts';
import type { NativeGate } from './native-gate.ts';
import { parameterCount } from './parameters.ts';
import { checkTokens } from './rows.ts';
import { writeSafetensors } from './safetensors.ts';
import { Sampler, type TokenCompletion, type TokenRequest } from './sampler.ts';
import { checkSettings } from './sampling.ts';
import { type Device, Session } from './session.ts';
import { stopMatcher } from './stop-strings.ts';
import { bundleTrainer, type StepReport, type Trainer } from './trainer.ts';
import { readTrainer, writeTrainer } from './trainer-checkpoint.ts';
import { weightFeeds } from './weights.ts';

export interface EngineOptions {
  /** Threads of the runtime. */
  readonly threads: number;
  /** Whether idle runtime threads spin. */
  readonly spin: boolean;
  /** Where operators run, default cpu. */
  readonly device?: Device;
  /** Most rows sampled together. */
  readonly batchSize: number;
  /** Most tokens, padding included, of one forward or training pass: what memory is proportional to. */
  readonly microBatchTokens: number;
  /** What sampling may hold in memory: the batch shrinks to fit. */
  readonly memoryBytes: number;
  /** Trains adapters on the checkpoint instead of its weights. */
  readonly lora?: LoraSettings;
  /** Tokens that end a completion, beyond the config's own. */
  readonly endTokens: readonly number[];
}

export interface EngineSurroundings {
  /** Where sessions pass when the engine runs in a worker. */
  readonly gate?: NativeGate;
  /** Weights of more bytes than this are no constants of the decoding graph; default 1 GiB. */
  readonly constantBytes?: number;
  /** Turns tokens into text, for stop strings; default by the checkpoint's own tokenizer. */
  readonly decode?: (tokens: readonly number[]) => string;
}

type Kind = 'train' | 'score' | 'embed' | 'prefill' | 'decode';

interface OpenTrainer {
  readonly trainer: Trainer<BundleRow>;
  readonly settings: OptimizerSettings;
  readonly totalSteps: number;
  /** Values to go back to; null when the trainer takes no snapshot. */
  readonly snapshot: ReadonlyMap<string, Float32Array> | null;
}

export class Engine {
  readonly config: LlamaConfig;
  readonly #model: ModelWeights;
  readonly #options: EngineOptions & EngineSurroundings;
  readonly #sessions = new Map<Kind, Session>();
  readonly #trainers = new Map<number, OpenTrainer>();
  #nextTrainer = 0;

  constructor(model: ModelWeights, options: EngineOptions & EngineSurroundings) {
    this.config = model.config;
    this.#model = model;
    this.#options = options;
  }

  static async open(dir: string, options: EngineOptions & EngineSurroundings): Promise<Engine> {
    const model = await ModelWeights.open(dir, options.lora);
    const decode = options.decode ?? (await openTokenizer(model.adapted?.baseDir ?? dir)).decode;
    const engine = new Engine(model, { ...options, decode });
    // A device that is not there is told now, not in the middle of a round.
    if (options.device !== undefined && options.device !== 'cpu') await engine.#session('score');
    return engine;
  }

  get version(): string {
    return this.#model.version;
  }

  async *sample(
    requests: readonly TokenRequest[],
    settings: SamplerSettings,
    stopped: () => boolean = () => false,
  ): AsyncGenerator<TokenCompletion> {
    checkSettings(settings);
    for (const request of requests) this.#checkPrompt(request);
    const plan = this.plan(requests, settings);
    const sampler = new Sampler(
      {
        config: this.config,
        endTokens: new Set([...this.config.endTokens, ...this.#options.endTokens]),
        decode: await this.#session('decode'),
        prefill: await this.#session('prefill'),
        weightFeeds: weightFeeds(this.#model.effective),
        decodeWeightFeeds: this.#constantWeights ? {} : weightFeeds(this.#model.effective),
        batchSize: plan.rows,
        capacity: plan.capacity,
        prefillTokens: plan.prefillTokens,
        completesStop: this.#stopMatcher(settings.stop ?? []),
      },
      requests,
      settings,
    );
    yield* sampler.run(stopped);
  }

  /** What sampling these will hold in memory; refused when a single row is too much. */
  plan(requests: readonly TokenRequest[], { maxTokens }: SamplerSettings): SamplingPlan {
    const { batchSize, microBatchTokens, memoryBytes } = this.#options;
    return planSampling(this.config, {
      batchSize,
      prefillTokens: microBatchTokens,
      longestPrompt: requests.reduce((most, { promptTokens }) => Math.max(most, promptTokens.length), 1),
      maxTokens,
      budgetBytes: memoryBytes,
      heldCopies: this.#model.adapted === null ? 1 : 2,
      weightCopies: this.#constantWeights ? 1 : 0,
      sessions: new Set([...this.#sessions.keys(), 'decode', 'prefill']).size,
    });
  }

  async score(sequences: readonly Sequence[]): Promise<Float32Array[]> {
    return scoreSequences(await this.#inference('score'), sequences);
  }

  /** Sequences beyond the context are cut. */
  async embed(sequences: readonly (readonly number[])[]): Promise<Float32Array[]> {
    const cut = sequences.map((tokens) => tokens.slice(0, this.config.contextLength));
    return embedSequences(await this.#inference('embed'), cut);
  }

  /** With `revertible` the weights are copied first, so that closing can bring them back. */
  async openTrainer(settings: OptimizerSettings, totalSteps: number, revertible: boolean): Promise<number> {
    const snapshot = revertible
      ? new Map([...this.#model.learnt].map(([name, { data }]) => [name, data.slice()]))
      : null;
    return this.#addTrainer(settings, totalSteps, undefined, snapshot);
  }

  /** Writes a trainer's state into `dir`; the weights are written beside it (writeWeights or writeAdapters). */
  async writeTrainer(handle: number, dir: string, position: number): Promise<void> {
    const { trainer, settings, totalSteps } = this.#trainer(handle);
    const checkpoint = { version: this.version, settings, totalSteps, position, state: trainer.state };
    await writeTrainer(dir, checkpoint, this.#model.learnt);
  }

  /** Goes on where a trainer was saved; the weights must be those saved with it. */
  async resumeTrainer(dir: string): Promise<{ handle: number; position: number }> {
    const { settings, totalSteps, state, position } = await readTrainer(
      dir,
      this.version,
      this.#model.learnt,
    );
    return { handle: await this.#addTrainer(settings, totalSteps, state, null), position };
  }

  async step(handle: number, rows: readonly BundleRow[]): Promise<StepReport> {
    const report = await this.#trainer(handle).trainer.step(rows);
    if (rows.length > 0) await this.#weightsChanged();
    return report;
  }

  /** Frees the training session's memory with the last trainer; `revert` restores the weights it began with. */
  async closeTrainer(handle: number, revert: boolean): Promise<void> {
    const { snapshot } = this.#trainer(handle);
    this.#trainers.delete(handle);
    if (revert && snapshot !== null) {
      for (const [name, data] of snapshot) this.#model.learnt.get(name)?.data.set(data);
      await this.#weightsChanged();
    }
    if (this.#trainers.size === 0) await this.#release('train');
  }

  async writeWeights(path: string, dtype: StoredDtype): Promise<void> {
    await writeSafetensors(path, this.#model.effective, dtype);
  }

  /** The adapters in peft's layout. */
  async writeAdapters(dir: string): Promise<void> {
    const { adapted } = this.#model;
    if (adapted === null) throw new RequestError('this policy has no adapters; open it with lora');
    await writeAdapters(dir, adapted.adapters, adapted.lora, adapted.baseDir);
  }

  async close(): Promise<void> {
    for (const kind of [...this.#sessions.keys()]) await this.#release(kind);
  }

  get #constantWeights(): boolean {
    return 4 * parameterCount(this.config) <= (this.#options.constantBytes ?? 2 ** 30);
  }

  #checkPrompt({ id, promptTokens }: TokenRequest): void {
    const { contextLength, vocabSize } = this.config;
    if (promptTokens.length >= contextLength) {
      throw new RequestError(
        `request ${id}: a prompt of ${promptTokens.length} tokens leaves no room in the model's context of ${contextLength}; shorten it`,
      );
    }
    const row = { tokens: promptTokens, promptLength: promptTokens.length };
    checkTokens(`request ${id}`, row, contextLength, vocabSize);
  }

  #stopMatcher(stops: readonly string[]): (tokens: readonly number[]) => boolean {
    if (stops.length === 0) return () => false;
    const { decode } = this.#options;
    if (decode === undefined)
      throw new RequestError('stop strings need a tokenizer; this engine was given none');
    return stopMatcher(stops, decode);
  }

  #trainer(handle: number): OpenTrainer {
    const trainer = this.#trainers.get(handle);
    if (trainer === undefined) throw new RequestError(`trainer ${handle} is closed`);
    return trainer;
  }

  async #addTrainer(
    settings: OptimizerSettings,
    totalSteps: number,
    state: OptimizerState | undefined,
    snapshot: OpenTrainer['snapshot'],
  ): Promise<number> {
    const model = {
      config: this.config,
      weights: this.#model.learnt,
      frozen: this.#model.frozen,
      session: await this.#session('train'),
      microBatchTokens: this.#options.microBatchTokens,
    };
    const handle = this.#nextTrainer++;
    const trainer = bundleTrainer(model, settings, totalSteps, state);
    this.#trainers.set(handle, { trainer, settings, totalSteps, snapshot });
    return handle;
  }

  async #inference(kind: 'score' | 'embed'): Promise<InferenceModel> {
    return {
      config: this.config,
      session: await this.#session(kind),
      weightFeeds: weightFeeds(this.#model.effective),
      microBatchTokens: this.#options.microBatchTokens,
    };
  }

  async #session(kind: Kind): Promise<Session> {
    const known = this.#sessions.get(kind);
    if (known !== undefined) return known;
    const session = await Session.open(this.#graph(kind), this.#options);
    this.#sessions.set(kind, session);
    return session;
  }

  #graph(kind: Kind): Uint8Array {
    switch (kind) {
      case 'train':
        return trainGraph(this.config, this.#model.adapted?.lora);
      case 'score':
        return scoreGraph(this.config);
      case 'embed':
        return embedGraph(this.config);
      case 'prefill':
        return prefillGraph(this.config);
      case 'decode':
        return decodeGraph(this.config, this.#constantWeights ? this.#model.effective : null);
    }
  }

  /** All sessions but decoding's read the weights at every run. */
  async #weightsChanged(): Promise<void> {
    this.#model.changed();
    await this.#release('decode');
  }

  async #release(kind: Kind): Promise<void> {
    const session = this.#sessions.get(kind);
    this.#sessions.delete(kind);
    await session?.release();
  }
}
