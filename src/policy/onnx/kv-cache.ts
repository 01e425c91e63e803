/**
 * Keys and values of all rows in flight: per layer one array [rows, heads, capacity, headDim], grown in steps.
 *
 * The decode session reads these arrays in place, so a small capacity makes a fast step: it starts short, grows
 * when the longest row needs it, and rows move down when others finish. The memory is there from the start, for the
 * system gives it page by page as it is first written; to grow is to move the rows apart in it.
 */
import type { LlamaConfig } from './config.ts';
import { cachedKeyName, cachedValueName } from './decode-graph.ts';
import { keyName, valueName } from './full-graphs.ts';
import { CAPACITY_STEP } from './memory-plan.ts';
import { type Feed, floats } from './session.ts';

interface Slab {
  /** Name of the session's input, and of the output that extends it. */
  readonly input: string;
  readonly output: string;
  readonly data: Float32Array;
}

/** A prompt's keys or values as prefill returns them, [batch, heads, length, headDim], by output name. */
export type Fetch = (name: string) => Float32Array;

export class KeyValueCache {
  readonly #heads: number;
  readonly #headDim: number;
  readonly #limit: number;
  readonly #slabs: readonly Slab[];
  #capacity = 0;

  /** Room for so many rows of at most `limit` tokens each. */
  constructor(config: LlamaConfig, rows: number, limit: number) {
    this.#heads = config.keyValueHeads;
    this.#headDim = config.headDim;
    this.#limit = limit;
    const slab = (input: string, output: string): Slab => {
      const data = new Float32Array(rows * this.#heads * limit * this.#headDim);
      return { input, output, data };
    };
    this.#slabs = Array.from({ length: config.layers }, (_, layer) => [
      slab(cachedKeyName(layer), keyName(layer)),
      slab(cachedValueName(layer), valueName(layer)),
    ]).flat();
  }

  /** Tokens a row has room for now. */
  get capacity(): number {
    return this.#capacity;
  }

  /** Makes each of the first `rows` rows hold `length` tokens; gives room back when more than twice what is needed. */
  fit(rows: number, length: number): void {
    const wanted = Math.min(this.#limit, Math.ceil(Math.max(1, length) / CAPACITY_STEP) * CAPACITY_STEP);
    if (wanted > this.#capacity || 2 * wanted < this.#capacity) this.#space(rows, wanted);
  }

  feeds(rows: number): Record<string, Feed> {
    const dims = [rows, this.#heads, this.#capacity, this.#headDim];
    const size = dims.reduce((a, b) => a * b, 1);
    return Object.fromEntries(
      this.#slabs.map(({ input, data }) => [input, floats(data.subarray(0, size), dims)]),
    );
  }

  /** Writes a step's new keys and values: row r's at its position `positions[r]`. */
  append(fetch: Fetch, positions: readonly number[]): void {
    const width = this.#headDim;
    for (const { output, data } of this.#slabs) {
      const fresh = fetch(output);
      let from = 0;
      positions.forEach((position, row) => {
        for (let head = 0; head < this.#heads; head++) {
          const to = this.#offset(row, head, position);
          for (let i = 0; i < width; i++) data[to + i] = fresh[from + i] ?? 0;
          from += width;
        }
      });
    }
  }

  /** Copies the first `length` tokens of row `member` of a prefill of padded length `padded` into `row`. */
  load(row: number, fetch: Fetch, member: number, length: number, padded: number): void {
    for (const { output, data } of this.#slabs) {
      const source = fetch(output);
      for (let head = 0; head < this.#heads; head++) {
        const from = (member * this.#heads + head) * padded * this.#headDim;
        data.set(source.subarray(from, from + length * this.#headDim), this.#offset(row, head, 0));
      }
    }
  }

  /** Copies row `from` over row `to`. */
  move(from: number, to: number): void {
    const size = this.#heads * this.#capacity * this.#headDim;
    for (const { data } of this.#slabs) data.copyWithin(to * size, from * size, (from + 1) * size);
  }

  #offset(row: number, head: number, position: number): number {
    return ((row * this.#heads + head) * this.#capacity + position) * this.#headDim;
  }

  /** Moves the rows apart, from the last one on, or together, from the first one on: none is written over unread. */
  #space(rows: number, capacity: number): void {
    const [from, to] = [this.#capacity * this.#headDim, capacity * this.#headDim];
    const kept = Math.min(from, to);
    const lines = Array.from({ length: rows * this.#heads }, (_, line) => line);
    if (to > from) lines.reverse();
    for (const { data } of this.#slabs)
      for (const line of lines) data.copyWithin(line * to, line * from, line * from + kept);
    this.#capacity = capacity;
  }
}
