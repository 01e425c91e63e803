/**
 * From judged groups and kept conjectures to the rows of an update. Pure; learn.ts reads the ledger and calls it.
 *
 * Loss of an epoch = (1 − s)·L_objective + s·L_conjectures, with s the conjecturer's share and L_conjectures the mean
 * cross-entropy over tokens of the kept conjectures, by their weights (STP leaves this ratio to chance: its conjecture
 * weights of about 1 simply outweigh 1/#proofs). An epoch without one of the two parts is the other part alone.
 * Conjectures are few, often one a step, so their normaliser is the epoch's: within a step their weights would cancel out.
 * The objective weighs each step's groups on their own.
 */
import {
  type Group,
  type Objective,
  type ObjectiveSettings,
  tokenWeightsOf,
  type WeighingStats,
  type WeightedAttempt,
} from '../../objectives/index.ts';
import { type Random, shuffled } from '../../ops/seeds.ts';
import type { BundleRow, KlEstimator } from '../../policy/bundle.ts';

/** A sampled sequence: the part of a bundle row that does not depend on the objective. */
export interface SampledSequence {
  readonly id: string;
  readonly promptTokens: readonly number[];
  readonly tokens: readonly number[];
  readonly logprobs: readonly number[];
}

export interface TrainingPlan {
  readonly steps: readonly (readonly BundleRow[])[];
  /** What the objective decided, over all groups at once: one entry a weighted attempt of some step. */
  readonly weighted: readonly WeightedAttempt[];
  readonly stats: WeighingStats;
  /** Settings in force: with them and the verdicts every weight can be computed again. */
  readonly settings: ObjectiveSettings;
}

/** A conjecture to imitate, and how much: given relative to the others, in a step so that an epoch's mean over steps is 1. */
export interface WeighedConjecture {
  readonly id: string;
  readonly weight: number;
}

/** What one optimiser step learns from, before any token has a weight. */
export interface StepOrder {
  readonly groups: readonly Group[];
  /** The attempts that have a weight in it. */
  readonly weighted: readonly WeightedAttempt[];
  readonly conjectures: readonly WeighedConjecture[];
}

/** What a token-level reward model has to do with it. */
export interface TokenScores {
  /** Of each step, by attempt: w_t of every token. */
  readonly steps: readonly ReadonlyMap<string, readonly number[]>[];
  /** So many first steps were the reward model's alone: the policy takes none of them. */
  readonly frozen: number;
}

export interface PlanInput {
  readonly groups: readonly Group[];
  readonly objective: Objective;
  readonly settings: Partial<ObjectiveSettings>;
  /** Sequences of the groups' attempts and of the conjectures, by id. */
  readonly sequences: ReadonlyMap<string, SampledSequence>;
  /** Reference log-probs of the attempts, by id; empty when the objective has no KL term. */
  readonly references: ReadonlyMap<string, readonly number[]>;
  readonly conjectures: readonly WeighedConjecture[];
  readonly conjecturerShare: number;
  readonly batchRows: number;
  readonly epochs: number;
  readonly random: Random;
}

export function planTraining(
  input: PlanInput,
  order = orderSteps(input),
  scores: TokenScores = { steps: [], frozen: 0 },
): TrainingPlan {
  const { attempts, stats, settings } = input.objective.weigh(input.groups, input.settings);
  const hasConjectures = order.some((step) => step.conjectures.length > 0);
  const share = attempts.length === 0 ? 1 : hasConjectures ? input.conjecturerShare : 0;
  const steps = order
    .map((step, i) => stepRows(input, share, withScores(step, scores.steps[i])))
    .slice(scores.frozen);
  const learned = new Set(steps.flat().map((row) => row.id));
  return { steps, weighted: attempts.filter((a) => learned.has(a.attemptId)), stats, settings };
}

/** Shuffles groups and conjectures into the steps of every epoch. */
export function orderSteps(input: PlanInput): StepOrder[] {
  const { attempts } = input.objective.weigh(input.groups, input.settings);
  const rowsOf = Map.groupBy(attempts, (a) => a.statementId);
  const used = input.groups.filter((g) => rowsOf.has(g.statementId));
  const steps: StepOrder[] = [];
  for (let epoch = 0; epoch < input.epochs; epoch++) {
    const batches = batchGroups(
      shuffled(used, input.random),
      (g) => rowsOf.get(g.statementId)?.length ?? 0,
      input.batchRows,
    );
    const kept = input.conjectures.filter((c) => c.weight > 0);
    const stepCount = Math.max(batches.length, kept.length > 0 ? 1 : 0);
    const tokens = sum(kept.map(({ id, weight }) => weight * sequenceOf(input, id).tokens.length));
    const conjectures = shuffled(kept, input.random).map(({ id, weight }) => ({
      id,
      weight: (weight * stepCount) / tokens,
    }));
    for (let i = 0; i < stepCount; i++) {
      const groups = batches[i] ?? [];
      const weighted = input.objective.weigh(groups, input.settings).attempts;
      steps.push({ groups, weighted, conjectures: everyNth(conjectures, i, stepCount) });
    }
  }
  return steps;
}

function withScores(step: StepOrder, scores: TokenScores['steps'][number] = new Map()): StepOrder {
  const scored = (a: Group['attempts'][number]) => {
    const tokenScores = scores.get(a.attemptId);
    return tokenScores === undefined ? a : { ...a, tokenScores };
  };
  return { ...step, groups: step.groups.map((g) => ({ ...g, attempts: g.attempts.map(scored) })) };
}

function batchGroups(groups: readonly Group[], rows: (g: Group) => number, batchRows: number): Group[][] {
  const batches: Group[][] = [];
  let room = 0;
  for (const group of groups) {
    if (room <= 0) {
      batches.push([]);
      room = batchRows;
    }
    batches.at(-1)?.push(group);
    room -= rows(group);
  }
  return batches;
}

function stepRows(input: PlanInput, share: number, { groups, conjectures }: StepOrder): BundleRow[] {
  const weighing = input.objective.weigh(groups, input.settings);
  const { klEstimator } = weighing.settings;
  return [
    ...weighing.attempts.map((a) => proofRow(input, a, 1 - share, klEstimator)),
    ...conjectures.map(({ id, weight }) => conjectureRow(input, id, share * weight)),
  ];
}

function proofRow(
  input: PlanInput,
  attempt: WeightedAttempt,
  share: number,
  klEstimator: KlEstimator,
): BundleRow {
  const { promptTokens, tokens, logprobs } = sequenceOf(input, attempt.attemptId);
  const klCoef = attempt.klCoef * share;
  return {
    id: attempt.attemptId,
    promptTokens,
    tokens,
    weights: tokenWeightsOf(attempt).map((weight) => weight * share),
    samplerLogprobs: logprobs,
    ratio: attempt.ratio,
    klCoef,
    klEstimator,
    refLogprobs: klCoef === 0 ? [] : (input.references.get(attempt.attemptId) ?? []),
  };
}

/** Conjectures are imitated: no ratio, no KL. */
function conjectureRow(input: PlanInput, id: string, weight: number): BundleRow {
  const { promptTokens, tokens, logprobs } = sequenceOf(input, id);
  return {
    id,
    promptTokens,
    tokens,
    weights: tokens.map(() => weight),
    samplerLogprobs: logprobs,
    klCoef: 0,
    refLogprobs: [],
  };
}

function sequenceOf(input: PlanInput, id: string): SampledSequence {
  const sequence = input.sequences.get(id);
  if (sequence === undefined) throw new Error(`No sampled sequence for ${id}: a weight without its attempt.`);
  return sequence;
}

const everyNth = <T>(items: readonly T[], offset: number, n: number) =>
  items.filter((_, i) => i % n === offset);
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
