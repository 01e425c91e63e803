/**
 * The numbers at the top of an evaluation: pass@k with both uncertainties, and what checker faults leave open.
 *
 * Faults are never counted as wrong. Every row says what pass@k would be had all faults been failures, or all proofs.
 * Above 0.5 % of faults, or where they leave a problem with fewer than k judged attempts that decide it, there is no
 * estimate: only those bounds.
 *
 * Two uncertainties, both named: over problems (Wilson where every problem is simply solved or not, and where all rates
 * are 0 or all are 1, which a resample could not move; else a percentile bootstrap), and over samples of these very problems (the spread of disjoint blocks of k, where n allows four
 * and the attempts are a random sample).
 */
import { bootstrapMean, wilson } from './intervals.ts';
import { isExtreme, passAtK } from './pass-at-k.ts';
import type { TrialResult } from './trial-results.ts';

export const MOST_FAULTS = 0.005;
const LEAST_BLOCKS = 4;

export interface Spread {
  readonly blocks: number;
  readonly mean: number;
  /** Sample standard deviation of the blocks' shares of solved problems. */
  readonly sd: number;
}

export interface HeadlineRow {
  readonly k: number;
  /** Null when withheld: then `low` and `high` are the bounds that faults leave open. */
  readonly estimate: number | null;
  readonly low: number;
  readonly high: number;
  readonly method: 'wilson' | 'bootstrap' | 'fault-bounds';
  /** pass@k had every fault been a failure, had every fault been a proof. */
  readonly faultLow: number;
  readonly faultHigh: number;
  readonly spread: Spread | null;
}

export interface HeadlineOptions {
  readonly ks: readonly number[];
  /** A problem's attempts end with its first proof: k is the number of attempts planned. */
  readonly adaptive: boolean;
  /** The attempts are a list tried in order: its blocks are different tactics, and their spread means nothing. */
  readonly fixedList: boolean;
  /** Seeds the bootstrap. */
  readonly seed: number;
}

export function headline(results: readonly TrialResult[], options: HeadlineOptions): readonly HeadlineRow[] {
  const withheld = faultRate(results) > MOST_FAULTS;
  return options.ks.map((k) => rowOf(results, k, withheld, options));
}

export function faultRate(results: readonly TrialResult[]): number {
  const faults = results.reduce((sum, r) => sum + r.faults, 0);
  return (
    faults /
    Math.max(
      1,
      results.reduce((sum, r) => sum + r.n, faults),
    )
  );
}

function rowOf(
  results: readonly TrialResult[],
  k: number,
  withheld: boolean,
  { adaptive, fixedList, seed }: HeadlineOptions,
): HeadlineRow {
  const bounds = results.map((r) => boundsOf(r, k, adaptive));
  const [faultLow, faultHigh] = [mean(bounds.map((b) => b.low)), mean(bounds.map((b) => b.high))];
  const rates = bounds.flatMap(({ value }) => (value === null ? [] : [value]));
  const shared = { k, faultLow, faultHigh, spread: adaptive || fixedList ? null : blockSpread(results, k) };
  if (withheld || rates.length < results.length)
    return { ...shared, estimate: null, low: faultLow, high: faultHigh, method: 'fault-bounds' };
  const decided = adaptive || results.every((r) => r.n === k);
  const binary = isExtreme(rates) || (decided && rates.every((rate) => rate === 0 || rate === 1));
  const interval = binary
    ? wilson(rates.filter((rate) => rate === 1).length, rates.length)
    : bootstrapMean(rates, { seed });
  return { ...shared, estimate: mean(rates), ...interval, method: binary ? 'wilson' : 'bootstrap' };
}

/** pass@k of one problem on its judged attempts, null when they are too few to tell; and what faults leave open. */
function boundsOf({ n, c, faults }: TrialResult, k: number, adaptive: boolean) {
  if (adaptive)
    return c > 0
      ? { value: 1, low: 1, high: 1 }
      : { value: faults > 0 ? null : 0, low: 0, high: faults > 0 ? 1 : 0 };
  const all = n + faults;
  const [low, high] = [passAtK(all, c, k), passAtK(all, c + faults, k)];
  if (n >= k) return { value: passAtK(n, c, k), low, high };
  return { value: low === high ? low : null, low, high };
}

/** Blocks of k consecutive judged attempts are k-sample evaluations of their own; null below four of them. */
export function blockSpread(results: readonly TrialResult[], k: number): Spread | null {
  const blocks = Math.floor(Math.min(...results.map((r) => r.n)) / k);
  if (results.length === 0 || blocks < LEAST_BLOCKS) return null;
  const scores = Array.from({ length: blocks }, (_, b) =>
    mean(results.map((r) => Number(r.outcomes.slice(b * k, (b + 1) * k).includes(true)))),
  );
  const centre = mean(scores);
  const sd = Math.sqrt(scores.reduce((sum, s) => sum + (s - centre) ** 2, 0) / (blocks - 1));
  return { blocks, mean: centre, sd };
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / Math.max(1, values.length);
