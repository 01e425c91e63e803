/**
 * Continuous batched sampling: rows decode together, each finished row makes room for the next completion.
 *
 * A prompt is run once, whole, whatever its number of completions. Each completion draws from a stream of its own,
 * so which others share its batch changes nothing but the rounding of its logits.
 */
import type { SamplerSettings } from '../policy.ts';
import type { LlamaConfig } from './config.ts';
import { type Fetch, KeyValueCache } from './kv-cache.ts';
import { type Uniform, uniformStream } from './rng.ts';
import { type Batch, MASKED, sequenceFeeds } from './rows.ts';
import { drawToken } from './sampling.ts';
import { type Feed, floats, integers, type Session } from './session.ts';

/** A sample request whose prompt is tokens already. */
export interface TokenRequest {
  readonly id: string;
  readonly promptTokens: readonly number[];
  readonly n: number;
  readonly seed: number;
}

export interface TokenCompletion {
  readonly request: TokenRequest;
  readonly index: number;
  readonly tokens: readonly number[];
  readonly logprobs: readonly number[];
  readonly policyLogprobs: readonly number[];
  readonly finish: Finish;
}

/** What ended it: an end token, a stop string, or the room there was. */
export type Finish = 'end' | 'string' | 'length';

export interface SamplerModel {
  readonly config: LlamaConfig;
  readonly endTokens: ReadonlySet<number>;
  readonly decode: Session;
  readonly prefill: Session;
  /** Feeds of the prefill session that carry the weights. */
  readonly weightFeeds: Readonly<Record<string, Feed>>;
  /** The same of the decode session; none where it has them as constants. */
  readonly decodeWeightFeeds: Readonly<Record<string, Feed>>;
  /** Most rows decoded together. */
  readonly batchSize: number;
  /** Most tokens, prompt included, of a row. */
  readonly capacity: number;
  /** Most prompt tokens, padding included, of one prefill. */
  readonly prefillTokens: number;
  /** Whether a stop string has just been completed. */
  readonly completesStop: (tokens: readonly number[]) => boolean;
}

/** A prompt that was run: its keys and values, and the logits after it. */
interface Prefilled {
  readonly request: TokenRequest;
  readonly fetch: Fetch;
  readonly member: number;
  readonly padded: number;
  readonly logits: Float32Array;
  started: number;
}

interface Row {
  readonly request: TokenRequest;
  readonly index: number;
  readonly uniform: Uniform;
  readonly tokens: number[];
  readonly logprobs: number[];
  readonly policyLogprobs: number[];
}

export class Sampler {
  readonly #model: SamplerModel;
  readonly #settings: SamplerSettings;
  readonly #cache: KeyValueCache;
  readonly #scratch: Float64Array;
  readonly #waiting: TokenRequest[];
  readonly #ready: Prefilled[] = [];
  readonly #rows: Row[] = [];

  constructor(model: SamplerModel, requests: readonly TokenRequest[], settings: SamplerSettings) {
    this.#model = model;
    this.#settings = settings;
    const wanted = requests.reduce((sum, { n }) => sum + n, 0);
    this.#cache = new KeyValueCache(model.config, Math.min(model.batchSize, wanted), model.capacity);
    this.#scratch = new Float64Array(model.config.vocabSize);
    this.#waiting = requests.filter(({ n }) => n > 0);
  }

  /** Completions as they finish; `stopped` is asked before every step. */
  async *run(stopped: () => boolean): AsyncGenerator<TokenCompletion> {
    while (!stopped()) {
      yield* this.#admit();
      if (this.#rows.length === 0) return;
      yield* this.#step();
    }
  }

  /** Fills free rows; a completion that ends with its first token never takes one. */
  async *#admit(): AsyncGenerator<TokenCompletion> {
    while (this.#rows.length < this.#model.batchSize) {
      if (this.#ready.length === 0) await this.#prefill();
      const prompt = this.#ready[0];
      if (prompt === undefined) return;
      const { request } = prompt;
      const index = prompt.started++;
      if (prompt.started === request.n) this.#ready.shift();
      const uniform = uniformStream(request.seed, index);
      const row: Row = { request, index, uniform, tokens: [], logprobs: [], policyLogprobs: [] };
      const finish = this.#extend(row, prompt.logits);
      if (finish !== null) yield completion(row, finish);
      else this.#place(row, prompt);
    }
  }

  #place(row: Row, { fetch, member, padded }: Prefilled): void {
    const at = this.#rows.push(row) - 1;
    this.#fitCache();
    this.#cache.load(at, fetch, member, row.request.promptTokens.length, padded);
  }

  /** Runs the next few prompts together. */
  async #prefill(): Promise<void> {
    const requests = this.#takeWaiting();
    if (requests.length === 0) return;
    const length = Math.max(...requests.map(({ promptTokens }) => promptTokens.length));
    const batch: Batch = { rows: requests.length, length, members: requests.map((_, member) => member) };
    const last = requests.map(({ promptTokens }, row) => BigInt(row * length + promptTokens.length - 1));
    const fetch = await this.#model.prefill.run({
      ...this.#model.weightFeeds,
      ...sequenceFeeds(batch, (member) => requests[member]?.promptTokens ?? []),
      last: integers(BigInt64Array.from(last), [requests.length]),
    });
    const logits = fetch('logits');
    const width = this.#model.config.vocabSize;
    requests.forEach((request, member) => {
      const own = logits.subarray(member * width, (member + 1) * width);
      this.#ready.push({ request, fetch, member, padded: length, logits: own, started: 0 });
    });
  }

  /** The next requests that fit one prefill, and no more of them than free rows can start. */
  #takeWaiting(): TokenRequest[] {
    const free = this.#model.batchSize - this.#rows.length;
    let longest = 0;
    let count = 0;
    for (const { promptTokens } of this.#waiting) {
      longest = Math.max(longest, promptTokens.length);
      if (count > 0 && (count >= Math.max(free, 8) || (count + 1) * longest > this.#model.prefillTokens))
        break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  /** One token for every row. */
  async *#step(): AsyncGenerator<TokenCompletion> {
    this.#fitCache();
    const positions = this.#rows.map(cachedLength);
    const fetch = await this.#model.decode.run(this.#stepFeeds(positions));
    this.#cache.append(fetch, positions);
    const logits = fetch('logits');
    const width = this.#model.config.vocabSize;
    // From the end, so that the row moved into a finished row's place has had its token.
    for (let at = this.#rows.length - 1; at >= 0; at--) {
      const row = this.#rows[at];
      if (row === undefined) continue;
      const finish = this.#extend(row, logits.subarray(at * width, (at + 1) * width));
      if (finish === null) continue;
      this.#remove(at);
      yield completion(row, finish);
    }
  }

  #stepFeeds(positions: readonly number[]): Record<string, Feed> {
    const rows = positions.length;
    const { capacity } = this.#cache;
    const mask = new Float32Array(rows * capacity);
    positions.forEach((position, row) => {
      mask.fill(MASKED, row * capacity + position, (row + 1) * capacity);
    });
    return {
      ...this.#model.decodeWeightFeeds,
      ...this.#cache.feeds(rows),
      ids: integers(
        BigInt64Array.from(this.#rows, ({ tokens }) => BigInt(tokens.at(-1) ?? 0)),
        [rows],
      ),
      positions: integers(BigInt64Array.from(positions, BigInt), [rows, 1]),
      mask: floats(mask, [rows, 1, 1, capacity]),
    };
  }

  #fitCache(): void {
    const longest = this.#rows.reduce((most, row) => Math.max(most, cachedLength(row) + 1), 0);
    this.#cache.fit(this.#rows.length, longest);
  }

  #remove(at: number): void {
    const last = this.#rows.length - 1;
    const moved = this.#rows.pop();
    if (moved === undefined || at === last) return;
    this.#cache.move(last, at);
    this.#rows[at] = moved;
  }

  /** Draws the row's next token; says how the completion ended, or null when it goes on. */
  #extend(row: Row, logits: Float32Array): Finish | null {
    const draw = drawToken(logits, this.#settings, row.uniform(), this.#scratch);
    row.tokens.push(draw.token);
    row.logprobs.push(draw.logprob);
    row.policyLogprobs.push(draw.policyLogprob);
    if (this.#model.endTokens.has(draw.token)) return 'end';
    if (this.#model.completesStop(row.tokens)) return 'string';
    const total = row.request.promptTokens.length + row.tokens.length;
    const full = row.tokens.length >= this.#settings.maxTokens || total >= this.#model.config.contextLength;
    return full ? 'length' : null;
  }
}

/** Tokens whose keys and values the cache holds: all but the last one drawn. */
const cachedLength = ({ request, tokens }: Row): number => request.promptTokens.length + tokens.length - 1;

const completion = (
  { request, index, tokens, logprobs, policyLogprobs }: Row,
  finish: Finish,
): TokenCompletion => ({ request, index, tokens, logprobs, policyLogprobs, finish });
