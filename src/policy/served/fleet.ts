/**
 * The replicas of one served model: each call goes to the one with the fewest calls in hand, so many at a time, and
 * is asked again, of another one if there is one, when the connection was lost. Nothing else is asked again.
 */
import PQueue from 'p-queue';
import pRetry from 'p-retry';
import { ConnectionLostError, ServerError } from './errors.ts';
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
  /** Asked after an answer of status 5xx: is that server ending? Then the connection counts as lost. */
  readonly ending?: (replica: Replica) => Promise<boolean>;
}

interface Member {
  readonly replica: Replica;
  inFlight: number;
  /** While it is not to be asked; settles when it is again. */
  away: Promise<void> | null;
}

export class Fleet {
  readonly #members: readonly Member[];
  readonly #options: FleetOptions;
  readonly #queue: PQueue;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#members = options.urls.map((url) => ({
      replica: new Replica(url, options.apiKey),
      inFlight: 0,
      away: null,
    }));
    this.#queue = new PQueue({ concurrency: this.width });
  }

  /** Most calls in flight at all of them. */
  get width(): number {
    return this.#options.concurrency * this.#members.length;
  }

  get replicas(): readonly Replica[] {
    return this.#members.map(({ replica }) => replica);
  }

  /** For the data plane: anyone may answer. */
  async ask<T>(work: (replica: Replica) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#queue.add(() => this.#retried((failed) => this.#leastLoaded(failed), work, signal));
  }

  /** For the control plane: everyone is told, and everyone must answer. */
  async tell<T>(work: (replica: Replica) => Promise<T>): Promise<T[]> {
    return Promise.all(this.replicas.map(work));
  }

  /** For questions: everyone is asked, and asked again as in `ask`. */
  async askEach<T>(work: (replica: Replica) => Promise<T>): Promise<T[]> {
    return Promise.all(this.#members.map((member) => this.#retried(() => member, work)));
  }

  /** Asks others than these until the work on them is over. */
  async without(replicas: readonly Replica[], work: () => Promise<void>): Promise<void> {
    const members = this.#members.filter(({ replica }) => replicas.includes(replica));
    const working = work();
    const over = working.catch(() => {}); // who waits will see for itself
    for (const member of members) member.away = over;
    try {
      await working;
    } finally {
      for (const member of members) member.away = null;
    }
  }

  async close(): Promise<void> {
    this.#queue.clear();
    await this.tell((replica) => replica.close());
  }

  async #retried<T>(
    whom: (failed: ReadonlySet<Member>) => Member,
    work: (replica: Replica) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const failed = new Set<Member>();
    const once = async () => {
      while (this.#members.every(({ away }) => away !== null))
        await Promise.race(this.#members.map(({ away }) => away));
      signal?.throwIfAborted();
      const member = whom(failed);
      member.inFlight++;
      try {
        return await work(member.replica);
      } catch (error) {
        const seen = await this.#seenAs(error, member.replica);
        if (seen instanceof ConnectionLostError) failed.add(member);
        throw seen;
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

  /** A server whose engine has died says so with a 5xx before it ends itself. */
  async #seenAs(error: unknown, replica: Replica): Promise<unknown> {
    if (!(error instanceof ServerError) || error.status < 500) return error;
    const ending = await this.#options.ending?.(replica);
    return ending ? new ConnectionLostError(error.message, { cause: error }) : error;
  }

  /** Among those that have not lost this call before, or all when all have. */
  #leastLoaded(failed: ReadonlySet<Member>): Member {
    const here = this.#members.filter(({ away }) => away === null);
    const fresh = here.filter((member) => !failed.has(member));
    const [first, ...others] = fresh.length > 0 ? fresh : here;
    if (first === undefined) throw new Error('a fleet has at least one replica to ask');
    return others.reduce((least, member) => (member.inFlight < least.inFlight ? member : least), first);
  }
}
