/** Puts the choices of an objective together. The only place that runs them, so every preset shares one path. */
import { type Aggregate, type SelectedSequence, tokenMean } from './aggregates.ts';
import { type Filter, isMixed } from './filters.ts';
import type { Group, GroupCounts, Objective, Weighing, WeightedAttempt } from './objective.ts';
import { noRatio, type RatioRule } from './ratios.ts';
import { isDistinctProof, type Rewarded, type Selector } from './selectors.ts';
import { checkedSettings, DEFAULT_SETTINGS, type ObjectiveSettings } from './settings.ts';
import { type TokenAdvantages, tokenWeightsFrom } from './tokens.ts';
import type { Weight } from './weights.ts';

export interface ObjectiveSpec {
  readonly formula: string;
  readonly filter: Filter;
  readonly select: Selector;
  readonly weight: Weight;
  /** A token's own advantage; without it each has its attempt's weight, times ω_t where there is one. */
  readonly tokenAdvantages?: TokenAdvantages;
  /** Default none. */
  readonly ratio?: RatioRule;
  readonly aggregate: Aggregate;
  /** How the KL penalty is averaged; default the mean over tokens. */
  readonly klAggregate?: Aggregate;
  readonly defaults?: Partial<ObjectiveSettings>;
}

export function defineObjective(name: string, spec: ObjectiveSpec): Objective {
  const defaults = { ...DEFAULT_SETTINGS, ...spec.defaults };
  return {
    name,
    formula: spec.formula,
    defaults,
    readsLogprobs: spec.tokenAdvantages !== undefined,
    weigh: (groups, settings) => weigh(groups, spec, checkedSettings(name, { ...defaults, ...settings })),
  };
}

interface JudgedGroup extends GroupCounts {
  readonly statementId: string;
  readonly judged: readonly Rewarded[];
  readonly masked: number;
}

function weigh(groups: readonly Group[], spec: ObjectiveSpec, settings: ObjectiveSettings): Weighing {
  const judged = groups.map((group) => judge(group, settings));
  const selected = judged
    .filter((group) => spec.filter(group, settings))
    .map((group) => weightedSequences(group, spec, settings))
    .filter((sequences) => sequences.length > 0);
  const sequences = selected.flat();
  const finish = normaliser(sequences, selected.length, spec, settings);
  const attempts = sequences.map(finish);
  const tokens = sequences.reduce((total, s) => total + s.tokens, 0);
  return {
    attempts,
    settings,
    stats: {
      groups: groups.length,
      used: selected.length,
      mixed: judged.filter(isMixed).length,
      positives: attempts.filter((a) => a.reward === 1).length,
      negatives: attempts.filter((a) => a.reward === 0).length,
      masked: judged.reduce((total, group) => total + group.masked, 0),
      tokens,
    },
  };
}

/** Takes out what has no reward, then counts: a fault is in neither baseline nor loss. */
function judge(group: Group, settings: ObjectiveSettings): JudgedGroup {
  const judged = group.attempts.filter(
    (a): a is Rewarded => a.reward !== null && !(a.truncated && settings.truncated === 'mask'),
  );
  return {
    statementId: group.statementId,
    judged,
    masked: group.attempts.length - judged.length,
    c: judged.filter((a) => a.reward === 1).length,
    distinct: judged.filter(isDistinctProof).length,
    k: judged.length,
  };
}

/** A selected attempt with its weight, before normalisers. */
interface Sequence extends SelectedSequence, Pick<GroupCounts, 'c' | 'k'> {
  readonly attemptId: string;
  readonly statementId: string;
  /** Weights of the single tokens, where they differ. */
  readonly tokenAdvantages?: readonly number[];
}

/** An attempt of no tokens has no loss term; dropping it keeps every denominator positive. */
function weightedSequences(
  group: JudgedGroup,
  spec: ObjectiveSpec,
  settings: ObjectiveSettings,
): readonly Sequence[] {
  const { statementId, c, k } = group;
  return spec
    .select(group.judged, statementId, settings)
    .filter((attempt) => attempt.tokens > 0)
    .map((attempt) => {
      const { attemptId, reward, tokens } = attempt;
      const weight = spec.weight(attempt, group, settings);
      const sequence = { attemptId, statementId, reward, c, k, weight, tokens };
      const tokenAdvantages = advantages(attempt, group, weight, spec, settings);
      return tokenAdvantages === undefined ? sequence : { ...sequence, tokenAdvantages };
    });
}

function advantages(
  attempt: Rewarded,
  group: JudgedGroup,
  weight: number,
  spec: ObjectiveSpec,
  settings: ObjectiveSettings,
): readonly number[] | undefined {
  if (spec.tokenAdvantages) return spec.tokenAdvantages(attempt, group.judged, weight, settings);
  const { attemptId, tokens, tokenScores, reward } = attempt;
  if (tokenScores === undefined || settings.tokenWeights === 'none') return undefined;
  if (tokenScores.length !== tokens)
    throw new Error(
      `attempt ${attemptId}: expected one token score for each of ${tokens} tokens, found ${tokenScores.length}`,
    );
  return tokenWeightsFrom(tokenScores, reward, settings.tokenWeights).map((omega) => weight * omega);
}

/** Divides weights and β by their normalisers, which are global over the call. */
function normaliser(
  sequences: readonly Sequence[],
  groups: number,
  spec: ObjectiveSpec,
  settings: ObjectiveSettings,
): (sequence: Sequence) => WeightedAttempt {
  const divisor = spec.aggregate(sequences, groups, settings);
  const penalised = sequences.filter((s) => settings.klScope === 'all' || s.reward === 1);
  const klDivisor = (spec.klAggregate ?? tokenMean)(penalised, groups, settings);
  const hasPenalty = new Set(settings.klCoef === 0 ? [] : penalised);
  const ratio = spec.ratio ?? noRatio;
  return (sequence) => {
    const { tokenAdvantages, ...rest } = sequence;
    // A divisor is 0 only where every weight is.
    const normalised = (weight: number) => (weight === 0 ? 0 : weight / divisor(sequence));
    return {
      ...rest,
      tokenWeight: normalised(sequence.weight),
      ...(tokenAdvantages && { tokenWeights: tokenAdvantages.map(normalised) }),
      ratio: ratio(sequence.reward, settings),
      klCoef: hasPenalty.has(sequence) ? settings.klCoef / klDivisor(sequence) : 0,
    };
  };
}

/** Signed weights of an attempt's tokens, normalisers included. */
export function tokenWeightsOf({ tokenWeights, tokenWeight, tokens }: WeightedAttempt): readonly number[] {
  return tokenWeights ?? Array.from({ length: tokens }, () => tokenWeight);
}
