/**
 * A pool of judge processes: who is asked, how long an answer may take, and what a death means.
 *
 * - No answer within the wall-clock limit: the worker is killed, the request has timed out. Time in which this process stood
 *   still (suspended, or busy itself) counts little, and what has come by the end of it is read first.
 * - The worker dies, or is killed because it grew beyond the memory limit: the request gets one more chance, alone on
 *   a fresh worker. If that dies too, the request exhausted the judge (`memory`): deep recursion and full heaps end an
 *   embedded prover, and are the request's doing.
 * - The pool's own failures (a worker that does not start, an answer that is a fault or cannot be read) are retried once,
 *   then a `fault`. Many in a row are nobody's request's doing: then none is tried for a while.
 *
 * Workers start when first needed and are replaced after so many requests. With a spare, one more is kept started, so
 * that a kill does not hold up the queue for a start. The pool knows nothing of what is asked.
 */
import PQueue from 'p-queue';
import { messageOf } from '../ops/errors.ts';

export interface PoolWorker<Request, Answer> {
  /** One request at a time. Rejects with `WorkerDeath` when the process has ended, with another error when it talks nonsense. */
  ask(request: Request): Promise<Answer>;
  rssBytes(): Promise<number | undefined>;
  /** Whether the process is known to have ended; then it is not asked, and whoever would have been asked next is not blamed. */
  hasEnded?(): boolean;
  kill(): void;
}

/** The process behind a worker ended before it answered. */
export class WorkerDeath extends Error {
  override readonly name = 'WorkerDeath';
}

export type Outcome<Answer> =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'timeout' | 'memory' | 'fault'; readonly reason: string };

export interface PoolOptions<Request, Answer> {
  /** Processes at once. */
  readonly workers: number;
  /** Longest time an answer may take, milliseconds. */
  readonly wallMs: number;
  /** Most resident memory of a worker, looked at twice a second, also where answers come faster. */
  readonly maxRssBytes: number;
  /** A worker that has answered this many requests is replaced; default: never. */
  readonly maxUses?: number;
  /** Keep one worker more than needed started, from the first request on; default false. */
  readonly spare?: boolean;
  /** Longest time a start may take, milliseconds; default: any. */
  readonly startMs?: number;
  /** Resolves when the worker is ready to be asked. The signal is given when nobody waits any more: then it is to reject. */
  readonly start: (signal: AbortSignal) => Promise<PoolWorker<Request, Answer>>;
  /** Is the answer itself a failure of the judge's? Then why. */
  readonly faultIn: (answer: Answer) => string | undefined;
  /** Told of every unusual event, for logs. */
  readonly onEvent?: (event: PoolEvent) => void;
}

export interface PoolEvent {
  readonly event: 'started' | 'start-failed' | 'died' | 'killed-for-time' | 'recycled';
  readonly reason: string;
}

/** One place for a worker; a lane runs one request at a time. */
interface Lane<Request, Answer> {
  worker: PoolWorker<Request, Answer> | undefined;
  uses: number;
  /** When its memory was last looked at, by performance.now. */
  lookedAt: number;
}

/** `garbled`: what it said cannot be read, and neither can what it says next. */
type Trial<Answer> =
  | Outcome<Answer>
  | { readonly kind: 'died'; readonly reason: string }
  | { readonly kind: 'garbled'; readonly reason: string };

/** Between looks at the clock and at a worker's memory. */
const LOOK_MS = 500;
/** After so many starts in a row that failed, no start is tried for so long: requests come back as faults at once. */
const FAILED_STARTS = { most: 4, restMs: 60_000 };
/** The same after so many faults in a row, or each would cost a start. */
const FAULTS = { most: 16, restMs: 60_000 };

export class Pool<Request, Answer> {
  readonly #options: PoolOptions<Request, Answer>;
  readonly #queue: PQueue;
  readonly #free: Lane<Request, Answer>[];
  readonly #all: readonly Lane<Request, Answer>[];
  #spare: Promise<PoolWorker<Request, Answer>> | undefined;
  #failedStarts = 0;
  #restUntil = 0;
  #faults = 0;
  #faultRestUntil = 0;
  readonly #closing = new AbortController();

  constructor(options: PoolOptions<Request, Answer>) {
    for (const name of ['workers', 'wallMs', 'maxRssBytes', 'maxUses', 'startMs'] as const) {
      const value = options[name];
      if (value !== undefined && !(value > 0))
        throw new RangeError(`Pool: ${name} must be above 0, got ${value}.`);
    }
    this.#options = options;
    this.#queue = new PQueue({ concurrency: options.workers });
    this.#all = Array.from({ length: options.workers }, emptyLane<Request, Answer>);
    this.#free = [...this.#all];
  }

  async run(request: Request): Promise<Outcome<Answer>> {
    return await this.#queue.add(() => this.#inLane((lane) => this.#tryTwice(lane, request)));
  }

  /** Ends every process, those too that are starting; requests still waiting come back as faults. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const lane of this.#all) this.#dismiss(lane);
    void this.#spare?.then((worker) => worker.kill()).catch(() => {});
    await this.#queue.onIdle();
  }

  async #inLane<R>(use: (lane: Lane<Request, Answer>) => Promise<R>): Promise<R> {
    // The warm lanes first: a lane whose worker is not started yet is only taken when the others are busy.
    const warm = this.#free.findIndex((lane) => lane.worker !== undefined);
    const [lane = emptyLane<Request, Answer>()] = this.#free.splice(Math.max(warm, 0), 1);
    try {
      return await use(lane);
    } finally {
      this.#free.push(lane);
    }
  }

  async #tryTwice(lane: Lane<Request, Answer>, request: Request): Promise<Outcome<Answer>> {
    const first = await this.#try(lane, request);
    if (first.kind === 'answer' || first.kind === 'timeout') return first;
    this.#dismiss(lane);
    const second = await this.#try(lane, request);
    if (second.kind === 'garbled') return { kind: 'fault', reason: second.reason };
    if (second.kind !== 'died') return second;
    if (first.kind === 'died')
      return {
        kind: 'memory',
        reason: `the judge's process ended on this request, twice: ${second.reason}`,
      };
    return {
      kind: 'fault',
      reason: `${first.reason}; then the judge's process ended on this request: ${second.reason}`,
    };
  }

  async #try(lane: Lane<Request, Answer>, request: Request): Promise<Trial<Answer>> {
    const worker = await this.#workerOf(lane);
    if ('reason' in worker) return { kind: 'fault', reason: worker.reason };
    const trial = await this.#ask(worker, request);
    this.#faults = trial.kind === 'fault' || trial.kind === 'garbled' ? this.#faults + 1 : 0;
    if (this.#faults >= FAULTS.most) this.#faultRestUntil = performance.now() + FAULTS.restMs;
    if (trial.kind === 'answer' || trial.kind === 'fault') await this.#recycle(lane);
    else {
      this.#tell(trial.kind === 'timeout' ? 'killed-for-time' : 'died', trial.reason);
      this.#dismiss(lane);
    }
    return trial;
  }

  /** What ends the wait first is the reason that stays. */
  async #ask(worker: PoolWorker<Request, Answer>, request: Request): Promise<Trial<Answer>> {
    const { faultIn } = this.#options;
    const answered = worker.ask(request).then(
      (answer): Trial<Answer> => {
        const reason = faultIn(answer);
        return reason === undefined ? { kind: 'answer', answer } : { kind: 'fault', reason };
      },
      (error: unknown): Trial<Answer> => {
        const reason = messageOf(error);
        if (this.#closing.signal.aborted) return { kind: 'fault', reason };
        return error instanceof WorkerDeath ? { kind: 'died', reason } : { kind: 'garbled', reason };
      },
    );
    const watch = this.#watch(worker);
    try {
      return await Promise.race([answered, watch.over]);
    } finally {
      watch.stop();
    }
  }

  /**
   * A look takes what was waited since the last one, but at most twice what lies between looks: while this process stood
   * still, the worker may have stood still too. Time is up only once what lies in the pipe has been read.
   */
  #watch(worker: PoolWorker<Request, Answer>): { over: Promise<Trial<Answer>>; stop: () => void } {
    const { wallMs } = this.#options;
    const lookMs = wallMs / Math.ceil(wallMs / LOOK_MS);
    const { promise, resolve } = Promise.withResolvers<Trial<Answer>>();
    let [waitedMs, last] = [0, performance.now()];
    const timer = setInterval(() => {
      const now = performance.now();
      waitedMs += Math.min(now - last, 2 * lookMs);
      last = now;
      if (waitedMs > wallMs - lookMs / 2)
        setImmediate(resolve, { kind: 'timeout', reason: `no answer within ${wallMs} ms` });
      else void this.#tooLarge(worker).then(resolveIf(resolve));
    }, lookMs);
    return { over: promise, stop: () => clearInterval(timer) };
  }

  async #tooLarge(worker: PoolWorker<Request, Answer>): Promise<Trial<Answer> | undefined> {
    const reason = this.#overMemory(await worker.rssBytes());
    return reason === undefined ? undefined : { kind: 'died', reason };
  }

  #overMemory(rss: number | undefined): string | undefined {
    const { maxRssBytes } = this.#options;
    if (rss === undefined || rss <= maxRssBytes) return undefined;
    return `${mebibytes(rss)} resident; at most ${mebibytes(maxRssBytes)} are allowed`;
  }

  async #workerOf(lane: Lane<Request, Answer>): Promise<PoolWorker<Request, Answer> | { reason: string }> {
    if (this.#closing.signal.aborted) return { reason: 'the checker is closed' };
    if (performance.now() < this.#faultRestUntil)
      return { reason: `${FAULTS.most} answers in a row were faults; the next try is within a minute` };
    if (!lane.worker && performance.now() < this.#restUntil)
      return {
        reason: `no worker started ${FAILED_STARTS.most} times in a row; the next try is within a minute`,
      };
    try {
      if (lane.worker?.hasEnded?.()) {
        this.#tell('died', 'it ended while nothing was asked of it');
        this.#dismiss(lane);
      }
      if (!lane.worker) {
        Object.assign(lane, emptyLane(), { worker: await this.#start() });
        this.#failedStarts = 0;
      }
      if (this.#closing.signal.aborted) this.#dismiss(lane);
      return lane.worker ?? { reason: 'the checker is closed' };
    } catch (error) {
      this.#tell('start-failed', messageOf(error));
      if (++this.#failedStarts >= FAILED_STARTS.most)
        this.#restUntil = performance.now() + FAILED_STARTS.restMs;
      return { reason: messageOf(error) };
    }
  }

  async #start(): Promise<PoolWorker<Request, Answer>> {
    const spare = this.#spare;
    this.#spare = undefined;
    const start = () => this.#startInTime();
    const kept = await spare?.catch(() => undefined);
    const usable = kept?.hasEnded?.() ? undefined : kept;
    const worker = usable ?? (await start());
    this.#tell('started', usable ? 'the spare' : '');
    if (this.#options.spare && !this.#closing.signal.aborted) {
      this.#spare = start();
      this.#spare.catch(() => {}); // Whoever takes it is told.
    }
    return worker;
  }

  async #startInTime(): Promise<PoolWorker<Request, Answer>> {
    const { start, startMs } = this.#options;
    if (startMs === undefined) return await start(this.#closing.signal);
    const late = AbortSignal.timeout(startMs);
    try {
      return await start(AbortSignal.any([this.#closing.signal, late]));
    } catch (error) {
      if (!late.aborted || this.#closing.signal.aborted) throw error;
      throw new Error(`the judge was not ready within ${startMs / 1000} s of its start`, { cause: error });
    }
  }

  async #recycle(lane: Lane<Request, Answer>): Promise<void> {
    lane.uses++;
    const { maxUses = Number.POSITIVE_INFINITY } = this.#options;
    const reason = lane.uses >= maxUses ? `${lane.uses} requests answered` : await this.#overMemoryOf(lane);
    if (reason === undefined) return;
    this.#tell('recycled', reason);
    this.#dismiss(lane);
  }

  /** A look reads a file for every thread, which between short answers is too much. */
  async #overMemoryOf(lane: Lane<Request, Answer>): Promise<string | undefined> {
    const now = performance.now();
    if (now - lane.lookedAt < LOOK_MS) return undefined;
    lane.lookedAt = now;
    return this.#overMemory(await lane.worker?.rssBytes());
  }

  #dismiss(lane: Lane<Request, Answer>): void {
    lane.worker?.kill();
    lane.worker = undefined;
  }

  #tell(event: PoolEvent['event'], reason: string): void {
    this.#options.onEvent?.({ event, reason });
  }
}

function emptyLane<Request, Answer>(): Lane<Request, Answer> {
  return { worker: undefined, uses: 0, lookedAt: Number.NEGATIVE_INFINITY };
}

const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;

const resolveIf =
  <T>(resolve: (value: T) => void) =>
  (value: T | undefined): void => {
    if (value !== undefined) resolve(value);
  };
