import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  Pool,
  type PoolEvent,
  type PoolOptions,
  type PoolWorker,
  WorkerDeath,
} from '../../src/checkers/pool.ts';

interface Request {
  readonly do: 'answer' | 'die' | 'hang' | 'fault' | 'babble';
  /** Only processes born in these places obey; the others answer. */
  readonly births?: readonly number[];
}
interface Answer {
  readonly birth: number;
  readonly fault?: string;
}

const FAKE = fileURLToPath(new URL('fixtures/fake-judge.ts', import.meta.url));

let births = 0;
let events: PoolEvent[] = [];
let pool: Pool<Request, Answer> | undefined;

afterEach(async () => {
  await pool?.close();
  births = 0;
  events = [];
});

interface Resident {
  readonly asked: number;
  readonly answered: number;
}

async function startFake(rss: Resident = { asked: 0, answered: 0 }): Promise<PoolWorker<Request, Answer>> {
  let resident = rss.asked;
  const child = execa(process.execPath, [FAKE, String(births++)], { reject: false, buffer: false });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const { value, done } = await lines.next();
      resident = rss.answered;
      if (done) throw new WorkerDeath(`exit code ${(await child).exitCode}`);
      return JSON.parse(value);
    },
    rssBytes: async () => resident,
    kill: () => void child.kill('SIGKILL'),
  };
}

function poolOf(options: Partial<PoolOptions<Request, Answer>> = {}): Pool<Request, Answer> {
  pool = new Pool<Request, Answer>({
    workers: 1,
    wallMs: 60_000,
    maxRssBytes: 1,
    start: () => startFake(),
    faultIn: (answer) => answer.fault,
    onEvent: (event) => events.push(event),
    ...options,
  });
  return pool;
}

const kinds = () => events.map((e) => e.event);

describe('the pool', () => {
  it('starts no process before the first question', () => {
    poolOf({ workers: 3 });
    expect(births).toBe(0);
  });

  it('answers question after question from one process', async () => {
    const p = poolOf();
    expect(await p.run({ do: 'answer' })).toEqual({ kind: 'answer', answer: { birth: 0 } });
    expect(await p.run({ do: 'answer' })).toEqual({ kind: 'answer', answer: { birth: 0 } });
  });

  it('uses every place when questions come together', async () => {
    const p = poolOf({ workers: 2 });
    await Promise.all([p.run({ do: 'answer' }), p.run({ do: 'answer' })]);
    expect(births).toBe(2);
  });

  it('gives an attempt that killed its worker one more chance on a fresh one', async () => {
    expect(await poolOf().run({ do: 'die', births: [0] })).toEqual({ kind: 'answer', answer: { birth: 1 } });
    expect(kinds()).toEqual(['started', 'died', 'started']);
  });

  it('calls it memory when the attempt kills the fresh worker too, and says how it died', async () => {
    const p = poolOf();
    const outcome = await p.run({ do: 'die' });
    expect(outcome).toEqual({
      kind: 'memory',
      reason: "the judge's process ended on this request, twice: exit code 7",
    });
    expect(await p.run({ do: 'answer' })).toEqual({ kind: 'answer', answer: { birth: 2 } });
  });

  it('kills a worker that does not answer in time; the next question gets another', async () => {
    const p = poolOf({ wallMs: 50, workers: 1 });
    expect(await p.run({ do: 'hang' })).toEqual({ kind: 'timeout', reason: 'no answer within 50 ms' });
    expect(kinds()).toEqual(['started', 'killed-for-time']);
  });

  it('does not ask twice after a timeout', async () => {
    await poolOf({ wallMs: 50 }).run({ do: 'hang', births: [0] });
    expect(births).toBe(1);
  });

  it('retries a fault of the judge once, on a fresh worker', async () => {
    expect(await poolOf().run({ do: 'fault', births: [0] })).toEqual({
      kind: 'answer',
      answer: { birth: 1 },
    });
  });

  it('reports a fault that stays, with its reason', async () => {
    expect(await poolOf().run({ do: 'fault' })).toEqual({ kind: 'fault', reason: 'told to fail' });
  });

  it('retries an answer that cannot be read on a fresh worker, and never asks the one that gave it again', async () => {
    const p = poolOf();
    expect(await p.run({ do: 'babble', births: [0] })).toEqual({ kind: 'answer', answer: { birth: 1 } });
    expect(events[1]).toEqual({ event: 'died', reason: expect.stringContaining('JSON') });
  });

  it('calls it a fault, not memory, when no answer can be read', async () => {
    const p = poolOf();
    expect(await p.run({ do: 'babble' })).toEqual({
      kind: 'fault',
      reason: expect.stringContaining('JSON'),
    });
    expect(await p.run({ do: 'answer' })).toEqual({ kind: 'answer', answer: { birth: 2 } });
  });

  it('calls it a fault when the first try was one and the second ended the process, and says both', async () => {
    let tries = 0;
    const start = async () => ({
      ask: async () => {
        if (tries++ === 0) return { birth: 0, fault: 'told to fail' };
        throw new WorkerDeath('exit code 7');
      },
      rssBytes: async () => 0,
      kill() {},
    });
    expect(await poolOf({ start }).run({ do: 'answer' })).toEqual({
      kind: 'fault',
      reason: "told to fail; then the judge's process ended on this request: exit code 7",
    });
  });

  it('takes an answer that came while this process stood still beyond the limit', async () => {
    const start = async () => {
      const worker = await startFake();
      await worker.ask({ do: 'answer' });
      return worker;
    };
    const p = poolOf({ wallMs: 500, start });
    await p.run({ do: 'answer' });
    const outcome = p.run({ do: 'answer' });
    await new Promise<void>((asked) => setImmediate(asked));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2000); // stands still
    expect(await outcome).toEqual({ kind: 'answer', answer: { birth: 0 } });
  });

  it('gives a worker that stood still with this process the time that is left of its own', async () => {
    vi.useFakeTimers();
    try {
      const answer = Promise.withResolvers<Answer>();
      const start = async () => ({ ask: () => answer.promise, rssBytes: async () => 0, kill() {} });
      const outcome = poolOf({ start, wallMs: 10_000 }).run({ do: 'answer' });
      await vi.advanceTimersByTimeAsync(1000);
      const now = performance.now();
      const clock = vi.spyOn(performance, 'now').mockReturnValue(now + 3_600_000);
      await vi.advanceTimersByTimeAsync(500);
      clock.mockRestore();
      await vi.advanceTimersByTimeAsync(500);
      answer.resolve({ birth: 0 });
      expect(await outcome).toEqual({ kind: 'answer', answer: { birth: 0 } });
    } finally {
      vi.useRealTimers();
    }
  });

  it('ends a start that takes too long, and says so', async () => {
    const start = (signal: AbortSignal) =>
      new Promise<never>((_, reject) =>
        signal.addEventListener('abort', () => reject(new Error('signal SIGKILL'))),
      );
    expect(await poolOf({ start, startMs: 20 }).run({ do: 'answer' })).toEqual({
      kind: 'fault',
      reason: 'the judge was not ready within 0.02 s of its start',
    });
    expect(kinds()).toEqual(['start-failed', 'start-failed']);
  });

  it('reports workers that do not start as a fault, after two tries', async () => {
    const start = async () => {
      births++;
      throw new Error('no such program');
    };
    expect(await poolOf({ start }).run({ do: 'answer' })).toEqual({
      kind: 'fault',
      reason: 'no such program',
    });
    expect(births).toBe(2);
  });

  it('stops trying for a while when no worker starts, so that a thousand requests do not each wait for two', async () => {
    const start = async () => {
      births++;
      throw new Error('no such program');
    };
    const p = poolOf({ start });
    for (let i = 0; i < 10; i++) expect(await p.run({ do: 'answer' })).toMatchObject({ kind: 'fault' });
    expect(births).toBe(4);
    expect(await p.run({ do: 'answer' })).toMatchObject({
      reason: expect.stringMatching(/^no worker started 4 times in a row/),
    });
  });

  it('stops asking for a while when all it gets are faults, so that not each of a thousand costs a start', async () => {
    const faulty = {
      ask: async () => ({ birth: 0, fault: 'no answer' }),
      rssBytes: async () => 0,
      kill() {},
    };
    const start = async () => {
      births++;
      return faulty;
    };
    const p = poolOf({ start });
    const outcomes = [];
    for (let i = 0; i < 20; i++) outcomes.push(await p.run({ do: 'answer' }));
    expect(outcomes[0]).toEqual({ kind: 'fault', reason: 'no answer' });
    expect(outcomes[19]).toEqual({
      kind: 'fault',
      reason: '16 answers in a row were faults; the next try is within a minute',
    });
    expect(births).toBe(9); // eight requests, each tried on the worker that is there and on a fresh one
  });

  it('replaces a worker that has grown beyond the limit', async () => {
    const p = poolOf({ start: () => startFake({ asked: 0, answered: 2 ** 30 }), maxRssBytes: 2 ** 29 });
    await p.run({ do: 'answer' });
    expect(await p.run({ do: 'answer' })).toEqual({ kind: 'answer', answer: { birth: 1 } });
    expect(events[1]).toEqual({
      event: 'recycled',
      reason: '1024 MiB resident; at most 512 MiB are allowed',
    });
  });

  it('replaces a worker that has answered its share', async () => {
    const p = poolOf({ maxUses: 2 });
    for (const birth of [0, 0, 1]) expect(await p.run({ do: 'answer' })).toMatchObject({ answer: { birth } });
    expect(events[1]).toEqual({ event: 'recycled', reason: '2 requests answered' });
  });

  it('calls it memory when a request makes two workers grow beyond the limit, and kills both', async () => {
    const p = poolOf({ start: () => startFake({ asked: 2 ** 30, answered: 0 }), maxRssBytes: 2 ** 29 });
    expect(await p.run({ do: 'hang' })).toEqual({
      kind: 'memory',
      reason:
        "the judge's process ended on this request, twice: 1024 MiB resident; at most 512 MiB are allowed",
    });
    expect(kinds()).toEqual(['started', 'died', 'started', 'died']);
  });

  it('goes on with its spare after a death, and keeps another', async () => {
    const p = poolOf({ spare: true });
    await p.run({ do: 'answer' });
    expect(births).toBe(2);
    expect(await p.run({ do: 'die', births: [0] })).toEqual({ kind: 'answer', answer: { birth: 1 } });
    expect(births).toBe(3);
    expect(events.at(-1)).toEqual({ event: 'started', reason: 'the spare' });
  });

  it('starts afresh when its spare did not start', async () => {
    const start = async () => {
      if (births++ === 1) throw new Error('no memory');
      births--;
      return startFake();
    };
    const p = poolOf({ spare: true, start });
    await p.run({ do: 'answer' });
    expect(await p.run({ do: 'die', births: [0] })).toMatchObject({ kind: 'answer' });
  });

  it.each([
    ['worker', false],
    ['spare', true],
  ])('does not hold it against a request that its %s ended before it was asked', async (_, spare) => {
    const ended = new Set<number>();
    const start = async () => {
      const birth = births++;
      return {
        ask: async ({ do: what }: Request) => {
          if (ended.has(birth) || what === 'die') throw new WorkerDeath(`process ${birth} has ended`);
          return { birth };
        },
        hasEnded: () => ended.has(birth),
        rssBytes: async () => 0,
        kill: () => void ended.add(birth),
      };
    };
    const p = poolOf({ start, spare });
    await p.run({ do: 'answer' });
    ended.add(0);
    if (spare) ended.add(1);
    // With the death that was not its doing it has still two tries.
    const outcome = await p.run({ do: 'die' });
    expect(outcome).toMatchObject({ kind: 'memory' });
    expect(events.filter(({ event }) => event === 'died').map(({ reason }) => reason)).toEqual([
      'it ended while nothing was asked of it',
      `process ${spare ? 2 : 1} has ended`,
      `process ${spare ? 3 : 2} has ended`,
    ]);
  });

  it('answers waiting questions with a fault once closed', async () => {
    const p = poolOf();
    const waiting = [p.run({ do: 'hang' }), p.run({ do: 'answer' })];
    await p.close();
    for (const outcome of await Promise.all(waiting)) expect(outcome.kind).toBe('fault');
  });

  it('does not wait for workers that are starting, the spare included, once closed', async () => {
    let starts = 0;
    let told = () => {};
    const started = new Promise<void>((resolve) => {
      told = resolve;
    });
    const p = poolOf({
      spare: true,
      start: (signal) => {
        if (starts++ === 0) return startFake();
        told();
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('ended'))));
      },
    });
    const waiting = p.run({ do: 'die' });
    await started;
    await p.close();
    expect(await waiting).toEqual({ kind: 'fault', reason: 'the checker is closed' });
  });

  it.each(['workers', 'wallMs', 'maxRssBytes', 'maxUses', 'startMs'] as const)(
    'refuses %s of 0 at construction',
    (name) => {
      expect(() => poolOf({ [name]: 0 })).toThrow(`${name} must be above 0, got 0`);
    },
  );
});
