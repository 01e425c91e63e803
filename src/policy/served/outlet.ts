/**
 * Items on their way to whoever iterates them, a few ahead: whoever makes them asks for room first, so that a slow taker
 * holds the maker up instead of filling the memory.
 */
import { Readable } from 'node:stream';

/** Items that may lie ready before there is no room. */
const AHEAD = 64;

export class Outlet<T> {
  #full = false;
  #room = Promise.withResolvers<void>();
  readonly #items = new Readable({ objectMode: true, highWaterMark: AHEAD, read: () => this.#open() });

  /** Takes it in any case; asking for room is the maker's. */
  put(item: T): void {
    if (this.#items.push(item) || this.#full) return;
    this.#full = true;
    this.#room = Promise.withResolvers();
  }

  #open(): void {
    this.#full = false;
    this.#room.resolve();
  }

  /** Resolves when there is room, or when nobody waits for items any more. */
  async room(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const over = Promise.withResolvers<void>();
    const release = () => over.resolve();
    signal.addEventListener('abort', release);
    await Promise.race([this.#room.promise, over.promise]);
    signal.removeEventListener('abort', release);
  }

  end(): void {
    this.#items.push(null);
  }

  fail(error: Error): void {
    this.#items.destroy(error);
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return this.#items[Symbol.asyncIterator]();
  }
}
