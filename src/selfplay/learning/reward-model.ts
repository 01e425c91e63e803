/**
 * The token-level reward model in a round: it says w_t of every token that an optimiser step learns from, then learns
 * from the same attempts. So the weights of a step come from the model that the steps before it made, as in the
 * released train_oreal.py (Lyu et al. 2025, arXiv 2502.06781, §2.4 and appendix).
 *
 * While it has taken fewer steps in this run than `learn.rewardModel.actorFrozenSteps`, the policy waits: a head of
 * zeros gives every token the weight 0. The state that a round ends with is saved before the round commits its path,
 * so a round that was cut off begins again from the same state.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { z } from 'zod';
import type { Ledger } from '../../ledger/index.ts';
import type { RewardExample, RewardModel } from '../../policy/reward-model.ts';
import type { Run } from '../run.ts';
import { addToMetrics } from '../sampling.ts';
import { firstPolicy } from '../versions.ts';
import type { SampledSequence, StepOrder, TokenScores } from './training.ts';

/** What a round's ledger says of the model it ended with. */
const saved = z.strictObject({
  /** Relative to the run directory. */
  path: z.string(),
  /** Content hash of its weights. */
  version: z.string(),
  /** Optimiser steps it has taken in this run. */
  steps: z.int(),
  /** The round's first steps that the policy did not take. */
  frozen: z.int(),
});
export type SavedRewardModel = z.infer<typeof saved>;

/** What the model said in a round, and what became of it. */
export interface ScoredSteps extends TokenScores {
  readonly saved: SavedRewardModel;
}

/** Name of the ledger's fact that holds a round's SavedRewardModel. */
export const rewardModelFact = (round: number) => `rewardModel.${round}`;

/** The round's first optimiser steps that the policy did not take. */
export function frozenSteps(ledger: Ledger, round: number): number {
  const fact = ledger.facts.get(rewardModelFact(round));
  return fact === undefined ? 0 : saved.parse(fact).frozen;
}

/** Scores every step's attempts and trains on them, in order. */
export async function scoreAndTrain(
  run: Run,
  round: number,
  order: readonly StepOrder[],
  sequences: ReadonlyMap<string, SampledSequence>,
): Promise<ScoredSteps> {
  const before = latest(run.ledger)?.path ?? firstPolicy(run.ledger)?.path ?? run.config.policy.uri;
  const model = await run.openRewardModel(before);
  try {
    const { steps, frozen } = await playSteps(run, round, model, order, sequences);
    const dir = join(run.dir, 'reward-models', String(round));
    const version = await model.save(dir);
    removeOthers(run, [before, relative(run.dir, dir)]);
    return { steps, frozen, saved: { path: relative(run.dir, dir), version, steps: model.steps, frozen } };
  } finally {
    await model.close();
  }
}

async function playSteps(
  run: Run,
  round: number,
  model: RewardModel,
  order: readonly StepOrder[],
  sequences: ReadonlyMap<string, SampledSequence>,
): Promise<TokenScores> {
  const progress = run.startProgress({ label: 'reward model', unit: 'steps', total: order.length });
  const begun = run.now();
  const steps: ReadonlyMap<string, readonly number[]>[] = [];
  const losses: Record<string, number> = {};
  let frozen = 0;
  try {
    for (const { weighted } of order) {
      run.signal.throwIfAborted();
      if (model.steps < run.config.learn.rewardModel.actorFrozenSteps) frozen += 1;
      const examples = weighted.flatMap(({ attemptId, reward }): RewardExample[] => {
        const sequence = sequences.get(attemptId);
        return sequence === undefined ? [] : [{ ...sequence, reward }];
      });
      const scores = await model.score(examples);
      steps.push(new Map(examples.map(({ id }, i) => [id, [...(scores[i] ?? [])]])));
      const { loss } = await model.step(examples);
      if (examples.length > 0) losses[`rewardModel.loss.${steps.length}`] = loss;
      progress.advance(1, `loss ${loss.toFixed(4)}`);
    }
  } finally {
    progress.end();
  }
  addToMetrics(run, round, { 'rewardModel.seconds': (run.now() - begun) / 1000 });
  run.ledger.metrics.set(round, {
    ...losses,
    'rewardModel.steps': model.steps,
    'rewardModel.frozen': frozen,
  });
  return { steps, frozen };
}

/** The model that the last committed round left; undefined before the first. */
function latest(ledger: Ledger): SavedRewardModel | undefined {
  const facts = ledger.rounds.list().map(({ number }) => ledger.facts.get(rewardModelFact(number)));
  const last = facts.findLast((fact) => fact !== undefined);
  return last === undefined ? undefined : saved.parse(last);
}

/** A model is three times its policy's size: only the one to go on from and the new one are kept. */
function removeOthers(run: Run, kept: readonly string[]): void {
  for (const name of readdirSync(join(run.dir, 'reward-models')))
    if (!kept.includes(join('reward-models', name)))
      rmSync(join(run.dir, 'reward-models', name), { recursive: true, force: true });
}
