/**
 * Learn: judged attempts become signed weights under the configured objective, kept conjectures join them, the policy
 * is updated once, and weights, bundle and new policy version go into the ledger together.
 */
import { join, relative } from 'node:path';
import type { Config } from '../config/index.ts';
import type { TokenScoreRecord, WeightRecord } from '../ledger/index.ts';
import { type ObjectiveSettings, objectiveNamed } from '../objectives/index.ts';
import { randomFrom, seedFor } from '../ops/seeds.ts';
import { type Bundle, freezeBundle } from '../policy/bundle.ts';
import { writeBundle } from '../policy/bundle-file.ts';
import type { Policy } from '../policy/policy.ts';
import { type ConjectureExample, conjectureExamples } from './conjecturing.ts';
import { trainingGroups } from './groups.ts';
import { referenceLogprobs, withLogprobs } from './references.ts';
import { isRefresh, retrain, verifiedGroups } from './refresh.ts';
import { rewardModelFact, type ScoredSteps, scoreAndTrain } from './reward-model.ts';
import type { Run } from './run.ts';
import { addToMetrics } from './sampling.ts';
import { withRelabelledPrompts } from './selection/relabel.ts';
import { orderSteps, type PlanInput, planTraining, type TrainingPlan } from './training.ts';
import { firstPolicy } from './versions.ts';

export async function learn(run: Run, round: number): Promise<() => void> {
  const parent = run.policy.version;
  const stay = () => run.ledger.rounds.setPolicyOut(round, parent);
  if (run.config.learn.frozen) return stay;
  const refresh = isRefresh(run, round);
  const plan = await (refresh ? planRefresh(run, round) : planRound(run, round));
  const { stats, steps, scored } = plan;
  run.ledger.metrics.set(round, {
    'learn.groups': stats.groups,
    'learn.groupsUsed': stats.used,
    'learn.positives': stats.positives,
    'learn.negatives': stats.negatives,
    'learn.masked': stats.masked,
  });
  const keepRewardModel = () => {
    if (scored) run.ledger.facts.set(rewardModelFact(round), scored.saved);
  };
  if (steps.length === 0) {
    run.say(
      scored?.frozen
        ? `the policy waits: the token-level reward model has taken ${scored.saved.steps} of its first ${run.config.learn.rewardModel.actorFrozenSteps} steps`
        : 'nothing to learn from: no group with both outcomes, no conjecture kept; the policy stays as it is',
    );
    return () => {
      keepRewardModel();
      stay();
    };
  }
  const bundle = freezeBundle({ objective: plan.objective, optimizer: optimizer(run), steps });
  const path = writeBundle(join(run.dir, 'bundles'), bundle);
  const { version, saved } = await (refresh
    ? refreshed(run, round, bundle)
    : update(run, run.policy, round, bundle));
  return () => {
    run.ledger.bundles.insert(
      {
        hash: bundle.hash,
        round,
        rows: rowsOf(bundle).length,
        tokens: tokensOf(bundle),
        path: relative(run.dir, path),
      },
      weightRecords(plan, bundle.hash),
      tokenScoreRecords(bundle, scored?.steps.slice(scored.frozen)),
    );
    keepRewardModel();
    run.ledger.facts.set(settingsFact(round), { objective: plan.objective, ...plan.settings });
    run.ledger.policies.insert({
      version,
      parent: refresh ? (firstPolicy(run.ledger)?.version ?? parent) : parent,
      bundleHash: bundle.hash,
      path: relative(run.dir, saved),
      createdAt: run.now(),
    });
    run.ledger.rounds.setPolicyOut(round, version);
  };
}

/** Name of the ledger's fact that holds the objective's settings in force in a round. */
export const settingsFact = (round: number) => `objective.${round}`;

interface RoundPlan extends TrainingPlan {
  readonly objective: string;
  readonly conjectures: readonly ConjectureExample[];
  /** Where a token-level reward model has a part in it. */
  readonly scored: ScoredSteps | undefined;
}

async function planRound(run: Run, round: number): Promise<RoundPlan> {
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
async function planRefresh(run: Run, round: number): Promise<RoundPlan> {
  run.say('refresh: the first policy learns from everything verified so far', { round });
  const { groups, sequences } = verifiedGroups(run.ledger, round, run.config.select.window.high);
  const conjectures = conjectureExamples(run.ledger, round, round);
  return plan(run, round, {
    groups,
    objective: retrain,
    settings: {},
    sequences,
    references: new Map(),
    conjectures,
  });
}

interface Parts extends Pick<PlanInput, 'groups' | 'objective' | 'settings' | 'sequences' | 'references'> {
  readonly conjectures: readonly ConjectureExample[];
}

async function plan(run: Run, round: number, parts: Parts): Promise<RoundPlan> {
  const { config } = run;
  const { conjecturerShare, batchRows, epochs } = config.learn;
  const conjectures = conjecturerShare > 0 ? await withRelabelledPrompts(run, parts.conjectures) : [];
  const input = {
    ...parts,
    sequences: new Map([...parts.sequences, ...conjectures.map((c) => [c.id, c] as const)]),
    conjectures,
    conjecturerShare,
    batchRows,
    epochs,
    random: randomFrom(seedFor(config.run.seed, 'learn', round)),
  };
  const order = orderSteps(input);
  const { tokenWeights } = { ...parts.objective.defaults, ...parts.settings };
  const scored =
    tokenWeights === 'none' || order.length === 0
      ? undefined
      : await scoreAndTrain(run, round, order, parts.sequences);
  const training = planTraining(input, order, scored);
  const learned = new Set(training.steps.flat().map((row) => row.id));
  return {
    ...training,
    objective: parts.objective.name,
    conjectures: conjectures.filter((c) => learned.has(c.id)),
    scored,
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

/** The first policy learns the bundle and takes the current one's place. */
async function refreshed(run: Run, round: number, bundle: Bundle) {
  const first = await run.openPolicy(firstPolicy(run.ledger)?.path ?? run.config.policy.uri);
  try {
    return await update(run, first, round, bundle);
  } finally {
    await first.close();
  }
}

async function update(run: Run, policy: Policy, round: number, bundle: Bundle) {
  const progress = run.startProgress({ label: 'learn', unit: 'steps', total: bundle.steps.length });
  const losses: Record<string, number> = {};
  try {
    const learned = await policy.learn(bundle, ({ step, loss, gradNorm }) => {
      losses[`learn.loss.${step}`] = loss;
      progress.advance(1, `loss ${loss.toFixed(4)}, gradient norm ${gradNorm.toFixed(2)}`);
    });
    addToMetrics(run, round, { 'learn.tokens': learned.tokens, 'learn.seconds': learned.seconds });
    run.ledger.metrics.set(round, {
      ...losses,
      'learn.steps': learned.steps,
      'learn.firstLoss': learned.firstLoss,
      'learn.lastLoss': learned.lastLoss,
      'learn.maxGradNorm': learned.maxGradNorm,
    });
    const saved = join(run.dir, 'policies', learned.version);
    await policy.save(saved);
    if (policy !== run.policy) await run.replacePolicy(relative(run.dir, saved));
    return { version: learned.version, saved };
  } finally {
    progress.end();
  }
}

function weightRecords({ objective, weighted, conjectures }: RoundPlan, bundleHash: string): WeightRecord[] {
  const shared = { bundleHash, objective };
  return [
    ...weighted.map(
      ({ attemptId, reward, c, k, weight }): WeightRecord => ({
        ...shared,
        role: 'prover',
        sampleId: attemptId,
        reward,
        c,
        k,
        weight,
      }),
    ),
    ...conjectures.map(
      ({ id, weight, selection }): WeightRecord => ({
        ...shared,
        role: 'conjecturer',
        sampleId: id,
        reward: null,
        c: selection.proved,
        k: selection.judged,
        weight,
      }),
    ),
  ];
}

function tokenScoreRecords(
  { hash, steps }: Bundle,
  scores: readonly ReadonlyMap<string, readonly number[]>[] = [],
): TokenScoreRecord[] {
  return steps.flatMap((_, step) =>
    [...(scores[step] ?? [])].map(([sampleId, scores]) => ({ bundleHash: hash, step, sampleId, scores })),
  );
}

function optimizer(run: Run): Bundle['optimizer'] {
  const { learningRate, warmupSteps, schedule, betas, epsilon, weightDecay, clipNorm } = run.config.learn;
  return { learningRate, warmupSteps, schedule, betas, epsilon, weightDecay, clipNorm };
}

const rowsOf = (bundle: Bundle) => bundle.steps.flat();
const tokensOf = (bundle: Bundle) => rowsOf(bundle).reduce((total, row) => total + row.tokens.length, 0);
