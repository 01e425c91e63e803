/**
 * The unbiased pass@k of Chen et al. 2021 (arXiv 2107.03374, Eq. 1): 1 − C(n−c, k)/C(n, k) a problem, averaged over
 * *all* problems. It refuses k > n rather than report "any of n" under another name.
 */
import { UsageError } from '../ops/errors.ts';
import { bootstrapMean, type Interval, type IntervalOptions, wilson } from './intervals.ts';

/** What sampling found on one problem; attempts that ended in a checker fault are in neither number. */
export interface ProblemResult {
  readonly problemId: string;
  /** Judged attempts, duplicates included. */
  readonly n: number;
  /** Proved ones. */
  readonly c: number;
  /** How many ended in a fault; default 0. */
  readonly faults?: number;
}

export interface PassAtK extends Interval {
  readonly k: number;
  /** Mean over problems. */
  readonly estimate: number;
  /** Wilson where every problem is simply solved or not (k = n), or all rates are 0 or all 1; else a percentile bootstrap. */
  readonly method: 'wilson' | 'bootstrap';
}

/** Probability that at least one of k attempts, drawn without replacement from these n, is among the c proofs. */
export function passAtK(n: number, c: number, k: number): number {
  if (!(Number.isInteger(k) && k >= 1))
    throw new UsageError(`pass@k: k must be a whole number ≥ 1, got ${k}`, 'k');
  if (!(Number.isInteger(n) && Number.isInteger(c) && c >= 0 && c <= n))
    throw new RangeError(`pass@k: expected whole numbers 0 ≤ c ≤ n, got c = ${c}, n = ${n}`);
  if (k > n)
    throw new UsageError(
      `pass@${k} needs at least ${k} judged attempts a problem, got ${n}; sample more or ask for a smaller k`,
      'k',
    );
  if (n - c < k) return 1;
  // C(n−c,k)/C(n,k) = Π_{i=n−c+1..n} (1 − k/i), summed in logs: no overflow, and exact for tiny rates.
  let logFailure = 0;
  for (let i = n - c + 1; i <= n; i++) logFailure += Math.log1p(-k / i);
  return 0 - Math.expm1(logFailure);
}

/** pass@k of each problem, in order. */
export function passRates(problems: readonly ProblemResult[], k: number): readonly number[] {
  if (problems.length === 0) throw new UsageError(`pass@${k}: there are no problems to average over`);
  return problems.map(({ problemId, n, c }) => {
    if (k > n)
      throw new UsageError(
        `pass@${k}: problem ${problemId} has only ${n} judged attempts; sample more or ask for a smaller k`,
        'k',
      );
    return passAtK(n, c, k);
  });
}

/** The headline: one row a k, each with its 95 % interval over problems. */
export function passAtKTable(
  problems: readonly ProblemResult[],
  ks: readonly number[],
  options: IntervalOptions,
): readonly PassAtK[] {
  return ks.map((k) => {
    const rates = passRates(problems, k);
    const solved = rates.filter((rate) => rate === 1).length;
    const binary = isExtreme(rates) || problems.every(({ n }) => n === k);
    const estimate = rates.reduce((a, b) => a + b, 0) / rates.length;
    const interval = binary ? wilson(solved, rates.length) : bootstrapMean(rates, options);
    return { k, estimate, ...interval, method: binary ? 'wilson' : 'bootstrap' };
  });
}

/** All 0 or all 1: resampling such rates gives an interval without width, as if nothing were uncertain. */
export const isExtreme = (rates: readonly number[]): boolean =>
  rates.every((rate) => rate === 0) || rates.every((rate) => rate === 1);
