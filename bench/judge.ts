/**
 * What judging costs, each figure with both its sides in this one run, in turns. Writes bench/results/judge-cost.json.
 *
 *   node bench/judge.ts [attempts, default 600]
 *
 * The attempts are committed seed proofs of lean-core statements: one in five at its own statement, the others at
 * another one's, which nearly all fail.
 */

import { writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import type { Attempt, Checker } from '../src/checkers/checker.ts';
import { createLeanChecker, type LeanCheckerOptions } from '../src/checkers/lean/checker.ts';
import { embeddedRuntime } from '../src/checkers/lean/embedded.ts';
import type { LeanProcess } from '../src/checkers/lean/process.ts';
import { cpuSecondsOfTree } from '../src/ops/cpu.ts';
import { seedAttempts } from './seed-attempts.ts';

const BLOCKS = 5;
const count = Number(process.argv[2] ?? 600);
const attempts = seedAttempts(count);
const size = Math.ceil(count / BLOCKS);
const blocks = Array.from({ length: BLOCKS }, (_, i) => attempts.slice(i * size, (i + 1) * size));

interface Side {
  readonly checker: Checker;
  readonly processes: readonly LeanProcess[];
}

interface Timed {
  readonly wallMs: number;
  /** Elaboration and kernel, as Lean measures them. */
  readonly leanMs: number;
  /** Of all its processes: unlike the others not disturbed by what else the machine does. */
  readonly cpuMs: number;
  readonly proved: number;
}

/** The sides take turns, block by block, so that what else the machine does falls on all of them. */
const sides = {
  fast: await warm({ tier: 'fast', workers: 1 }),
  strict: await warm({ tier: 'strict', workers: 1 }),
  two: await warm({ tier: 'fast', workers: 2 }),
};
const rounds: Record<keyof typeof sides, Timed>[] = [];
for (const block of blocks) {
  const fast = await timed(sides.fast, block);
  const strict = await timed(sides.strict, block);
  rounds.push({ fast, strict, two: await timed(sides.two, block) });
}
await Promise.all(Object.values(sides).map(({ checker }) => checker.close()));
const single = await oneProcessEach(attempts.slice(0, 3));

const fastMs = median((r) => r.fast.wallMs) / size;
const result = {
  command: `node bench/judge.ts ${count}`,
  machine: { cores: cpus().length, memoryGiB: Math.round(totalmem() / 2 ** 30), node: process.version },
  /** Of the last quarter of an hour: other programs were running. */
  load: round(loadavg()[2] ?? 0),
  attempts: attempts.length,
  medianOf: BLOCKS,
  acceptedShare: round(rounds.reduce((sum, r) => sum + r.fast.proved, 0) / attempts.length),
  overhead: { wallOverLean: figure((r) => r.fast.wallMs / r.fast.leanMs), target: 1.15 },
  twoWorkersOverOne: { ratio: figure((r) => r.fast.wallMs / r.two.wallMs), target: 1.7 },
  againstOneProcessPerProof: {
    ratio: round(single.wallMs / fastMs),
    cpuRatio: round(single.cpuMs / (median((r) => r.fast.cpuMs) / size)),
    secondsEach: round(single.wallMs / 1000),
    target: 50,
  },
  strict: {
    cpuOverFast: figure((r) => r.strict.cpuMs / r.fast.cpuMs),
    /** What it adds is in proportion to the acceptances. */
    cpuOverFastAt20PercentAccepted: figure(
      (r) => 1 + (r.strict.cpuMs / r.fast.cpuMs - 1) * (0.2 / (r.fast.proved / size)),
    ),
    leanCostOverFast: figure((r) => r.strict.leanMs / r.fast.leanMs),
    wallOverFast: figure((r) => r.strict.wallMs / r.fast.wallMs),
    target: 1.25,
  },
  msPerAttempt: {
    fast: round(fastMs),
    strict: round(median((r) => r.strict.wallMs) / size),
    twoWorkers: round(median((r) => r.two.wallMs) / size),
  },
};
writeFileSync('bench/results/judge-cost.json', `${JSON.stringify(result, null, 2)}\n`);
console.log(JSON.stringify(result, null, 2));

/** A checker whose judges, verifier and header are there before any clock starts. */
async function warm(options: LeanCheckerOptions): Promise<Side> {
  const side = open(options);
  await Array.fromAsync(
    side.checker.judge(Array.from({ length: options.workers ?? 1 }, (_, i) => trivial(i))),
  );
  return side;
}

function open(options: LeanCheckerOptions): Side {
  const runtime = embeddedRuntime();
  const processes: LeanProcess[] = [];
  const start: typeof runtime.start = async (program) => {
    const lean = await runtime.start(program);
    processes.push(lean);
    return lean;
  };
  return { checker: createLeanChecker({ ...runtime, start }, { wallMs: 300_000, ...options }), processes };
}

async function timed({ checker, processes }: Side, block: readonly Attempt[]): Promise<Timed> {
  const [started, cpuBefore] = [performance.now(), cpuMs(processes)];
  const verdicts = await Array.fromAsync(checker.judge(block));
  return {
    wallMs: performance.now() - started,
    leanMs: verdicts.reduce((sum, { ms }) => sum + ms, 0),
    cpuMs: cpuMs(processes) - cpuBefore,
    proved: verdicts.filter((v) => v.verdict === 'proved').length,
  };
}

/** This process's and those processes' time on a processor, with what they are wrapped in; Linux counts it in hundredths of a second. */
function cpuMs(processes: readonly LeanProcess[]): number {
  const own = process.cpuUsage();
  const theirs = processes.map(({ pid = 0 }) => 1000 * (cpuSecondsOfTree(pid) ?? 0));
  return theirs.reduce((sum, ms) => sum + ms, (own.user + own.system) / 1000);
}

function median(of: (round: (typeof rounds)[number]) => number): number {
  const sorted = rounds.map(of).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** The median, and the least and most it was. */
function figure(of: (round: (typeof rounds)[number]) => number): { median: number; range: number[] } {
  const all = rounds.map(of);
  return { median: round(median(of)), range: [round(Math.min(...all)), round(Math.max(...all))] };
}

/** The mean time of a judge started for one proof. */
async function oneProcessEach(some: readonly Attempt[]): Promise<{ wallMs: number; cpuMs: number }> {
  const started = performance.now();
  let cpu = 0;
  for (const attempt of some) {
    const side = open({ tier: 'fast', workers: 1 });
    cpu += (await timed(side, [attempt])).cpuMs;
    await side.checker.close();
  }
  return { wallMs: (performance.now() - started) / some.length, cpuMs: cpu / some.length };
}

function trivial(i: number): Attempt {
  const text = `theorem t : ${i} = ${i}`;
  return {
    id: `${i}`,
    statement: { id: `${i}`, language: 'lean', header: '', text, forbidden: [] },
    proof: 'rfl',
  };
}

function round(x: number): number {
  return Number(x.toFixed(3));
}
