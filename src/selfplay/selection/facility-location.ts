/**
 * Facility location: a set of at most `budget` conjectures such that every unproved problem has a near one in it,
 * F(S) = Σ_y w_y · max_{c ∈ S} (1 + cos(y, c)) / 2. F is monotone and submodular, so greedy is within 1 − 1/e of the
 * best (Nemhauser, Wolsey & Fisher 1978), and gains computed earlier are upper bounds that need no second look until
 * they lead (lazy greedy, Minoux 1978). Pure.
 *
 * A chosen conjecture weighs as much as the problems nearest to it among the chosen, 1 on average, capped.
 */

export interface CoverInput {
  /** In the order of the affinities' columns. */
  readonly conjectures: readonly string[];
  /** Weight of each target. */
  readonly demands: readonly number[];
  /** One row a target: its cosine with each conjecture. */
  readonly affinities: readonly ArrayLike<number>[];
  readonly budget: number;
  readonly maxWeight: number;
}

/** Conjecture → weight; those that cover nothing better than another are not in it. */
export function coverTargets(input: CoverInput): Map<string, number> {
  const chosen = greedyCover(input);
  const loads = new Map(chosen.map((column) => [column, 0]));
  input.affinities.forEach((row, target) => {
    const nearest = chosen.toSorted((a, b) => (row[b] ?? 0) - (row[a] ?? 0) || a - b)[0];
    if (nearest !== undefined) loads.set(nearest, (loads.get(nearest) ?? 0) + (input.demands[target] ?? 0));
  });
  const serving = [...loads].filter(([, load]) => load > 0);
  const mean = serving.reduce((sum, [, load]) => sum + load, 0) / serving.length;
  return new Map(
    serving.map(([column, load]) => [
      input.conjectures[column] ?? '',
      Math.min(input.maxWeight, load / mean),
    ]),
  );
}

/** Columns in the order they were chosen, each with a gain above 0. */
export function greedyCover({ conjectures, demands, affinities, budget }: CoverInput): number[] {
  const covered = demands.map(() => 0);
  const gainOf = (column: number) =>
    affinities.reduce((sum, row, y) => {
      const more = closeness(row[column]) - (covered[y] ?? 0);
      return more > 0 ? sum + (demands[y] ?? 0) * more : sum;
    }, 0);
  // Sorted by gain, highest last; a gain may be stale, that is too high.
  const waiting = conjectures
    .map((_, column) => ({ column, gain: gainOf(column) }))
    .sort((a, b) => a.gain - b.gain || b.column - a.column);
  const chosen: number[] = [];
  while (chosen.length < budget) {
    const best = popFresh(waiting, gainOf);
    if (best === undefined) break;
    chosen.push(best);
    affinities.forEach((row, y) => {
      covered[y] = Math.max(covered[y] ?? 0, closeness(row[best]));
    });
  }
  return chosen;
}

interface Waiting {
  readonly column: number;
  readonly gain: number;
}

/** Takes out the column of highest gain; undefined when none gains anything. */
function popFresh(waiting: Waiting[], gainOf: (column: number) => number): number | undefined {
  for (let top = waiting.pop(); top !== undefined; top = waiting.pop()) {
    const gain = gainOf(top.column);
    const next = waiting.at(-1);
    if (next === undefined || gain > next.gain || (gain === next.gain && top.column < next.column))
      return gain > 0 ? top.column : undefined;
    const place = waiting.findIndex((w) => w.gain > gain || (w.gain === gain && w.column < top.column));
    waiting.splice(place, 0, { column: top.column, gain });
  }
  return undefined;
}

const closeness = (cosine: number | undefined) => (1 + (cosine ?? -1)) / 2;
