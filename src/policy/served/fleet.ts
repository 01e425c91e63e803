/**
 * The replicas of one served model: each call goes to the one with the fewest calls in hand, so many at a time, and
 * is asked again, of another one if there is one, when the connection was lost. Nothing else is asked again.
 */
import PQueue from 'p-queue';
import pRetry from 'p-retry';
import { ConnectionLostError } from './errors.ts';
import { Replica } from './http.ts';

export interface FleetOptions {
  readonly urls: readonly string[];
  readonly apiKey?: string | undefined;
  /** Most calls in flight at one replica. */
  readonly concurrency: number;
  /** Times a call is asked again after a lost connection. */
  readonly retries: number;
  /** Wait before the first of these, doubled each time. */
  readonly retryMilliseconds: number;
  /** Told of a lost connection before the call is asked again; may start the server anew. */
  readonly onLost?: (error: ConnectionLostError) => Promise<void>;
}

interface Member {
  readonly replica: Replica;
  inFlight: number;
}

export class Fleet {
  readonly #members: readonly Member[];
  readonly #options: FleetOptions;
  readonly #queue: PQueue;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#members = options.urls.map((url) => ({ replica: new Replica(url, options.apiKey), inFlight: 0 }));
    this.#queue = new PQueue({ concurrency: options.concurrency * options.urls.length });
  }

  get replicas(): readonly Replica[] {
    return this.#members.map(({ replica }) => replica);
  }

  /** For the data plane: anyone may answer. */
  async ask<T>(work: (replica: Replica) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#queue.add(() => this.#retried(work, signal));
  }

  /** For the control plane: everyone is told, and everyone must answer. */
  async tell<T>(work: (replica: Replica) => Promise<T>): Promise<T[]> {
    return Promise.all(this.replicas.map(work));
  }

  async close(): Promise<void> {
    this.#queue.clear();
    await this.tell((replica) => replica.close());
  }

  async #retried<T>(work: (replica: Replica) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const failed = new Set<Member>();
    const once = async () => {
      signal?.throwIfAborted();
      const member = this.#leastLoaded(failed);
      member.inFlight++;
      try {
        return await work(member.replica);
      } catch (error) {
        if (error instanceof ConnectionLostError) failed.add(member);
        throw error;
      } finally {
        member.inFlight--;
      }
    };
    const { retries, retryMilliseconds, onLost } = this.#options;
    return pRetry(once, {
      retries,
      minTimeout: retryMilliseconds,
      ...(signal === undefined ? {} : { signal }),
      shouldRetry: ({ error }) => error instanceof ConnectionLostError,
      onFailedAttempt: async ({ error, retriesLeft }) => {
        if (error instanceof ConnectionLostError && retriesLeft > 0) await onLost?.(error);
      },
    });
  }

  /** Among those that have not lost this call before, or all when all have. */
  #leastLoaded(failed: ReadonlySet<Member>): Member {
    const fresh = this.#members.filter((member) => !failed.has(member));
    const [first, ...others] = fresh.length > 0 ? fresh : this.#members;
    if (first === undefined) throw new Error('a fleet has at least one replica');
    return others.reduce((least, member) => (member.inFlight < least.inFlight ? member : least), first);
  }
}
