/**
 * A model of a night: measured rates in, utilisation out. What share of GPU and CPU time is idle on a node with one GPU and
 * 64 cores and on a fleet with eight and 512, and which settings make it least. docs/night-model.md says how to read it.
 *
 * It adds up the steps of a round as the program plays them (src/selfplay/round.ts): sampling and judging overlap in
 * `prove`, everything else is one after the other. It knows averages only: no queues, no variance, no failures.
 *
 * Writes bench/results/night.json.
 *
 *   node bench/night.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

interface Fleet {
  readonly gpus: number;
  readonly cores: number;
}

interface Rates {
  /** Tokens a second that one GPU samples, all sequences together. */
  readonly sampled: number;
  /** Tokens a second that one GPU learns from. */
  readonly trained: number;
  /** Core seconds of one verdict, and of one inspection with its probes. */
  readonly judge: number;
  readonly inspect: number;
  /** Seconds of a round in which neither works: weights to the server, processes, reports. */
  readonly fixed: number;
  /** Core seconds that the orchestrator takes for an attempt, on one core. */
  readonly orchestrator: number;
}

interface Settings {
  /** Attempts of a round. */
  readonly attempts: number;
  readonly tokensAnAttempt: number;
  /** Conjectures proposed, as a share of the attempts. */
  readonly conjectures: number;
  /** Share of attempts that are learned from. */
  readonly learned: number;
  /** Attempts of an evaluation, and every how many rounds there is one. */
  readonly evaluated: number;
  readonly evaluateEvery: number;
  /** Do sampling and judging overlap? The program's `prove` does; false is for comparison. */
  readonly overlap: boolean;
  /** Attempts in the queue and at judges when the sampler is done. */
  readonly inFlight: number;
}

interface Night {
  readonly rounds: number;
  readonly attemptsPerSecond: number;
  readonly gpuIdle: number;
  readonly cpuIdle: number;
  readonly secondsByStep: Readonly<Record<string, number>>;
  readonly proveIsBoundBy: 'gpu' | 'cpu';
}

const HOURS = 8;
/** A night of fewer would hardly learn from what it tried. */
const LEAST_ROUNDS = 2;
const CONJECTURE_TOKENS = 60;

/** One step: how long each side works, and how long it takes. */
interface Step {
  readonly gpu: number;
  readonly cpu: number;
  readonly wall: number;
}
const serial = (gpu: number, cpu: number): Step => ({ gpu, cpu, wall: gpu + cpu });

export function night(fleet: Fleet, rates: Rates, settings: Settings): Night {
  const { attempts, tokensAnAttempt, conjectures, learned, evaluated, evaluateEvery, inFlight } = settings;
  const sampling = (count: number, tokens: number) => (count * tokens) / (rates.sampled * fleet.gpus);
  const judging = (count: number, cost: number) => (count * cost) / fleet.cores;
  const proposed = attempts * conjectures;
  // The slower side decides, the orchestrator too; then what is in flight at the end is judged alone.
  const pipe = Math.max(
    sampling(attempts, tokensAnAttempt),
    judging(attempts, rates.judge),
    attempts * rates.orchestrator,
  );
  const tail = judging(Math.min(attempts, inFlight), rates.judge);
  const prove = {
    gpu: sampling(attempts, tokensAnAttempt),
    cpu: judging(attempts, rates.judge),
    wall: pipe + tail,
  };
  const steps: Record<string, Step> = {
    propose: serial(sampling(proposed, CONJECTURE_TOKENS), 0),
    screen: serial(0, judging(proposed, rates.inspect)),
    prove: settings.overlap ? prove : serial(prove.gpu, prove.cpu),
    learn: serial((attempts * learned * tokensAnAttempt) / (rates.trained * fleet.gpus), 0),
    evaluate: serial(
      sampling(evaluated, tokensAnAttempt) / evaluateEvery,
      judging(evaluated, rates.judge) / evaluateEvery,
    ),
    fixed: { gpu: 0, cpu: 0, wall: rates.fixed },
  };
  const total = (side: keyof Step) => Object.values(steps).reduce((sum, step) => sum + step[side], 0);
  const wall = total('wall');
  return {
    rounds: round((HOURS * 3600) / wall),
    attemptsPerSecond: round(attempts / wall),
    gpuIdle: round(1 - total('gpu') / wall),
    cpuIdle: round(1 - total('cpu') / wall),
    secondsByStep: Object.fromEntries(Object.entries(steps).map(([name, s]) => [name, round(s.wall)])),
    proveIsBoundBy: prove.gpu >= prove.cpu ? 'gpu' : 'cpu',
  };
}

const round = (x: number): number => Number(x.toPrecision(3));

// --- What goes in ---------------------------------------------------------------------------------------------------

const read = <T>(file: string, schema: z.ZodType<T>): T =>
  schema.parse(JSON.parse(readFileSync(`bench/results/${file}`, 'utf8')));
const played = read(
  'round-fast-tier.json',
  z.object({
    machine: z.object({ cores: z.number() }),
    verdictsPerSecond: z.number(),
    secondsByStep: z.object({ screen: z.number() }),
  }),
);
const overhead = read(
  'orchestrator.json',
  z.object({ microsPerAttempt: z.object({ cpu: z.object({ large: z.number() }) }) }),
);

const GPU = { sampled: 10_000, trained: 7_000, fixed: 90 };
const orchestrator = overhead.microsPerAttempt.cpu.large / 1e6;
const RATES: Readonly<Record<string, Rates>> = {
  // Ours, measured in a round: the embedded Lean, one elaboration a proof, imports held.
  'core Lean, single tactics': {
    ...GPU,
    orchestrator,
    judge: played.machine.cores / played.verdictsPerSecond,
    inspect: (played.machine.cores * played.secondsByStep.screen) / 2400,
  },
  // Kimina Lean server on Goedel proofs: 4.33 a second on 60 cores (arXiv 2504.21230).
  'Mathlib, whole proofs': { ...GPU, orchestrator, judge: 60 / 4.33, inspect: 2 },
};

const FLEETS: Readonly<Record<string, Fleet>> = {
  '1 GPU, 64 cores': { gpus: 1, cores: 64 },
  '8 GPUs, 512 cores': { gpus: 8, cores: 512 },
};

/** A short prover (STP: 213 tokens a proof, conjectures 1.5 % of the attempts) at 32 attempts a statement. */
const plain = (fleet: Fleet): Settings => ({
  attempts: 20_000 * fleet.gpus,
  tokensAnAttempt: 213,
  conjectures: 0.015,
  learned: 0.1,
  evaluated: 244 * 8,
  evaluateEvery: 1,
  overlap: true,
  inFlight: 1024,
});

/** What a configuration can change without changing what is learned in a night but for its order. */
const CHANGES = {
  attempts: [0.25, 1, 4, 16],
  evaluateEvery: [1, 4, 16],
  inFlight: [2, 4, 16],
  tokensAnAttempt: [213, 512, 1024, 2048, 4096],
} as const;

function best(fleet: Fleet, rates: Rates, tokens: readonly number[]) {
  const base = plain(fleet);
  const candidates = CHANGES.attempts.flatMap((times) =>
    CHANGES.evaluateEvery.flatMap((evaluateEvery) =>
      CHANGES.inFlight.flatMap((perCore) =>
        tokens.map((tokensAnAttempt) => ({
          ...base,
          attempts: base.attempts * times,
          evaluateEvery,
          inFlight: perCore * fleet.cores,
          tokensAnAttempt,
        })),
      ),
    ),
  );
  const scored = candidates.map((settings) => ({ settings, night: night(fleet, rates, settings) }));
  return scored
    .filter(({ night }) => night.rounds >= LEAST_ROUNDS)
    .reduce((a, b) => (idle(b.night) < idle(a.night) ? b : a));
}

/** Of the two sides alike: an hour of a GPU costs about as much as one of sixty-four cores. */
const idle = ({ gpuIdle, cpuIdle }: Night): number => gpuIdle + cpuIdle;

const cases = Object.entries(FLEETS).flatMap(([fleet, machines]) =>
  Object.entries(RATES).map(([judge, rates]) => ({
    fleet,
    judge,
    oneAfterTheOther: night(machines, rates, { ...plain(machines), overlap: false }),
    asItIs: night(machines, rates, plain(machines)),
    bestOfTheSameModel: best(machines, rates, [plain(machines).tokensAnAttempt]),
    bestOfAnyLength: best(machines, rates, CHANGES.tokensAnAttempt),
    balancedTokensAnAttempt: round((rates.sampled * machines.gpus * rates.judge) / machines.cores),
    balancedCoresAGpu: round((rates.sampled / plain(machines).tokensAnAttempt) * rates.judge),
    halfAndTwiceTheGpu: [0.5, 2].map((factor) =>
      night(machines, { ...rates, sampled: rates.sampled * factor }, plain(machines)),
    ),
  })),
);
const result = { command: 'node bench/night.ts', hours: HOURS, rates: RATES, cases };
writeFileSync('bench/results/night.json', `${JSON.stringify(result, null, 2)}\n`);
for (const { fleet, judge, oneAfterTheOther, asItIs, bestOfTheSameModel, bestOfAnyLength, ...rest } of cases)
  console.log(fleet, '|', judge, {
    oneAfterTheOther: [oneAfterTheOther.gpuIdle, oneAfterTheOther.cpuIdle],
    asItIs: [asItIs.gpuIdle, asItIs.cpuIdle],
    same: [bestOfTheSameModel.night.gpuIdle, bestOfTheSameModel.night.cpuIdle, bestOfTheSameModel.settings],
    any: [bestOfAnyLength.night.gpuIdle, bestOfAnyLength.night.cpuIdle, bestOfAnyLength.settings],
    tokens: rest.balancedTokensAnAttempt,
    cores: rest.balancedCoresAGpu,
  });
