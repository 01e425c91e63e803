/**
 * How many verdicts a second go through BullMQ and Redis to worker processes and back.
 *
 * - `instant`: judges that take no time, so that only the path counts; one worker process and two.
 * - `busy`: judges that take some milliseconds of a core a verdict, as Lean does, so that workers can scale up to the
 *   number of cores. The same attempts by one worker, by two, and by four, in turns.
 *
 * The producer and Redis take their CPU time from the same cores, so a rate says less of a small machine than who spent
 * what: workers scale as long as a verdict costs them the same CPU time however many they are (`twoWorkersOverOne`), and the
 * machine is used up where `coresBusy` comes near its cores. CPU times are read from /proc: Linux only.
 *
 * Needs redis-server, which it starts on a free port. Writes bench/results/queue.json.
 *
 *   node bench/queue.ts [instant attempts, default 20000] [busy attempts, default 600] [busy ms, default 20]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import type { Attempt, Checker, Source, Verdict } from '../src/checkers/checker.ts';
import { openQueueChecker } from '../src/checkers/queue/queue-checker.ts';
import { startQueueWorker } from '../src/checkers/queue/queue-worker.ts';
import { openRedis } from '../src/checkers/queue/redis.ts';
import { cpuSecondsOfTree } from '../src/ops/cpu.ts';
import { startRedis } from '../test/checkers/queue/redis-server.ts';

const standing = { toolchain: 'bench', rules: '', limits: {} };
const GROUP = 16;

async function main(instant: number, busy: number, busyMs: number): Promise<void> {
  const redis = await startRedis();
  try {
    const instantTurns = await turns(redis.url, [1, 2], instant, 0);
    const busyTurns = await turns(redis.url, [1, 2, 4], busy, busyMs);
    const [one, two, four] = [busyTurns['1'], busyTurns['2'], busyTurns['4']];
    const result = {
      command: `node bench/queue.ts ${instant} ${busy} ${busyMs}`,
      machine: {
        cpu: cpus()[0]?.model,
        cores: cpus().length,
        memoryBytes: totalmem(),
        node: process.version,
      },
      groupSize: GROUP,
      instant: { byWorkers: instantTurns, target: 1000 },
      busy: {
        msAVerdict: busyMs,
        byWorkers: busyTurns,
        twoWorkersOverOne: {
          verdictsPerSecond: ratio(two?.verdictsPerSecond, one?.verdictsPerSecond),
          workerCpuMsAVerdict: ratio(two?.workerCpuMsAVerdict, one?.workerCpuMsAVerdict),
        },
        fourWorkersOverOne: {
          verdictsPerSecond: ratio(four?.verdictsPerSecond, one?.verdictsPerSecond),
          workerCpuMsAVerdict: ratio(four?.workerCpuMsAVerdict, one?.workerCpuMsAVerdict),
        },
      },
    };
    writeFileSync('bench/results/queue.json', `${JSON.stringify(result, null, 2)}\n`);
    process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  } finally {
    await redis.stop();
  }
}

const ratio = (a = Number.NaN, b = Number.NaN): number => Number((a / b).toFixed(3));

interface Turn {
  readonly verdictsPerSecond: number;
  /** Of all workers together, and of the producer and Redis together. */
  readonly workerCpuMsAVerdict: number;
  readonly otherCpuMsAVerdict: number;
  /** CPU seconds of all of them a second. */
  readonly coresBusy: number;
}

/** Of three the one with the median rate, by number of workers, in turns so that a machine that changes shows in all. */
async function turns(url: string, workerCounts: readonly number[], attempts: number, busyMs: number) {
  const measured = new Map<number, Turn[]>(workerCounts.map((workers) => [workers, []]));
  for (let turn = 0; turn < 3; turn++)
    for (const [workers, seen] of measured) seen.push(await play(url, workers, attempts, busyMs, turn));
  return Object.fromEntries(
    [...measured].map(([workers, seen]) => [
      `${workers}`,
      seen.toSorted((a, b) => a.verdictsPerSecond - b.verdictsPerSecond)[1],
    ]),
  );
}

async function play(
  url: string,
  workers: number,
  attempts: number,
  busyMs: number,
  turn: number,
): Promise<Turn> {
  const prefix = `bench-${workers}-${busyMs}-${turn}`;
  const processes = Array.from({ length: workers }, () =>
    fork(import.meta.filename, ['--worker', url, prefix, `${busyMs}`]),
  );
  await Promise.all(processes.map((child) => once(child, 'message')));
  const checker = await openQueueChecker({
    url,
    prefix,
    standing,
    groupSize: GROUP,
    maxInFlight: 1024,
    waitMs: 60_000,
    lookMs: 30_000,
  });
  try {
    for await (const _ of checker.judge(some(attempts / 20, 'warm'))) {
      // only to have every process at work before the clock starts
    }
    const ofWorkers = () =>
      processes.reduce((sum, { pid = 0 }) => sum + (cpuSecondsOfTree(pid) ?? Number.NaN), 0);
    // Everybody is a child of this process.
    const ofAll = () => cpuSecondsOfTree(process.pid) ?? Number.NaN;
    const [workersBefore, allBefore, started] = [ofWorkers(), ofAll(), performance.now()];
    let count = 0;
    for await (const _ of checker.judge(some(attempts, 'x'))) count++;
    const seconds = (performance.now() - started) / 1000;
    const [workersSpent, spent] = [ofWorkers() - workersBefore, ofAll() - allBefore];
    return {
      verdictsPerSecond: Math.round(count / seconds),
      workerCpuMsAVerdict: ratio(1000 * workersSpent, count),
      otherCpuMsAVerdict: ratio(1000 * (spent - workersSpent), count),
      coresBusy: ratio(spent, seconds),
    };
  } finally {
    await checker.close();
    for (const child of processes) child.kill('SIGKILL');
    await Promise.all(processes.map((child) => (child.signalCode ? undefined : once(child, 'exit'))));
  }
}

function* some(count: number, word: string): Generator<Attempt> {
  const text = 'theorem t (a b c : Nat) (h : a + b = c) : b + a = c';
  const statement = { id: 's', language: 'lean' as const, header: '', text, forbidden: [] };
  for (let i = 0; i < count; i++)
    yield {
      id: `${i}`,
      statement,
      proof: `by\n  intro x\n  simp_all [Nat.add_comm, ${word}_${i}]\n  omega`,
    };
}

class BusyChecker implements Checker {
  readonly toolchain = standing.toolchain;
  readonly #ms: number;

  constructor(ms: number) {
    this.#ms = ms;
  }
  async *judge(attempts: Source<Attempt>): AsyncGenerator<Verdict> {
    for await (const { id } of attempts) {
      // Of this process's own time on a core, as a Lean takes it: what it waits for a core does not count.
      const until = cpuMs() + this.#ms;
      while (cpuMs() < until);
      await new Promise(setImmediate);
      yield { id, verdict: 'rejected', reason: 'unsolved goals', axioms: [], premises: [], ms: this.#ms };
    }
  }
  // biome-ignore lint/correctness/useYield: nothing is inspected here
  async *inspect(): AsyncGenerator<never> {
    throw new Error('this bench only judges');
  }
  async close(): Promise<void> {}
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function work(url: string, prefix: string, busyMs: number): Promise<void> {
  const redis = await openRedis(url, 10_000);
  const checker = new BusyChecker(busyMs);
  const limits = { places: 1, groups: 2, stallMs: 30_000, rememberSeconds: 600 };
  await startQueueWorker({ redis, prefix, checker, standing, ...limits });
  process.send?.('ready');
}

const [first = '20000', second = '600', third = '20', fourth = '0'] = process.argv.slice(2);
if (first === '--worker') await work(second, third, Number(fourth));
else await main(Number(first), Number(second), Number(third));
