/** What each named strategy makes of the conjectures that may be chosen from: a weight for those it keeps. Pure. */
import type { Strategy } from '../../config/select-settings.ts';
import type { SelectOutcome } from '../../ledger/records.ts';
import type { Random } from '../../ops/seeds.ts';
import { type Archive, placements } from './archive.ts';
import { coverTargets } from './facility-location.ts';
import { byId, type Gated } from './gates.ts';
import { matchConjectures, type Target } from './matching.ts';

export type Vector = ArrayLike<number>;

/** What a strategy may look at beside the conjectures themselves. */
export interface Surroundings {
  /** Problems nobody has proved. */
  readonly targets: readonly Target[];
  /** Unit-length embeddings of targets and conjectures, by statement id; empty where the strategy needs none. */
  readonly vectors: ReadonlyMap<string, Vector>;
  /** As the rounds before left it. */
  readonly archive: Archive;
  readonly random: Random;
}

export interface StrategyRules {
  readonly strategy: Strategy;
  readonly maxWeight: number;
  readonly maxKept: number;
}

export interface Choice {
  /** Statement id → weight, above 0. */
  readonly weights: ReadonlyMap<string, number>;
  /** Why the others are not kept. */
  readonly otherwise: SelectOutcome;
}

/** The same whatever order conjectures and targets come in. */
export function choose(eligible: readonly Gated[], rules: StrategyRules, around: Surroundings): Choice {
  const all: Choice = { weights: new Map(eligible.map((c) => [c.statementId, 1])), otherwise: 'over-cap' };
  if (rules.strategy === 'window' || eligible.length === 0) return all;
  if (rules.strategy === 'archive')
    return { weights: placements(around.archive, eligible), otherwise: 'cell-taken' };
  const targets = around.targets.toSorted(byId);
  if (targets.length === 0) return all; // nothing to be near to: every problem tried is proved
  const conjectures = eligible.toSorted(byId).map((c) => c.statementId);
  const affinities = affinitiesOf(targets, conjectures, around.vectors);
  const { maxWeight, maxKept } = rules;
  if (rules.strategy === 'matching') {
    const { random } = around;
    const weights = matchConjectures({ conjectures, targets, affinities, maxWeight, random });
    return { weights, otherwise: 'unmatched' };
  }
  rules.strategy satisfies 'facility-location';
  const demands = targets.map((t) => t.votes);
  const weights = coverTargets({ conjectures, demands, affinities, budget: maxKept, maxWeight });
  return { weights, otherwise: 'unmatched' };
}

function affinitiesOf(
  targets: readonly Target[],
  conjectures: readonly string[],
  vectors: ReadonlyMap<string, Vector>,
): Float64Array[] {
  const vectorOf = (id: string): Vector => {
    const vector = vectors.get(id);
    if (vector === undefined)
      throw new Error(`No embedding of ${id}: this selection was not prepared for it.`);
    return vector;
  };
  const columns = conjectures.map(vectorOf);
  return targets.map(({ statementId }) => {
    const row = vectorOf(statementId);
    return Float64Array.from(columns, (column) => dot(row, column));
  });
}

function dot(a: Vector, b: Vector): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
