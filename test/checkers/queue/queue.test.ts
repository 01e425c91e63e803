import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Attempt, Checker, Verdict } from '../../../src/checkers/checker.ts';
import { queueName } from '../../../src/checkers/queue/messages.ts';
import { openQueueChecker, type QueueCheckerOptions } from '../../../src/checkers/queue/queue-checker.ts';
import { type Standing, standingId } from '../../../src/checkers/standing.ts';
import { StoppedError, UsageError } from '../../../src/ops/errors.ts';
import { freePort, startRedis, type TestRedis, whyNoRedis } from './redis-server.ts';
import { type InstantWorker, WorkerProcess } from './workers.ts';

const standing: Standing = { toolchain: 'instant 1', rules: 'r', limits: { wallMs: 1 } };

const attempt = (id: string, proof: string): Attempt => ({
  id,
  statement: { id: `s${id}`, language: 'lean', header: '', text: 'theorem t : True', forbidden: [] },
  proof,
});
const attempts = (count: number, proof = (i: number) => `by ${i % 3 === 0 ? 'rejected' : 'simp'} ${i}`) =>
  Array.from({ length: count }, (_, i) => attempt(`a${i}`, proof(i)));

describe.skipIf(whyNoRedis !== '')(`the queue (${whyNoRedis || 'redis-server found'})`, () => {
  let redis: TestRedis;
  let prefix = '';
  let tests = 0;
  const workers: WorkerProcess[] = [];
  const checkers: Checker[] = [];

  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.end()));
    await Promise.all(checkers.splice(0).map((checker) => checker.close()));
  });

  const fresh = () => {
    prefix = `t${++tests}`;
  };
  const work = async (options: Partial<InstantWorker> = {}): Promise<WorkerProcess> => {
    const worker = await WorkerProcess.start({ url: redis.url, prefix, standing, ...options });
    workers.push(worker);
    return worker;
  };
  const ask = async (options: Partial<QueueCheckerOptions> = {}): Promise<Checker> => {
    const checker = await openQueueChecker({
      url: redis.url,
      prefix,
      standing,
      groupSize: 8,
      maxInFlight: 64,
      waitMs: 60_000,
      lookMs: 300,
      ...options,
    });
    checkers.push(checker);
    return checker;
  };
  const judgeAll = (checker: Checker, some: readonly Attempt[]): Promise<Verdict[]> =>
    Array.fromAsync(checker.judge(some));

  test('three worker processes answer every attempt once, each with its own verdict', async () => {
    fresh();
    const three = await Promise.all([work(), work(), work()]);
    const some = attempts(600);
    const verdicts = await judgeAll(await ask(), some);
    expect(verdicts.map((v) => v.id).toSorted()).toEqual(some.map((a) => a.id).toSorted());
    const wrong = verdicts.filter(
      (v) => v.verdict !== (Number(v.id.slice(1)) % 3 === 0 ? 'rejected' : 'proved'),
    );
    expect(wrong).toEqual([]);
    expect(three.every((worker) => worker.judged.length > 0)).toBe(true);
  });

  test('a worker killed in the middle of a group loses nothing and repeats nothing that it had judged', async () => {
    fresh();
    const victim = await work({ holdAt: 'simp 13' });
    const verdicts = ask().then((checker) => judgeAll(checker, attempts(40)));
    await victim.reached('simp 13');
    const others = await Promise.all([work(), work()]);
    await victim.end('SIGKILL');
    expect((await verdicts).map((v) => v.id).toSorted()).toEqual(
      attempts(40)
        .map((a) => a.id)
        .toSorted(),
    );
    const begun = victim.judged;
    const again = others.flatMap((worker) => worker.judged);
    expect(again).toContain(begun.at(-1));
    expect(again.filter((proof) => begun.slice(0, -1).includes(proof))).toEqual([]);
    expect(again).toHaveLength(new Set(again).size);
  });

  test('attempts alike are judged once, in one call, in two runs at a time, and later', async () => {
    fresh();
    const worker = await work();
    const alike = attempts(60, (i) => `by simp ${i % 6}`);
    const [one, two] = await Promise.all([ask(), ask()]);
    const [first, second] = await Promise.all([judgeAll(one, alike), judgeAll(two, alike)]);
    const third = await judgeAll(await ask(), alike.slice(7));
    expect([first.length, second.length, third.length]).toEqual([60, 60, 53]);
    await worker.told(6);
    expect(worker.judged.toSorted()).toEqual(Array.from({ length: 6 }, (_, i) => `by simp ${i}`));
  });

  test('ids that repeat each get their verdict', async () => {
    fresh();
    await work();
    const verdicts = await judgeAll(await ask(), [
      attempt('same', 'by simp'),
      attempt('same', 'by rejected'),
    ]);
    expect(verdicts.map((v) => [v.id, v.verdict]).toSorted()).toEqual([
      ['same', 'proved'],
      ['same', 'rejected'],
    ]);
  });

  test('a worker with another Lean, other rules or other limits gives no verdict, and the error says what it has', async () => {
    fresh();
    const others = [
      { ...standing, toolchain: 'instant 2' },
      { ...standing, rules: 'other' },
      { ...standing, limits: { wallMs: 2 } },
    ];
    const strangers = await Promise.all(others.map((other) => work({ standing: other })));
    const said: string[] = [];
    const checker = await ask({ waitMs: 500, warn: (message) => said.push(message) });
    expect(said.join()).toContain('expected a worker with instant 1');
    const failing = judgeAll(checker, attempts(3));
    await expect(failing).rejects.toThrow(StoppedError);
    await expect(failing).rejects.toThrow(/with instant 2/);
    await expect(failing).rejects.toThrow(/another version of this program/);
    await expect(failing).rejects.toThrow(/wallMs 2 for 1/);
    expect(strangers.flatMap((worker) => worker.judged)).toEqual([]);
  });

  test('a group of another standing put into its queue is refused by the worker', async () => {
    fresh();
    const worker = await work();
    const name = queueName(standingId(standing));
    const connection = new Redis(redis.url, { maxRetriesPerRequest: null });
    const queue = new Queue(name, { connection, prefix });
    const checker = await ask();
    const { statement } = attempt('a', '');
    await queue.add('judge', { op: 'judge', standing: 'other', items: [{ statement, proof: 'by forged' }] });
    await judgeAll(checker, attempts(1));
    await worker.told(1);
    expect(worker.judged).toEqual(['by rejected 0']);
    const [failed] = await queue.getFailed();
    expect(failed?.failedReason).toContain('a group for standing other came to a worker of');
    await queue.close();
    connection.disconnect();
  });

  test('no more than maxInFlight attempts are read ahead of the answers', async () => {
    fresh();
    let read = 0;
    function* source() {
      for (const one of attempts(500)) {
        read++;
        yield one;
      }
    }
    const checker = await ask({ maxInFlight: 20 });
    const verdicts = checker.judge(source())[Symbol.asyncIterator]();
    const first = verdicts.next();
    const worker = await work();
    await first;
    expect(read).toBeLessThanOrEqual(40);
    let rest = 1;
    while (!(await verdicts.next()).done) rest++;
    await worker.told(500);
    expect([rest, worker.judged.length]).toEqual([500, 500]);
  });

  test('a worker whose judge only fails gives the group back, and another answers it', async () => {
    fresh();
    const broken = await work({ fail: true });
    const verdicts = ask().then((checker) => judgeAll(checker, attempts(8)));
    await broken.reached('simp');
    await broken.end();
    await work();
    expect((await verdicts).map((v) => v.verdict)).not.toContain('fault');
  });

  test('a judge that fails everywhere makes faults, with its reason, and no rewards', async () => {
    fresh();
    await work({ fail: true });
    const verdicts = await judgeAll(await ask(), attempts(8));
    expect(verdicts).toHaveLength(8);
    expect(new Set(verdicts.map((v) => v.verdict))).toEqual(new Set(['fault']));
    expect(verdicts[0]?.reason).toMatch(/^the queue gave up: /);
  });

  test('inspections go the same way, probes with them', async () => {
    fresh();
    await work();
    const checker = await ask();
    const statements = attempts(20).map((a, i) => ({ ...a.statement, text: `theorem t : ${i} = ${i}` }));
    const inspections = await Array.fromAsync(checker.inspect(statements, { probes: ['hollow'] }));
    expect(inspections.map((i) => i.id).toSorted()).toEqual(statements.map((s) => s.id).toSorted());
    expect(inspections.every((i) => i.ok)).toBe(true);
  });

  test('a drained worker finishes the group in hand, takes no other, and exits 0', async () => {
    fresh();
    const worker = await work({ drainAt: 'simp 100' });
    const verdicts = ask({ groupSize: 200, maxInFlight: 400 }).then((c) => judgeAll(c, attempts(400)));
    expect(await worker.ended()).toBe(0);
    expect(worker.judged).toHaveLength(200);
    const next = await work();
    expect(await verdicts).toHaveLength(400);
    await next.told(200);
    expect(next.judged).toHaveLength(200);
  });

  test('a Redis that lost everything is told again, and every attempt still gets one verdict', async () => {
    fresh();
    const mortal = await startRedis();
    const checker = await ask({ url: mortal.url });
    const verdicts = judgeAll(checker, attempts(50));
    const victim = await work({ url: mortal.url, holdAt: 'simp 20' });
    await victim.reached('simp 20');
    await mortal.kill();
    await victim.end();
    const reborn = await startRedis({ port: mortal.port });
    await work({ url: reborn.url });
    expect((await verdicts).map((v) => v.id).toSorted()).toEqual(
      attempts(50)
        .map((a) => a.id)
        .toSorted(),
    );
    await Promise.all([workers.pop()?.end(), checkers.pop()?.close()]);
    await reborn.stop();
  });

  test('a Redis that stays away ends the work, resumable, with its name and the reason', async () => {
    fresh();
    const mortal = await startRedis();
    const checker = await ask({ url: mortal.url, waitMs: 1000 });
    const verdicts = judgeAll(checker, attempts(5));
    await mortal.kill();
    await expect(verdicts).rejects.toThrow(/127\.0\.0\.1.*no Redis for .* s \(.*\)/);
    await expect(verdicts).rejects.toThrow(StoppedError);
  });

  test('a wrong password is bad usage, and no message shows a password', async () => {
    const locked = await startRedis({ password: 'open sesame' });
    const wrong = openQueueChecker({
      url: `redis://:guessed@127.0.0.1:${locked.port}`,
      prefix,
      standing,
      groupSize: 1,
      maxInFlight: 1,
      waitMs: 5000,
      lookMs: 300,
    });
    await expect(wrong).rejects.toThrow(UsageError);
    await expect(wrong).rejects.toThrow(/refuses the password/);
    await expect(wrong).rejects.not.toThrow(/guessed/);
    await locked.stop();
  });

  test('an unreachable Redis is named, and the work can be begun again', async () => {
    const port = await freePort();
    const opening = ask({ url: `redis://127.0.0.1:${port}`, waitMs: 500 });
    await expect(opening).rejects.toThrow(StoppedError);
    await expect(opening).rejects.toThrow(new RegExp(`127\\.0\\.0\\.1:${port}.*ECONNREFUSED`));
  });
});
