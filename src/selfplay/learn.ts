/**
 * Learn: judged attempts become signed weights under the configured objective, kept conjectures join them, the policy
 * is updated once, and weights, bundle and new policy version go into the ledger together.
 *
 * An update that is refused, for a number that is none, is no update: the ledger says why, and the run goes on with the
 * policy it has. To end the run would not help, for a resumed one would make the same update.
 */
import { join, relative } from 'node:path';
import { type Bundle, freezeBundle } from '../policy/bundle.ts';
import { writeBundle } from '../policy/bundle-file.ts';
import { UpdateRefusedError } from '../policy/errors.ts';
import type { Policy } from '../policy/policy.ts';
import { referenceRecords, tokenScoreRecords, weightRecords } from './learning/learned-records.ts';
import { planRefresh, planRound, type RoundPlan } from './learning/planning.ts';
import { isRefresh } from './learning/refresh.ts';
import { rewardModelFact } from './learning/reward-model.ts';
import { note } from './notes.ts';
import type { Run } from './run.ts';
import { addToMetrics } from './sampling.ts';
import { firstPolicy } from './versions.ts';
import { measureGap } from './watch.ts';

export async function learn(run: Run, round: number): Promise<() => void> {
  const parent = run.policy.version;
  const stay = () => run.ledger.rounds.setPolicyOut(round, parent);
  if (run.config.learn.frozen) return stay;
  await measureGap(run, round);
  const refresh = isRefresh(run, round);
  const plan = await (refresh ? planRefresh(run, round) : planRound(run, round)).catch(refusal);
  if (plan instanceof UpdateRefusedError) return refused(run, round, plan, stay);
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
  const stayAndKeep = () => {
    keepRewardModel();
    stay();
  };
  if (steps.length === 0) {
    note(
      run,
      round,
      'learn',
      scored?.frozen
        ? `the policy waits: the token-level reward model has taken ${scored.saved.steps} of its first ${run.config.learn.rewardModel.actorFrozenSteps} steps`
        : 'nothing to learn from: no attempt that the objective weighs, no conjecture kept; the policy stays as it is',
    );
    return stayAndKeep;
  }
  const learned = await updated(run, round, plan, refresh).catch(refusal);
  if (learned instanceof UpdateRefusedError) return refused(run, round, learned, stayAndKeep);
  const { bundle, path, version, saved } = learned;
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
      referenceRecords(plan, bundle.hash),
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

/** Name of the ledger's fact that says why a round's update was refused. */
export const refusedFact = (round: number) => `refused.${round}`;

/** What was caught, if it is a refusal; anything else ends the run. */
function refusal(error: unknown): UpdateRefusedError {
  if (error instanceof UpdateRefusedError) return error;
  throw error;
}

function refused(run: Run, round: number, { message }: UpdateRefusedError, stay: () => void): () => void {
  run.say(`the policy stays as it is: ${message}`, { round });
  return () => {
    run.ledger.facts.set(refusedFact(round), message);
    run.ledger.metrics.set(round, { 'learn.refused': 1 });
    stay();
  };
}

/** In a refresh the first policy learns the plan and takes the current one's place. */
async function updated(run: Run, round: number, plan: RoundPlan, refresh: boolean) {
  if (!refresh) return update(run, run.policy, round, plan);
  const first = await run.openPolicy(firstPolicy(run.ledger)?.path ?? run.config.policy.uri);
  try {
    return await update(run, first, round, plan);
  } finally {
    await first.close();
  }
}

async function update(run: Run, policy: Policy, round: number, { objective, steps }: RoundPlan) {
  const bundle = freezeBundle({ objective, policy: policy.version, optimizer: optimizer(run), steps });
  const path = writeBundle(join(run.dir, 'bundles'), bundle);
  const progress = run.startProgress({ label: 'learn', unit: 'steps', total: steps.length });
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
    return { bundle, path, version: learned.version, saved };
  } finally {
    progress.end();
  }
}

function optimizer(run: Run): Bundle['optimizer'] {
  const { learningRate, warmupSteps, schedule, betas, epsilon, weightDecay, clipNorm } = run.config.learn;
  return { learningRate, warmupSteps, schedule, betas, epsilon, weightDecay, clipNorm };
}

const rowsOf = (bundle: Bundle) => bundle.steps.flat();
const tokensOf = (bundle: Bundle) => rowsOf(bundle).reduce((total, row) => total + row.tokens.length, 0);
