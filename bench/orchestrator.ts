/**
 * What the orchestrator itself costs: attempts from an instant model, judged by an instant judge, into the ledger, by the
 * code that a round's prove step runs. Sampling and judging take no time here, so everything measured is ours:
 * prompts, requests, records, SQLite.
 *
 * A small run and a large one, each in a process of its own, in turns. Writes bench/results/orchestrator.json.
 *
 *   node bench/orchestrator.ts [large, default 1000000] [small, default 10000]
 */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { execaNode } from 'execa';
import { z } from 'zod';
import type { Attempt, Checker, Source, Verdict } from '../src/checkers/checker.ts';
import { openLedger } from '../src/ledger/index.ts';
import type { Completion, Policy, SampleRequest } from '../src/policy/policy.ts';
import { loadPrompts } from '../src/prompts/prompts.ts';
import { attemptAndJudge } from '../src/selfplay/proving/overlap.ts';
import type { Trial } from '../src/selfplay/run.ts';
import type { Problem } from '../src/statements/statement.ts';

/** Attempts at each statement, and tokens of each. */
const SAMPLES = 8;
const TOKENS = 40;
/** Resident memory is looked at after each of so many parts. */
const PARTS = 10;

const measured = z.object({
  attempts: z.number(),
  verdicts: z.number(),
  seconds: z.number(),
  /** Of this process on any core: what waiting for a core does not add to. */
  cpuSeconds: z.number(),
  /** Resident after each tenth of the verdicts. */
  residentMiB: z.array(z.number()),
  ledgerBytes: z.number(),
});
type Measured = z.infer<typeof measured>;

async function compare(large: number, small: number): Promise<void> {
  const runs: Measured[] = [];
  // The small run before and after, so that a machine that changes shows.
  for (const attempts of [small, large, small]) {
    const child = await execaNode(import.meta.filename, ['--one', `${attempts}`], { stderr: 'inherit' });
    runs.push(measured.parse(JSON.parse(child.stdout)));
  }
  const wall = costsOf(runs.map((run) => run.seconds / run.attempts));
  const cpu = costsOf(runs.map((run) => run.cpuSeconds / run.attempts));
  const result = {
    command: `node bench/orchestrator.ts ${large} ${small}`,
    machine: { cpu: cpus()[0]?.model, cores: cpus().length, memoryBytes: totalmem(), node: process.version },
    samplesAStatement: SAMPLES,
    tokensAnAttempt: TOKENS,
    attemptsPerSecond: Math.round(1e6 / wall.large),
    attemptsPerCpuSecond: Math.round(1e6 / cpu.large),
    microsPerAttempt: { wall, cpu },
    targets: { attemptsPerSecond: 5000, largeOverSmall: 1.2 },
    runs,
  };
  writeFileSync('bench/results/orchestrator.json', `${JSON.stringify(result, null, 2)}\n`);
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
}

/** Microseconds an attempt; the better of the two small runs counts. */
function costsOf([before = 0, large = 0, after = 0]: readonly number[]) {
  const micros = (seconds: number) => Number((1e6 * seconds).toFixed(1));
  const largeOverSmall = Number((large / Math.min(before, after)).toFixed(3));
  return { small: [micros(before), micros(after)], large: micros(large), largeOverSmall };
}

/** One run, in this process. */
async function measure(attempts: number): Promise<Measured> {
  const dir = mkdtempSync(join(tmpdir(), 'lakatos-bench-'));
  const path = join(dir, 'ledger.sqlite');
  try {
    const ledger = openLedger(path);
    const problems = Array.from({ length: attempts / SAMPLES }, (_, i) => problem(i));
    ledger.statements.insert(problems.map((p) => ({ ...p, source: 'dataset' as const, dataset: 'bench' })));
    const resident: number[] = [];
    let verdicts = 0;
    const tick = () => {
      if (++verdicts % Math.ceil(attempts / PARTS) === 0) resident.push(residentMiB());
    };
    const trial: Trial = {
      config: { run: { seed: 1 } },
      ledger,
      policy: new InstantPolicy(),
      checker: new InstantChecker(),
      prompts: loadPrompts('prompts/compact.toml'),
      startProgress: ({ unit }) => ({
        advance: unit === 'verdicts' ? tick : () => {},
        expect() {},
        end() {},
      }),
      signal: new AbortController().signal,
      now: Date.now,
    };
    const sampler = { temperature: 1, topP: 1, topK: 0, maxTokens: 96 };
    const started = performance.now();
    const startedCpu = process.cpuUsage();
    await attemptAndJudge(trial, 1, problems, { from: 0, to: SAMPLES }, sampler);
    const seconds = (performance.now() - started) / 1000;
    const { user, system } = process.cpuUsage(startedCpu);
    ledger.close();
    return {
      attempts,
      verdicts,
      seconds,
      cpuSeconds: (user + system) / 1e6,
      residentMiB: resident,
      ledgerBytes: statSync(path).size,
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const problem = (i: number): Problem => ({
  // Not in the order of their ids, as in a shuffled round.
  id: `lean-core:Nat.theorem_${((i * 7919) % 1_000_003).toString(36)}_${i}`,
  name: `theorem_${i}`,
  split: 'train',
  language: 'lean',
  header: '',
  text: `theorem t (a b c : Nat) (h : a + b = c) : b + a + ${i} = c + ${i}`,
  forbidden: [],
});

class InstantPolicy implements Policy {
  readonly version = 'instant';

  async *sample(requests: readonly SampleRequest[]): AsyncGenerator<Completion> {
    const tokens = Array.from({ length: TOKENS }, (_, i) => i * 7);
    const logprobs = tokens.map((token) => -token / 100);
    for (const { id, n } of requests)
      for (let index = 0; index < n; index++)
        yield {
          id,
          index,
          text: ` intro h; simp_all [Nat.add_comm, lemma_${index}]; omega`,
          promptTokens: [1, 2, 3],
          tokens,
          logprobs,
          finish: 'stop',
          policyVersion: this.version,
        };
  }
  score = nothingToSay;
  embed = nothingToSay;
  learn = nothingToSay;
  save = nothingToSay;
  async close(): Promise<void> {}
}

async function nothingToSay(): Promise<never> {
  throw new Error('this bench only samples');
}

class InstantChecker implements Checker {
  readonly toolchain = 'instant';

  async *judge(attempts: Source<Attempt>): AsyncGenerator<Verdict> {
    let count = 0;
    for await (const { id } of attempts) {
      const verdict = count++ % 4 === 0 ? 'proved' : 'rejected';
      yield { id, verdict, reason: verdict, axioms: [], premises: ['Nat.add_comm'], ms: 1 };
    }
  }
  // biome-ignore lint/correctness/useYield: nothing is inspected here
  async *inspect(): AsyncGenerator<never> {
    throw new Error('this bench only judges');
  }
  async close(): Promise<void> {}
}

const residentMiB = (): number => Math.round(process.memoryUsage.rss() / 2 ** 20);

const [first = '1000000', second = '10000'] = process.argv.slice(2);
if (first === '--one') process.stdout.write(JSON.stringify(await measure(Number(second))));
else await compare(Number(first), Number(second));
