/** What the arms say together: newly proved problems at equal cost, held-out pass@k with intervals, differences. Pure. */
import { bootstrapMean, type Interval } from '../../src/evaluation/intervals.ts';
import { passAtK } from '../../src/evaluation/pass-at-k.ts';
import type { Outcome, Point } from './outcome.ts';

export type Cost = 'sampledTokens' | 'cpuSeconds';

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
export const byArm = (outcomes: readonly Outcome[]): Map<string, Outcome[]> =>
  Map.groupBy(outcomes, (o) => o.arm);

/** The largest cost that every run reached. */
export function commonCost(outcomes: readonly Outcome[], cost: Cost): number {
  return Math.min(...outcomes.map(({ points }) => points.at(-1)?.[cost] ?? 0));
}

/** Newly proved when that much was spent; between two rounds on a straight line. */
export function provedAt(points: readonly Point[], cost: Cost, spent: number): number {
  const after = points.findIndex((p) => p[cost] >= spent);
  const to = points[after];
  if (to === undefined) return points.at(-1)?.newlyProved ?? 0;
  const from = points[after - 1] ?? { sampledTokens: 0, cpuSeconds: 0, newlyProved: 0 };
  const share = to[cost] === from[cost] ? 1 : (spent - from[cost]) / (to[cost] - from[cost]);
  return from.newlyProved + share * (to.newlyProved - from.newlyProved);
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

/** 95 % bootstrap over problems, seeds averaged within each. */
export function heldoutOf(runs: readonly Outcome[], k: number): Estimate {
  const values = [...passRates(runs, k).values()];
  return { estimate: mean(values), ...bootstrapMean(values, { seed: 1 }) };
}

/** Paired by problem. */
export function heldoutDifference(a: readonly Outcome[], b: readonly Outcome[], k: number): Estimate {
  const other = passRates(b, k);
  const values = [...passRates(a, k)].flatMap(([id, rate]) => {
    const against = other.get(id);
    return against === undefined ? [] : [rate - against];
  });
  return { estimate: mean(values), ...bootstrapMean(values, { seed: 1 }) };
}
