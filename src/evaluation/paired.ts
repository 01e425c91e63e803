/**
 * Night against night on the same problems: the paired difference of pass rates with a bootstrap interval, and the
 * exact McNemar test on the solved sets. Pairing removes what two nights share, the problems' difficulty.
 */
import { UsageError } from '../ops/errors.ts';
import { bootstrapMean, type Interval, type IntervalOptions } from './intervals.ts';
import type { ProblemResult } from './pass-at-k.ts';

export interface Comparison {
  readonly problems: number;
  /** Mean of after − before over problems, in pass rate (c/n). */
  readonly difference: number;
  readonly interval: Interval;
  /**
   * Problems solved (at least one proof) only after, only before, in problem order. One without a proof that has faults
   * is not known to be unsolved: it is neither.
   */
  readonly gained: readonly string[];
  readonly lost: readonly string[];
  /** Two-sided exact McNemar p-value on gained against lost. */
  readonly pValue: number;
  /** Is the difference more than noise: does its interval exclude zero, and did at least six problems move? */
  readonly distinct: boolean;
}

/** Below six even a change all one way has, by the two-sided sign test, a chance above 5 %: 2·½⁵ = 6.25 %. */
const LEAST_MOVED = 6;

export function compareProblems(
  before: readonly ProblemResult[],
  after: readonly ProblemResult[],
  options: IntervalOptions,
): Comparison {
  const pairs = paired(before, after);
  const differences = pairs.map(([b, a]) => a.c / a.n - b.c / b.n);
  const gained = pairs.filter(([b, a]) => isUnsolved(b) && a.c > 0).map(([b]) => b.problemId);
  const lost = pairs.filter(([b, a]) => b.c > 0 && isUnsolved(a)).map(([b]) => b.problemId);
  const interval = bootstrapMean(differences, options);
  return {
    problems: pairs.length,
    difference: differences.reduce((x, y) => x + y, 0) / differences.length,
    interval,
    gained,
    lost,
    pValue: mcnemarExact(gained.length, lost.length),
    distinct:
      differences.filter((d) => d !== 0).length >= LEAST_MOVED && (interval.low > 0 || interval.high < 0),
  };
}

const isUnsolved = ({ c, faults = 0 }: ProblemResult) => c === 0 && faults === 0;

/** Two-sided exact McNemar: min(1, 2·P[Bin(gained + lost, ½) ≤ min(gained, lost)]). */
export function mcnemarExact(gained: number, lost: number): number {
  const n = gained + lost;
  let logChoose = 0;
  let tail = 0;
  for (let i = 0; i <= Math.min(gained, lost); i++) {
    tail += Math.exp(logChoose - n * Math.LN2);
    logChoose += Math.log((n - i) / (i + 1));
  }
  return Math.min(1, 2 * tail);
}

type Pair = readonly [before: ProblemResult, after: ProblemResult];

/** A comparison of different problem sets would be a comparison of the sets: refused. */
function paired(before: readonly ProblemResult[], after: readonly ProblemResult[]): readonly Pair[] {
  const others = new Map(after.map((result) => [result.problemId, result]));
  const pairs = before.flatMap((b): Pair[] => {
    const a = others.get(b.problemId);
    return a ? [[b, a]] : [];
  });
  if (pairs.length !== before.length || pairs.length !== after.length)
    throw new UsageError(
      `comparison: expected the same problems on both sides, found ${before.length} and ${after.length} with ${pairs.length} in common; evaluate both on one set`,
    );
  const unsampled = pairs.flat().find((result) => result.n === 0);
  if (unsampled) throw new UsageError(`comparison: problem ${unsampled.problemId} has no judged attempt`);
  if (pairs.length === 0) throw new UsageError('comparison: there are no problems to compare');
  return pairs;
}
