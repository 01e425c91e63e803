/**
 * The soak: many attempts, some of them bombs, judges killed at random. Every id must be answered exactly once, with the
 * verdict of a quiet run, and memory must stay where it was. Writes bench/results/soak.json.
 *
 *   node bench/soak.ts [attempts, default 20000] [mean of answers between kills, default 500] [number of the first, default 0]
 *
 * A soak may be done in parts: with another first number than 0 the result is added to those in the file.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { z } from 'zod';
import type { Attempt, VerdictKind } from '../src/checkers/checker.ts';
import { createLeanChecker, type LeanCheckerOptions } from '../src/checkers/lean/checker.ts';
import { embeddedRuntime } from '../src/checkers/lean/embedded.ts';
import type { LeanProcess } from '../src/checkers/lean/process.ts';
import type { LeanRuntime } from '../src/checkers/lean/runtime.ts';
import { type Random, randomFrom, randomInt, seedFor } from '../src/ops/seeds.ts';
import { seedAttempts } from './seed-attempts.ts';

export interface SoakOptions {
  readonly attempts: number;
  /** Number of the first; attempts of different numbers differ. */
  readonly first: number;
  /** Different questions among them; the quiet run asks each once. */
  readonly distinct: number;
  /** Share of attempts that are bombs. */
  readonly bombShare: number;
  /** Mean of the answers from one kill to the next: from 1 to twice as many, each as likely. Which process, chance says. */
  readonly answersBetweenKills: number;
  readonly workers: number;
  readonly progress?: (done: number) => void;
}

export interface SoakResult {
  readonly answered: number;
  readonly answeredTwice: number;
  readonly different: readonly string[];
  readonly kills: number;
  readonly verdicts: Readonly<Record<string, number>>;
  /** Of those, the verdicts on bombs. */
  readonly bombs: Readonly<Record<string, number>>;
  /** At each tenth of the way: the largest Lean process, and this process. */
  readonly residentMiB: { readonly lean: readonly number[]; readonly own: readonly number[] };
  readonly seconds: number;
}

/** The wall clock is there for hung judges only: what a busy machine does to it is not what is tested. */
const LIMITS: LeanCheckerOptions = { maxHeartbeats: 500, wallMs: 300_000 };
const MOST_MS = 50;
/** Heartbeats, the kernel's own, many goals at once, recursion inside Lean, and an evaluation too deep. */
const BOMBS: readonly Bomb[] = [
  [
    'theorem t (a b c d e f g h : Nat) : (a+b+c+d)*(e+f+g+h)*(a+c)*(b+d) = 0',
    'by simp [Nat.mul_add, Nat.add_mul, Nat.mul_comm, Nat.mul_left_comm, Nat.mul_assoc, Nat.add_comm, Nat.add_left_comm]',
  ],
  ['theorem t : (List.range 3000000).foldl (· + ·) 0 = 4', 'by decide +kernel'],
  ['theorem t : True', 'by repeat (have := 1)'],
  ['theorem t : ∀ n < 3000, n * 0 = 0', 'by decide'],
  ['theorem t : (List.range 100000).length = 100000', 'by rfl'],
];
/** A number that no memory holds, which ends two processes. One bomb in so many: each costs two starts. */
const DEADLY: Bomb = ['theorem t : 1 <<< 1000000000000 = 0', 'by decide +kernel'];
const DEADLY_EVERY = 25;
type Bomb = readonly [statement: string, proof: string];

export async function soak(options: SoakOptions): Promise<SoakResult> {
  const distinct = distinctAttempts(options);
  const expected = await quietly(distinct, options.workers);
  const live = new Set<LeanProcess>();
  const checker = createLeanChecker(watched(live), { ...LIMITS, workers: options.workers });
  const seen = new Map<string, number>();
  const verdicts: Record<string, number> = {};
  const bombs: Record<string, number> = {};
  const different: string[] = [];
  const resident = { lean: [] as number[], own: [] as number[] };
  const tenth = Math.ceil(options.attempts / 10);
  const random = randomFrom(seedFor(options.first, 'kills'));
  let [kills, nextKill] = [0, gap(options, random)];
  const started = performance.now();
  try {
    for await (const { id, verdict } of checker.judge(repeated(distinct, options.first, options.attempts))) {
      seen.set(id, (seen.get(id) ?? 0) + 1);
      count(verdicts, verdict);
      if (distinct[Number(id) % distinct.length]?.statement.id === 'bomb') count(bombs, verdict);
      const wanted = expected.get(Number(id) % distinct.length);
      if (verdict !== wanted) different.push(`${id}: ${verdict}, quietly ${wanted}`);
      options.progress?.(seen.size);
      if (seen.size % tenth === 0) {
        resident.lean.push(await residentMiB(live));
        resident.own.push(mebibytes(process.memoryUsage.rss()));
      }
      if (seen.size < nextKill) continue;
      kills += killOne(live, random);
      nextKill += gap(options, random);
    }
  } finally {
    await checker.close();
  }
  const answeredTwice = [...seen.values()].filter((times) => times > 1).length;
  const seconds = Math.round((performance.now() - started) / 1000);
  return {
    answered: seen.size,
    answeredTwice,
    different,
    kills,
    verdicts,
    bombs,
    residentMiB: resident,
    seconds,
  };
}

function distinctAttempts({ distinct, bombShare }: SoakOptions): Attempt[] {
  const bombs = Math.max(1, Math.round(distinct * bombShare));
  return seedAttempts(distinct, { mostMs: MOST_MS }).map((attempt, i) => {
    const [text, proof] = (i % DEADLY_EVERY === 0 ? DEADLY : BOMBS[i % BOMBS.length]) ?? DEADLY;
    const statement = { id: 'bomb', language: 'lean' as const, header: '', text, forbidden: [] };
    return i < bombs ? { id: `${i}`, statement, proof } : attempt;
  });
}

/** Questions differ in a comment, so that none is answered from memory; ids count on. */
function* repeated(distinct: readonly Attempt[], first: number, count: number): Generator<Attempt> {
  for (let i = first; i < first + count; i++) {
    const attempt = distinct[i % distinct.length];
    if (attempt) yield { ...attempt, id: `${i}`, proof: `${attempt.proof}\n-- ${i}` };
  }
}

async function quietly(distinct: readonly Attempt[], workers: number): Promise<Map<number, VerdictKind>> {
  const checker = createLeanChecker(embeddedRuntime(), { ...LIMITS, workers });
  try {
    const verdicts = await Array.fromAsync(checker.judge(repeated(distinct, 0, distinct.length)));
    return new Map(verdicts.map(({ id, verdict }) => [Number(id), verdict]));
  } finally {
    await checker.close();
  }
}

/** The embedded Lean, its processes at hand. */
function watched(live: Set<LeanProcess>): LeanRuntime {
  const runtime = embeddedRuntime();
  return {
    ...runtime,
    async start(program) {
      const lean = await runtime.start(program);
      live.add(lean);
      void lean.exited.then(() => live.delete(lean));
      return lean;
    },
  };
}

const gap = ({ answersBetweenKills }: SoakOptions, random: Random): number =>
  1 + randomInt(random, 2 * answersBetweenKills - 1);

function killOne(live: ReadonlySet<LeanProcess>, random: Random): number {
  const processes = [...live];
  processes[randomInt(random, processes.length)]?.kill();
  return Math.min(1, processes.length);
}

function count(counts: Record<string, number>, verdict: string): void {
  counts[verdict] = (counts[verdict] ?? 0) + 1;
}

/** The largest of the processes. */
async function residentMiB(live: ReadonlySet<LeanProcess>): Promise<number> {
  const sizes = await Promise.all([...live].map((lean) => lean.rssBytes()));
  return mebibytes(Math.max(0, ...sizes.map((bytes) => bytes ?? 0)));
}

const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20);

const part = z.object({
  command: z.string(),
  answered: z.number(),
  answeredTwice: z.number(),
  different: z.array(z.string()),
  kills: z.number(),
  verdicts: z.record(z.string(), z.number()),
  bombs: z.record(z.string(), z.number()),
  residentMiB: z.object({ lean: z.array(z.number()), own: z.array(z.number()) }),
  seconds: z.number(),
});
const RESULTS = 'bench/results/soak.json';

if (import.meta.main) {
  const [attempts = '20000', answersBetweenKills = '500', first = '0'] = process.argv.slice(2);
  const result = await soak({
    attempts: Number(attempts),
    first: Number(first),
    distinct: Math.min(1000, Number(attempts)),
    bombShare: 0.05,
    answersBetweenKills: Number(answersBetweenKills),
    workers: Math.min(2, cpus().length),
    progress: (done) => done % 500 === 0 && console.error(`${done} answered`),
  });
  const command = `node bench/soak.ts ${attempts} ${answersBetweenKills} ${first}`;
  const before = first === '0' ? [] : readParts();
  const parts = [...before, { command, ...result }];
  const sum = (of: (p: (typeof parts)[number]) => number) => parts.reduce((total, p) => total + of(p), 0);
  const summary = {
    machine: { cores: cpus().length, memoryGiB: Math.round(totalmem() / 2 ** 30), node: process.version },
    answered: sum((p) => p.answered),
    answeredTwice: sum((p) => p.answeredTwice),
    different: sum((p) => p.different.length),
    kills: sum((p) => p.kills),
    parts,
  };
  writeFileSync(RESULTS, `${JSON.stringify(summary, null, 2)}\n`);
  console.log(JSON.stringify(summary, null, 2));
}

function readParts(): z.infer<typeof part>[] {
  return z.object({ parts: z.array(part) }).parse(JSON.parse(readFileSync(RESULTS, 'utf8'))).parts;
}
