/**
 * Matching conjectures to unproved problems (STP §3.2, A.5, Algorithm 4; RL/utils/RL_utils.py:607): the cheapest
 * transport of a uniform distribution over unproved problems onto conjectures, cost −cosine, with the conjectures'
 * marginal free. Its optimum is nearest-neighbour: each problem y, in shuffled order, votes for its w_y nearest
 * conjectures; a vote weighs N/M, with N conjectures and M votes. Whoever reached the cap takes no more votes. Pure.
 *
 * Different from the released code: a full conjecture is left out of the comparison, where STP multiplies its
 * similarity by 0, which makes it the nearest whenever the others are negative; no weight passes the cap, where STP's
 * last vote may; and a problem never has more votes than there are conjectures.
 */
import { type Random, shuffled } from '../../ops/seeds.ts';

export interface Target {
  readonly statementId: string;
  /** w_y: how many conjectures it votes for. */
  readonly votes: number;
}

export interface MatchInput {
  /** In the order of the affinities' columns. */
  readonly conjectures: readonly string[];
  readonly targets: readonly Target[];
  /** One row a target: its similarity to each conjecture. */
  readonly affinities: readonly ArrayLike<number>[];
  readonly maxWeight: number;
  readonly random: Random;
}

/** Conjecture → weight; those without a vote are not in it. The weights' sum is at most the number of conjectures. */
export function matchConjectures(input: MatchInput): Map<string, number> {
  const { conjectures, targets, affinities, maxWeight } = input;
  const votesOf = (t: Target) => Math.min(t.votes, conjectures.length);
  const perVote = conjectures.length / targets.reduce((sum, t) => sum + votesOf(t), 0);
  const weights = conjectures.map(() => 0);
  const order = shuffled(
    targets.map((target, i) => ({ target, row: affinities[i] ?? [] })),
    input.random,
  );
  for (const { target, row } of order) {
    const open = conjectures.map((_, i) => i).filter((i) => (weights[i] ?? 0) < maxWeight);
    for (const i of nearest(open, row, votesOf(target)))
      weights[i] = Math.min(maxWeight, (weights[i] ?? 0) + perVote);
  }
  return new Map(
    conjectures.flatMap((id, i) => ((weights[i] ?? 0) > 0 ? [[id, weights[i] ?? 0] as const] : [])),
  );
}

/** The `count` columns of highest affinity; equal ones in the columns' order. */
function nearest(columns: readonly number[], row: ArrayLike<number>, count: number): number[] {
  return columns.toSorted((a, b) => (row[b] ?? 0) - (row[a] ?? 0) || a - b).slice(0, count);
}
