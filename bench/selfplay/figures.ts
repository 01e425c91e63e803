/**
 * What the arms say together: newly proved problems at equal cost, held-out pass@k with intervals, differences; and what
 * became of variants, each beside the arm it varies. Pure.
 */
import { bootstrapMean, type Interval } from '../../src/evaluation/intervals.ts';
import { passAtK } from '../../src/evaluation/pass-at-k.ts';
import type { Outcome, Point } from './outcome.ts';

/** The arms that are compared with each other, all by default; what runs under another name is a variant of one of them. */
export const MAIN_ARMS: readonly string[] = [
  'sampling',
  'expert-iteration',
  'stp',
  'stp+raft',
  'stp+oreal-repo',
  'stp+oreal-paper',
];
/** What a variant varies when it was played by an arm that is none of them, e.g. `no-matching`. */
const VARIED = 'stp';

export type Cost = 'sampledTokens' | 'cpuSeconds' | 'judgingSeconds';
const COSTS: readonly Cost[] = ['sampledTokens', 'cpuSeconds', 'judgingSeconds'];

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
export const byArm = (outcomes: readonly Outcome[]): Map<string, Outcome[]> =>
  Map.groupBy(outcomes, (o) => o.arm);

/** What all of these runs tell. */
export const costsOf = (outcomes: readonly Outcome[]): readonly Cost[] =>
  COSTS.filter((cost) => outcomes.every(({ points }) => points.every((p) => p[cost] !== undefined)));

/** Runs on the same problems, those of most runs first: only they are compared. */
export function byPool(outcomes: readonly Outcome[]): Outcome[][] {
  const pools: Outcome[][] = [];
  for (const outcome of outcomes) {
    const same = pools.find(([other]) => other !== undefined && samePool(outcome, other));
    if (same === undefined) pools.push([outcome]);
    else same.push(outcome);
  }
  return pools.sort((a, b) => b.length - a.length);
}

/** Older outcomes tell the problems' number alone. */
const samePool = (a: Outcome, b: Outcome): boolean =>
  a.open === b.open && (a.pool === undefined || b.pool === undefined || a.pool === b.pool);

export const isMain = ({ arm }: Outcome): boolean => MAIN_ARMS.includes(arm);

/** The main arm that a variant's runs were played as, from their command. */
export function variedArm({ command }: Outcome): string {
  const arm = / --arm (\S+)/.exec(command)?.[1] ?? '';
  return MAIN_ARMS.includes(arm) ? arm : VARIED;
}

export interface Variant {
  readonly name: string;
  readonly arm: string;
  /** Of its runs, those under whose seeds the arm ran on the same problems. */
  readonly runs: readonly Outcome[];
  /** The arm's runs under the same seeds. */
  readonly against: readonly Outcome[];
}

/** Every variant beside its arm, seed by seed. */
export function variantsOf(outcomes: readonly Outcome[]): Variant[] {
  const variants = byArm(outcomes.filter((o) => !isMain(o)));
  return [...variants].map(([name, all]) => {
    const arm = all[0] === undefined ? VARIED : variedArm(all[0]);
    const pairs = all.flatMap((run) => {
      const other = outcomes.find((o) => o.arm === arm && o.seed === run.seed && samePool(o, run));
      return other === undefined ? [] : [{ run, other }];
    });
    return { name, arm, runs: pairs.map((p) => p.run), against: pairs.map((p) => p.other) };
  });
}

/** Mean newly proved of both, at the largest cost that every run of the two reached. */
export function variantProved({ runs, against }: Variant, cost: Cost) {
  const spent = commonCost([...runs, ...against], cost);
  const proved = (some: readonly Outcome[]) => mean(some.map(({ points }) => provedAt(points, cost, spent)));
  return { spent, variant: proved(runs), arm: proved(against) };
}

/** Mean over seeds of the share of the open problems that was proved by the end of each round; rounds from the first. */
export function shareByRound(runs: readonly Outcome[]): number[] {
  const rounds = Math.min(...runs.map(({ points }) => points.length));
  return Array.from({ length: rounds }, (_, i) =>
    mean(runs.map(({ points, open }) => (points[i]?.newlyProved ?? 0) / open)),
  );
}

/** The largest cost that every run reached. */
export function commonCost(outcomes: readonly Outcome[], cost: Cost): number {
  return Math.min(...outcomes.map(({ points }) => points.at(-1)?.[cost] ?? 0));
}

/** Newly proved when that much was spent; between two rounds on a straight line. */
export function provedAt(points: readonly Point[], cost: Cost, spent: number): number {
  const curve = points.map((p) => ({ cost: p[cost] ?? 0, proved: p.newlyProved }));
  const after = curve.findIndex((p) => p.cost >= spent);
  const to = curve[after];
  if (to === undefined) return curve.at(-1)?.proved ?? 0;
  const from = curve[after - 1] ?? { cost: 0, proved: 0 };
  const share = to.cost === from.cost ? 1 : (spent - from.cost) / (to.cost - from.cost);
  return from.proved + share * (to.proved - from.proved);
}

export interface Proved {
  readonly mean: number;
  readonly least: number;
  readonly most: number;
}

export function provedByArm(outcomes: readonly Outcome[], cost: Cost): Map<string, Proved> {
  const spent = commonCost(outcomes, cost);
  return new Map(
    [...byArm(outcomes)].map(([arm, runs]) => {
      const counts = runs.map((run) => provedAt(run.points, cost, spent));
      return [arm, { mean: mean(counts), least: Math.min(...counts), most: Math.max(...counts) }];
    }),
  );
}

/** Mean over seeds of the problems a run proved and the frozen model, under the same seed, did not. */
export function beyond(runs: readonly Outcome[], frozen: readonly Outcome[]): number {
  const counts = runs.flatMap(({ seed, proved }) => {
    const other = frozen.find((run) => run.seed === seed);
    return other === undefined ? [] : [new Set(proved).difference(new Set(other.proved)).size];
  });
  return mean(counts);
}

/** Mean over the arm's runs of pass@k, problem by problem. */
function passRates(runs: readonly Outcome[], k: number): Map<string, number> {
  const rates = new Map<string, number[]>();
  for (const { heldout } of runs)
    for (const [id, n, c] of heldout) if (n >= k) rates.set(id, [...(rates.get(id) ?? []), passAtK(n, c, k)]);
  return new Map([...rates].map(([id, values]) => [id, mean(values)]));
}

export interface Estimate extends Interval {
  readonly estimate: number;
}

/** Not a number where nothing was tried so often. */
const estimateOf = (values: readonly number[]): Estimate =>
  values.length === 0
    ? { estimate: Number.NaN, low: Number.NaN, high: Number.NaN }
    : { estimate: mean(values), ...bootstrapMean(values, { seed: 1 }) };

/** 95 % bootstrap over problems, seeds averaged within each. */
export function heldoutOf(runs: readonly Outcome[], k: number): Estimate {
  const values = [...passRates(runs, k).values()];
  return estimateOf(values);
}

/** Paired by problem. */
export function heldoutDifference(a: readonly Outcome[], b: readonly Outcome[], k: number): Estimate {
  const other = passRates(b, k);
  const values = [...passRates(a, k)].flatMap(([id, rate]) => {
    const against = other.get(id);
    return against === undefined ? [] : [rate - against];
  });
  return estimateOf(values);
}
