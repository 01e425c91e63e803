/** A replayed round beside the recorded one, in figures: what was kept, gained, lost, and what the update weighed. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { SelectionRecord } from '../../ledger/index.ts';
import type { ReplayedRound, Weighed } from './replay.ts';

export interface SelectionFigures {
  readonly tried: number;
  readonly kept: number;
  /** Sum of the kept conjectures' weights. */
  readonly weight: number;
  readonly outcomes: Readonly<Record<string, number>>;
}

export interface UpdateFigures {
  readonly positives: number;
  readonly negatives: number;
  readonly positiveWeight: number;
  readonly negativeWeight: number;
  readonly conjectures: number;
  readonly conjectureWeight: number;
}

export interface Change {
  readonly statementId: string;
  readonly before: { readonly outcome: string; readonly weight: number };
  readonly after: { readonly outcome: string; readonly weight: number };
}

export interface RoundSummary {
  readonly round: number;
  /** Is everything that was recorded and could be computed again what it was, number for number? */
  readonly same: boolean;
  readonly selection: { readonly before: SelectionFigures; readonly after: SelectionFigures };
  /** `before` is null when the round recorded no update, `after` when it takes a model to compute. */
  readonly update: { readonly before: UpdateFigures | null; readonly after: UpdateFigures | null };
  readonly gained: readonly Change[];
  readonly lost: readonly Change[];
  /** Kept before and after, with another weight. */
  readonly reweighted: readonly Change[];
}

export function summariseRound({ round, selections, weights }: ReplayedRound): RoundSummary {
  const changes = changesOf(selections.before, selections.after);
  const kept = (side: Change['before']) => side.outcome === 'selected';
  return {
    round,
    same:
      isDeepStrictEqual(selections.before, selections.after) &&
      (weights.before === null || weights.after === null || isDeepStrictEqual(weights.before, weights.after)),
    selection: { before: selectionFigures(selections.before), after: selectionFigures(selections.after) },
    update: { before: updateFigures(weights.before), after: updateFigures(weights.after) },
    gained: changes.filter((c) => !kept(c.before) && kept(c.after)),
    lost: changes.filter((c) => kept(c.before) && !kept(c.after)),
    reweighted: changes.filter((c) => kept(c.before) && kept(c.after) && c.before.weight !== c.after.weight),
  };
}

function changesOf(before: readonly SelectionRecord[], after: readonly SelectionRecord[]): Change[] {
  const was = new Map(before.map((s) => [s.statementId, s]));
  return after.map(({ statementId, outcome, weight }) => {
    const { outcome: old = 'unrecorded', weight: oldWeight = 0 } = was.get(statementId) ?? {};
    return { statementId, before: { outcome: old, weight: oldWeight }, after: { outcome, weight } };
  });
}

function selectionFigures(selections: readonly SelectionRecord[]): SelectionFigures {
  const kept = selections.filter((s) => s.outcome === 'selected');
  const outcomes = Map.groupBy(selections, (s) => s.outcome);
  return {
    tried: selections.length,
    kept: kept.length,
    weight: sum(kept.map((s) => s.weight)),
    outcomes: Object.fromEntries([...outcomes].map(([name, some]) => [name, some.length])),
  };
}

function updateFigures(weights: readonly Weighed[] | null): UpdateFigures | null {
  if (weights === null) return null;
  const proofs = weights.filter((w) => w.role === 'prover');
  const conjectures = weights.filter((w) => w.role === 'conjecturer');
  const ofReward = (reward: number) => proofs.filter((w) => w.reward === reward);
  return {
    positives: ofReward(1).length,
    negatives: ofReward(0).length,
    positiveWeight: sum(ofReward(1).map((w) => w.weight)),
    negativeWeight: sum(ofReward(0).map((w) => w.weight)),
    conjectures: conjectures.length,
    conjectureWeight: sum(conjectures.map((w) => w.weight)),
  };
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
