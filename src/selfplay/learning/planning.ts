/** What a round is to learn, before anything learns: which attempts and conjectures, in which steps, at which weights. */
import type { Config } from '../../config/index.ts';
import { type ObjectiveSettings, objectiveNamed } from '../../objectives/index.ts';
import { randomFrom, seedFor } from '../../ops/seeds.ts';
import { stageRules } from '../prove.ts';
import type { Run } from '../run.ts';
import { withRelabelledPrompts } from '../selection/relabel.ts';
import { type ConjectureExample, conjectureExamples } from './conjecturing.ts';
import { trainingGroups } from './groups.ts';
import { referenceLogprobs, withLogprobs } from './references.ts';
import { retrain, retrainSettings, verifiedGroups } from './refresh.ts';
import { type ScoredSteps, scoreAndTrain } from './reward-model.ts';
import { orderSteps, type PlanInput, planTraining, type TrainingPlan } from './training.ts';

export interface RoundPlan extends TrainingPlan {
  readonly objective: string;
  readonly conjectures: readonly ConjectureExample[];
  /** By attempt, log-probs of the run's first policy where the weights depend on them; the sampler's are its attempt's. */
  readonly references: ReadonlyMap<string, readonly number[]>;
  /** Where a token-level reward model has a part in it. */
  readonly scored: ScoredSteps | undefined;
}

/** The objective's weights over the buffer's rounds, and kept conjectures. */
export async function planRound(run: Run, round: number): Promise<RoundPlan> {
  const { learn } = run.config;
  const objective = objectiveNamed(learn.objective);
  const { groups, sequences } = trainingGroups(run.ledger, round, learn.bufferRounds);
  const settings = objectiveSettings(run.config, round);
  const references = await referenceLogprobs(run, objective, settings, groups, sequences);
  return plan(run, round, {
    groups: objective.readsLogprobs ? withLogprobs(groups, sequences, references) : groups,
    objective,
    settings,
    sequences,
    references,
    conjectures: conjectureExamples(run.ledger, round, learn.conjecturerRounds),
  });
}

/** Everything verified, and every conjecture ever kept. */
export async function planRefresh(run: Run, round: number): Promise<RoundPlan> {
  run.say('refresh: the first policy learns from everything verified so far', { round });
  const { groups, sequences } = verifiedGroups(run.ledger, round, {
    high: run.config.select.window.high,
    stages: stageRules(run),
    seed: run.config.run.seed,
  });
  const conjectures = conjectureExamples(run.ledger, round, round);
  return plan(run, round, {
    groups,
    objective: retrain,
    settings: retrainSettings(run.config),
    sequences,
    references: new Map(),
    conjectures,
  });
}

export interface UpdateParts
  extends Pick<PlanInput, 'groups' | 'objective' | 'settings' | 'sequences' | 'references'> {
  readonly conjectures: readonly ConjectureExample[];
}

async function plan(run: Run, round: number, parts: UpdateParts): Promise<RoundPlan> {
  const { config } = run;
  const conjectures =
    config.learn.conjecturerShare > 0 ? await withRelabelledPrompts(run, parts.conjectures) : [];
  const input = updateInput(config, round, { ...parts, conjectures });
  const order = orderSteps(input);
  const { tokenWeights, klReference } = { ...parts.objective.defaults, ...parts.settings };
  const scored =
    tokenWeights === 'none' || order.length === 0
      ? undefined
      : await scoreAndTrain(run, round, order, parts.sequences);
  const training = planTraining(input, order, scored);
  const learned = new Set(training.steps.flat().map((row) => row.id));
  return {
    ...training,
    objective: parts.objective.name,
    references: parts.objective.readsLogprobs && klReference === 'initial' ? parts.references : new Map(),
    conjectures: conjectures.filter((c) => learned.has(c.id)),
    scored,
  };
}

/** All that an update is made from, with the round's order of it. */
export function updateInput({ run, learn }: Config, round: number, parts: UpdateParts): PlanInput {
  const { conjecturerShare, batchRows, epochs } = learn;
  return {
    ...parts,
    sequences: new Map([...parts.sequences, ...parts.conjectures.map((c) => [c.id, c] as const)]),
    conjecturerShare,
    batchRows,
    epochs,
    random: randomFrom(seedFor(run.seed, 'learn', round)),
  };
}

/** What the configuration says of the objective, and the seed of its choices in that round. */
export function objectiveSettings(config: Config, round: number): Partial<ObjectiveSettings> {
  const { klCoef, objectiveSettings } = config.learn;
  return {
    ...objectiveSettings,
    ...(klCoef === undefined ? {} : { klCoef }),
    seed: seedFor(config.run.seed, 'objective', round),
  };
}
