/**
 * The far end of the queue: takes groups of its own standing, answers them with the checker it is given, says on the
 * roster that it lives. It takes a few groups at once, so that its judges are never idle between two.
 *
 * - Killed: its groups stall, and other workers get them; what it had judged of them is remembered.
 * - Draining: it takes no more, finishes what it has in hand, and leaves the roster.
 * - A checker that only fails (every answer a fault): the group goes back for another worker to try.
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { type Job, UnrecoverableError, Worker } from 'bullmq';
import {
  faultAnswer,
  type InspectionAnswer,
  inspectionAnswer,
  type VerdictAnswer,
  verdictAnswer,
} from '../answers.ts';
import type { Checker } from '../checker.ts';
import { type Standing, standingId } from '../standing.ts';
import { type Answers, type Group, groupSchema, questionHash, queueName } from './messages.ts';
import type { RedisLink } from './redis.ts';
import { Remembered } from './remembered.ts';
import { Roster } from './roster.ts';

export interface QueueWorkerOptions {
  readonly redis: RedisLink;
  /** First part of every key. */
  readonly prefix: string;
  readonly checker: Checker;
  readonly standing: Standing;
  /** Attempts the checker judges at once. */
  readonly places: number;
  /** Groups in hand at once. */
  readonly groups: number;
  /** A group whose worker has been silent for so long goes back to the queue. */
  readonly stallMs: number;
  /** How long a verdict is remembered in Redis; 0 is not at all. */
  readonly rememberSeconds: number;
  readonly onEvent?: (event: QueueWorkerEvent) => void;
}

export interface QueueWorkerEvent {
  readonly event: 'group-done' | 'group-failed' | 'group-stalled' | 'redis';
  readonly reason: string;
}

export interface QueueWorker {
  readonly name: string;
  /** Answers given so far. */
  answered(): number;
  /** Takes no more groups; resolves when those in hand are answered. */
  drain(): Promise<void>;
}

/** A group is given up, as a fault, when it was in the hands of more workers than this that died. */
const MOST_STALLS = 3;

export async function startQueueWorker(options: QueueWorkerOptions): Promise<QueueWorker> {
  const { redis, prefix, standing, places, groups, stallMs, onEvent = () => {} } = options;
  const name = `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`;
  const roster = new Roster(redis.client, prefix);
  const answering = new Answering(options);
  const worker = new Worker<unknown, Answers>(
    queueName(standingId(standing)),
    (job: Job<unknown>) => answering.answer(job.data),
    {
      connection: redis.client,
      prefix,
      name,
      concurrency: groups,
      lockDuration: stallMs,
      stalledInterval: stallMs,
      maxStalledCount: MOST_STALLS,
      autorun: false,
    },
  );
  worker.on('error', (error) => onEvent({ event: 'redis', reason: error.message }));
  worker.on('completed', (job) => onEvent({ event: 'group-done', reason: job.id ?? '' }));
  worker.on('failed', (job, error) =>
    onEvent({ event: 'group-failed', reason: `${job?.id}: ${error.message}` }),
  );
  worker.on('stalled', (id) => onEvent({ event: 'group-stalled', reason: id }));
  await worker.waitUntilReady();
  const notice = { name, host: hostname(), pid: process.pid, places, standing };
  const sign = () => roster.sign(notice, 3 * stallMs);
  await sign();
  const signing = every(stallMs, sign);
  const running = worker.run();
  return {
    name,
    answered: () => answering.count,
    async drain() {
      clearInterval(signing);
      const closed = worker.close(); // at once: the group in hand may end while the roster is told
      await roster.leave(name);
      await closed;
      await running;
    },
  };
}

/** Not again before the last time is over: commands wait while Redis is away. */
function every(ms: number, work: () => Promise<void>): NodeJS.Timeout {
  let busy = false;
  return setInterval(() => {
    if (busy) return;
    busy = true;
    work()
      .catch(() => {})
      .finally(() => {
        busy = false;
      });
  }, ms);
}

class Answering {
  count = 0;
  readonly #checker: Checker;
  readonly #standing: Standing;
  readonly #id: string;
  readonly #remembered: Remembered;

  constructor({ checker, standing, redis, prefix, rememberSeconds }: QueueWorkerOptions) {
    this.#checker = checker;
    this.#standing = standing;
    this.#id = standingId(standing);
    this.#remembered = new Remembered(redis.client, prefix, rememberSeconds);
  }

  async answer(data: unknown): Promise<Answers> {
    const group = groupSchema.parse(data);
    if (group.standing !== this.#id)
      throw new UnrecoverableError(`a group for standing ${group.standing} came to a worker of ${this.#id}`);
    const answers = group.op === 'judge' ? await this.#judge(group) : await this.#inspect(group);
    this.count += answers.length;
    return { standing: this.#id, answers };
  }

  async #judge({ items }: Extract<Group, { op: 'judge' }>): Promise<VerdictAnswer[]> {
    const hashes = items.map(({ statement, proof }) =>
      questionHash(this.#standing, { op: 'judge', statement: { id: '', ...statement }, proof }),
    );
    const answers = await this.#remembered.recall(hashes);
    const asked = items.flatMap((item, i) =>
      answers[i] === undefined
        ? [{ id: `${i}`, statement: { id: `${i}`, ...item.statement }, proof: item.proof }]
        : [],
    );
    const keeping: Promise<void>[] = [];
    for await (const { id, ...verdict } of this.#checker.judge(asked)) {
      const answer = verdictAnswer.parse(verdict);
      answers[Number(id)] = answer;
      keeping.push(this.#remembered.keep(hashes[Number(id)] ?? '', answer));
    }
    await Promise.all(keeping);
    const faults = asked.map(({ id }) => answers[Number(id)] ?? NO_VERDICT);
    if (asked.length > 0 && faults.every(({ verdict }) => verdict === 'fault'))
      throw new Error(faults[0]?.reason);
    return answers.map((answer) => answer ?? NO_VERDICT);
  }

  async #inspect({ items, probes }: Extract<Group, { op: 'inspect' }>): Promise<InspectionAnswer[]> {
    const answers: InspectionAnswer[] = [];
    const statements = items.map((item, i) => ({ id: `${i}`, ...item.statement }));
    for await (const { id, ...inspection } of this.#checker.inspect(statements, { probes }))
      answers[Number(id)] = inspectionAnswer.parse(inspection);
    if (answers.filter(Boolean).length < items.length) throw new Error('the checker left statements out');
    return answers;
  }
}

const NO_VERDICT = faultAnswer('the checker gave no verdict');
