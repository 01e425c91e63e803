/**
 * The soak: many attempts, some of them bombs, judges killed at random. Every id must be answered exactly once, with the
 * verdict of a quiet run, and memory must stay where it was. Writes bench/results/soak.json.
 *
 *   node bench/soak.ts [attempts, default 20000] [answers between kills, default 1000] [number of the first, default 0]
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
import { seedAttempts } from './seed-attempts.ts';

export interface SoakOptions {
  readonly attempts: number;
  /** Number of the first; attempts of different numbers differ. */
  readonly first: number;
  /** Different questions among them; the quiet run asks each once. */
  readonly distinct: number;
  /** Share of attempts that are bombs. */
  readonly bombShare: number;
  /** A judge is killed after every so many answers, once it is warm. */
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
  readonly residentMiB: { readonly early: number; readonly late: number };
  readonly seconds: number;
}

/** The wall clock is there for hung judges only: what a busy machine does to it is not what is tested. */
const LIMITS: LeanCheckerOptions = { maxHeartbeats: 500, wallMs: 300_000 };
const MOST_MS = 50;
/** Heartbeats, recursion inside Lean, and many goals at once. */
const BOMBS: readonly (readonly [statement: string, proof: string])[] = [
  [
    'theorem t (a b c d e f g h : Nat) : (a+b+c+d)*(e+f+g+h)*(a+c)*(b+d) = 0',
    'by simp [Nat.mul_add, Nat.add_mul, Nat.mul_comm, Nat.mul_left_comm, Nat.mul_assoc, Nat.add_comm, Nat.add_left_comm]',
  ],
  ['theorem t : ∀ n < 3000, n * 0 = 0', 'by decide'],
  ['theorem t : True', 'by repeat (have := 1)'],
  ['theorem t : (List.range 100000).length = 100000', 'by rfl'],
];

export async function soak(options: SoakOptions): Promise<SoakResult> {
  const distinct = distinctAttempts(options);
  const expected = await quietly(distinct, options.workers);
  const live = new Set<LeanProcess>();
  const checker = createLeanChecker(watched(live), { ...LIMITS, workers: options.workers });
  const seen = new Map<string, number>();
  const verdicts: Record<string, number> = {};
  const different: string[] = [];
  const resident = { early: 0, late: 0 };
  let kills = 0;
  const started = performance.now();
  try {
    for await (const { id, verdict } of checker.judge(repeated(distinct, options.first, options.attempts))) {
      seen.set(id, (seen.get(id) ?? 0) + 1);
      verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
      const wanted = expected.get(Number(id) % distinct.length);
      if (verdict !== wanted) different.push(`${id}: ${verdict}, quietly ${wanted}`);
      options.progress?.(seen.size);
      if (seen.size === Math.ceil(options.attempts / 4)) resident.early = await residentMiB(live);
      if (seen.size % options.answersBetweenKills === 0) kills += killOne(live, seen.size);
    }
    resident.late = await residentMiB(live);
  } finally {
    await checker.close();
  }
  const answeredTwice = [...seen.values()].filter((times) => times > 1).length;
  const seconds = Math.round((performance.now() - started) / 1000);
  return { answered: seen.size, answeredTwice, different, kills, verdicts, residentMiB: resident, seconds };
}

function distinctAttempts({ distinct, bombShare }: SoakOptions): Attempt[] {
  const bombs = Math.max(1, Math.round(distinct * bombShare));
  return seedAttempts(distinct, { mostMs: MOST_MS }).map((attempt, i) => {
    const [text, proof] = BOMBS[i % BOMBS.length] ?? ['', ''];
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

function killOne(live: ReadonlySet<LeanProcess>, seed: number): number {
  const processes = [...live];
  processes[seed % Math.max(1, processes.length)]?.kill();
  return Math.min(1, processes.length);
}

/** The largest of the processes. */
async function residentMiB(live: ReadonlySet<LeanProcess>): Promise<number> {
  const sizes = await Promise.all([...live].map((lean) => lean.rssBytes()));
  return Math.round(Math.max(0, ...sizes.map((bytes) => bytes ?? 0)) / 2 ** 20);
}

const part = z.object({
  command: z.string(),
  answered: z.number(),
  answeredTwice: z.number(),
  different: z.array(z.string()),
  kills: z.number(),
  verdicts: z.record(z.string(), z.number()),
  residentMiB: z.object({ early: z.number(), late: z.number() }),
  seconds: z.number(),
});
const RESULTS = 'bench/results/soak.json';

if (import.meta.main) {
  const [attempts = '20000', answersBetweenKills = '1000', first = '0'] = process.argv.slice(2);
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
