/**
 * The checker whose judges are elsewhere: questions go in groups through BullMQ on Redis to workers of one standing
 * (toolchain, rules, limits), and answers come back by the queue's events. Same contract as the pool in this process.
 *
 * - Alike questions in flight are one question; groups alike are one job, whoever else asks.
 * - At most `maxInFlight` questions are out; beyond that the source is not read.
 * - Groups without an answer are handed in again at each look: nothing changes where the queue still has them, and where
 *   Redis or an event was lost they start afresh. An answer that comes twice is taken once.
 * - Nobody to judge, or no Redis, for `waitMs`: a `StoppedError`; what was answered stays answered.
 */
import { Queue, QueueEvents } from 'bullmq';
import PQueue from 'p-queue';
import { StoppedError } from '../../ops/errors.ts';
import type { Statement } from '../../statements/statement.ts';
import { faultAnswer, notInspected } from '../answers.ts';
import type { Attempt, Checker, Inspection, InspectOptions, Source, Verdict } from '../checker.ts';
import { type Standing, standingId } from '../standing.ts';
import { unordered } from '../stream.ts';
import {
  type Answers,
  answersSchema,
  type Group,
  groupId,
  groupOf,
  kindOf,
  type Question,
  questionHash,
  queueName,
} from './messages.ts';
import { openRedis, type RedisLink } from './redis.ts';
import { Roster, whyNobody } from './roster.ts';

export interface QueueCheckerOptions {
  readonly url: string;
  /** First part of every key. */
  readonly prefix: string;
  /** Which judge is asked; answers of any other are refused. */
  readonly standing: Standing;
  /** Most questions in one job. */
  readonly groupSize: number;
  readonly maxInFlight: number;
  /** How long Redis, or the last worker, may be away. */
  readonly waitMs: number;
  /** Time between two looks at what is still unanswered. */
  readonly lookMs: number;
  readonly warn?: (message: string) => void;
}

type Answer = Answers['answers'][number];

interface Asked {
  readonly hash: string;
  readonly question: Question;
  readonly answered: PromiseWithResolvers<Answer>;
}

interface Sent {
  readonly data: Group;
  readonly members: readonly Asked[];
}

/** Tries of a group whose worker answered with nothing but faults. */
const TRIES = { attempts: 3, backoff: { type: 'fixed', delay: 1000 } };

export async function openQueueChecker(options: QueueCheckerOptions): Promise<Checker> {
  const redis = await openRedis(options.url, Math.min(options.waitMs, 10_000));
  const name = queueName(standingId(options.standing));
  const { prefix } = options;
  const queue = new Queue<Group, Answers>(name, { connection: redis.client, prefix });
  // From the last event there is now: whatever comes of the first question comes after it.
  const last = await redis.client.xrevrange(queue.toKey('events'), '+', '-', 'COUNT', 1);
  const listening = redis.client.duplicate();
  listening.on('error', () => {}); // the link says since when it is down
  const events = new QueueEvents(name, {
    connection: listening,
    prefix,
    lastEventId: last[0]?.[0] ?? '0-0',
  });
  await events.waitUntilReady();
  const checker = new QueueChecker(options, redis, queue, events, () => listening.disconnect());
  await checker.lookForWorkers();
  return checker;
}

class QueueChecker implements Checker {
  readonly toolchain: string;
  readonly #options: QueueCheckerOptions;
  readonly #id: string;
  readonly #redis: RedisLink;
  readonly #queue: Queue<Group, Answers>;
  readonly #events: QueueEvents;
  readonly #stopListening: () => void;
  readonly #roster: Roster;
  readonly #room: PQueue;
  readonly #asked = new Map<string, Asked>();
  readonly #gathering = new Map<string, Asked[]>();
  readonly #sent = new Map<string, Sent>();
  readonly #looking: NodeJS.Timeout;
  #flush: NodeJS.Immediate | undefined;
  #lastAnswer = performance.now();

  constructor(
    options: QueueCheckerOptions,
    redis: RedisLink,
    queue: Queue<Group, Answers>,
    events: QueueEvents,
    stopListening: () => void,
  ) {
    this.toolchain = options.standing.toolchain;
    this.#options = options;
    this.#id = standingId(options.standing);
    this.#redis = redis;
    this.#queue = queue;
    this.#events = events;
    this.#stopListening = stopListening;
    this.#roster = new Roster(redis.client, options.prefix);
    this.#room = new PQueue({ concurrency: options.maxInFlight });
    queue.on('error', () => {}); // The link says since when it is down.
    events.on('error', () => {});
    events.on('completed', ({ jobId, returnvalue }) => this.#completed(jobId, returnvalue));
    events.on('failed', ({ jobId, failedReason }) => this.#failed(jobId, failedReason));
    this.#looking = setInterval(
      () => void this.#look().catch((error) => this.#giveUp(error)),
      options.lookMs,
    );
  }

  judge(attempts: Source<Attempt>): AsyncIterable<Verdict> {
    return unordered(attempts, this.#options.maxInFlight, async ({ id, statement, proof }) => {
      const answer = await this.#ask({ op: 'judge', statement, proof });
      if ('verdict' in answer) return { id, ...answer };
      throw new Error(`The worker answered another question than to judge ${id}.`);
    });
  }

  inspect(statements: Source<Statement>, { probes = [] }: InspectOptions = {}): AsyncIterable<Inspection> {
    return unordered(statements, this.#options.maxInFlight, async (statement) => {
      const answer = await this.#ask({ op: 'inspect', statement, probes });
      if ('ok' in answer) return { id: statement.id, ...answer };
      throw new Error(`The worker answered another question than to inspect ${statement.id}.`);
    });
  }

  /** Says at once when nobody is there yet: the first to come begins. */
  async lookForWorkers(): Promise<void> {
    const nobody = whyNobody(this.#options.standing, await this.#roster.list());
    if (nobody !== undefined)
      this.#options.warn?.(
        `${this.#redis.place}: ${nobody}; waiting up to ${this.#options.waitMs / 1000} s for one (lakatos worker).`,
      );
  }

  async close(): Promise<void> {
    clearInterval(this.#looking);
    clearImmediate(this.#flush);
    this.#giveUp(new StoppedError('The checker was closed before this was answered.'));
    const closing = Promise.allSettled([this.#events.close(), this.#queue.close()]);
    if (!this.#redis.down()) await closing; // it would wait for ever for a Redis that is gone
    this.#redis.close();
    this.#stopListening();
  }

  /** What is asked already waits for that answer; the rest waits for room. */
  #ask(question: Question): Promise<Answer> {
    const hash = questionHash(this.#options.standing, question);
    const known = this.#asked.get(hash);
    if (known) return known.answered.promise;
    const asked = { hash, question, answered: Promise.withResolvers<Answer>() };
    this.#asked.set(hash, asked);
    void this.#room.add(async () => {
      if (this.#asked.get(hash) !== asked) return; // given up while it waited for room
      if (this.#sent.size === 0) this.#lastAnswer = performance.now(); // there was nothing to wait for
      this.#gather(asked);
      await asked.answered.promise.catch(() => {});
    });
    return asked.answered.promise;
  }

  /** A group is sent when it is full, or when nothing more comes in this turn of the event loop. */
  #gather(asked: Asked): void {
    const kind = kindOf(asked.question);
    const group = this.#gathering.get(kind) ?? [];
    group.push(asked);
    this.#gathering.set(kind, group);
    if (group.length >= this.#options.groupSize) this.#sendGathered(kind, group);
    this.#flush ??= setImmediate(() => {
      this.#flush = undefined;
      for (const [kind, group] of this.#gathering) this.#sendGathered(kind, group);
    });
  }

  #sendGathered(kind: string, group: readonly Asked[]): void {
    this.#gathering.delete(kind);
    const [first, ...rest] = group.map(({ question }) => question);
    if (first === undefined) return;
    const id = groupId(group.map(({ hash }) => hash));
    const sent = { data: groupOf(this.#id, [first, ...rest]), members: group };
    this.#sent.set(id, sent);
    void this.#send(id, sent);
  }

  /** Failing to send is no failure yet: the next look tries again. Nothing stays in Redis of a group that is done. */
  async #send(id: string, { data }: Sent): Promise<void> {
    const options = { jobId: id, removeOnComplete: true, removeOnFail: true, ...TRIES };
    await this.#queue.add(data.op, data, options).catch(() => {});
  }

  #completed(id: string, value: unknown): void {
    const sent = this.#sent.get(id);
    if (!sent) return;
    const read = answersSchema.safeParse(value);
    const { standing = 'none', answers = [] } = read.data ?? {};
    if (standing === this.#id && answers.length === sent.members.length)
      this.#settle(id, sent, (asked, i) => {
        const answer = answers[i];
        if (answer) asked.answered.resolve(answer);
      });
    else this.#failed(id, `${answers.length} answers of standing ${standing} that were not asked for`);
  }

  /** The queue has given the group up. That says nothing of the attempts: faults. */
  #failed(id: string, reason: string): void {
    const sent = this.#sent.get(id);
    if (!sent) return;
    this.#settle(id, sent, ({ question, answered }) => {
      const why = `the queue gave up: ${reason}`;
      answered.resolve(question.op === 'judge' ? faultAnswer(why) : notInspected(`fault: ${why}`));
    });
  }

  #settle(id: string, sent: Sent, settle: (asked: Asked, i: number) => void): void {
    this.#sent.delete(id);
    this.#lastAnswer = performance.now();
    sent.members.forEach((asked, i) => {
      this.#asked.delete(asked.hash);
      settle(asked, i);
    });
  }

  async #look(): Promise<void> {
    if (this.#sent.size === 0) return;
    const down = this.#redis.down();
    const silentMs = performance.now() - this.#lastAnswer;
    const { waitMs, standing } = this.#options;
    if (down) {
      if (down.sinceMs > waitMs)
        this.#giveUp(this.#stopped(`no Redis for ${(down.sinceMs / 1000).toFixed(1)} s (${down.reason})`));
      return;
    }
    if (silentMs > waitMs) {
      const nobody = await this.#roster.list().then((workers) => whyNobody(standing, workers));
      if (nobody !== undefined)
        return this.#giveUp(this.#stopped(`no answer for ${waitMs / 1000} s: ${nobody}`));
    }
    await Promise.all([...this.#sent].map(([id, sent]) => this.#send(id, sent)));
  }

  #stopped(why: string): StoppedError {
    return new StoppedError(
      `${this.#redis.place}: ${why}. What was judged is kept: run the same command again.`,
    );
  }

  #giveUp(error: Error): void {
    const left = [...this.#asked.values()];
    this.#asked.clear();
    this.#gathering.clear();
    this.#sent.clear();
    for (const { answered } of left) {
      answered.promise.catch(() => {}); // where the asker has gone already
      answered.reject(error);
    }
  }
}
