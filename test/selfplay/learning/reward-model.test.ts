/** Rounds of a real policy with a real token-level reward model, both too small to mean anything; the judge is fake. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/index.ts';
import { openLedger } from '../../../src/ledger/index.ts';
import { openPolicy, openRewardModel } from '../../../src/policy/open.ts';
import type { Policy } from '../../../src/policy/policy.ts';
import { rewardModelFact } from '../../../src/selfplay/learning/reward-model.ts';
import { playRound } from '../../../src/selfplay/round.ts';
import type { Run } from '../../../src/selfplay/run.ts';
import { currentPolicy } from '../../../src/selfplay/versions.ts';
import { CHECKPOINT_CONFIG, checkpointDir, optimizer, temporaryDir } from '../../policy/onnx/tiny.ts';
import { OVERRIDES, openFakeRun } from '../fake-run.ts';

const { config } = loadConfig({
  overrides: [
    ...OVERRIDES,
    ...['propose.maxTokens=8', 'prove.maxTokens=8', 'evaluate.maxTokens=8', 'learn.batchRows=4'],
    'learn.objectiveSettings.tokenWeights=prefix-mean',
    'learn.rewardModel.actorFrozenSteps=2',
    'learn.rewardModel.learningRate=0.01',
  ],
});

/** Plays what is left of two rounds; `learn` stands in for the policy's own where given. */
async function play(dir: string, initial: string, learn?: Policy['learn']): Promise<void> {
  const at = (path: string | undefined) =>
    `onnx:${path === undefined || path === 'fake:' ? initial : join(dir, path)}`;
  const policy = await openPolicy(at(latestPath(dir)), { threads: 1 });
  const fake = openFakeRun(dir, config, undefined, undefined, policy);
  const run: Run = {
    ...fake,
    // A proxy would lose the private fields that the policy's methods read.
    policy: learn === undefined ? policy : Object.assign(policy, { learn }),
    openPolicy: (path) => openPolicy(at(path), { threads: 1 }),
    openRewardModel: (path) =>
      openRewardModel(at(path), { threads: 1, optimizer: optimizer({ learningRate: 0.01 }) }),
  };
  try {
    for (const round of [1, 2]) await playRound(run, round);
  } finally {
    run.ledger.close();
    await policy.close();
  }
}

function latestPath(dir: string): string | undefined {
  const path = join(dir, 'ledger.sqlite');
  if (!existsSync(path)) return undefined;
  const ledger = openLedger(path, { readonly: true });
  try {
    return currentPolicy(ledger)?.path;
  } finally {
    ledger.close();
  }
}

/** What a run left that a next round depends on, and what it learned from. */
function left(dir: string) {
  const ledger = openLedger(join(dir, 'ledger.sqlite'), { readonly: true });
  try {
    const models = [1, 2].map((round) => ledger.facts.get(rewardModelFact(round)));
    const bundles = ledger.bundles.list();
    const files = readdirSync(join(dir, 'reward-models', '2')).toSorted();
    return {
      policies: ledger.rounds.list().map((round) => round.policyOut),
      models,
      bundles: bundles.map(({ hash }) => hash),
      scores: bundles.flatMap(({ hash }) => ledger.bundles.tokenScores(hash)),
      model: files.map((name) => [name, readFileSync(join(dir, 'reward-models', '2', name)).toString('hex')]),
    };
  } finally {
    ledger.close();
  }
}

test('the policy waits, then learns by ω; killed between the two models’ updates, a run ends in the same bits', async () => {
  const initial = await checkpointDir(1, { ...CHECKPOINT_CONFIG, contextLength: 256 });
  const whole = await temporaryDir();
  await play(whole, initial);
  const { models, scores, bundles } = left(whole);
  expect(models).toMatchObject([{ frozen: 2 }, { frozen: 0 }]);
  expect(bundles).toHaveLength(2);
  expect(
    scores.some((s) => s.scores.some((w) => w > 0)) && scores.some((s) => s.scores.some((w) => w < 0)),
  ).toBe(true);

  const cut = await temporaryDir();
  const killed = async () => {
    throw new Error('killed');
  };
  await expect(play(cut, initial, killed)).rejects.toThrow('killed');
  expect(readdirSync(join(cut, 'reward-models'))).toEqual(['1']);
  await play(cut, initial);
  expect(left(cut)).toEqual(left(whole));
}, 120_000);

test('a policy that is no checkpoint has no reward model, and the key says so', async () => {
  await expect(openRewardModel('portfolio:single', { threads: 1, optimizer: optimizer() })).rejects.toThrow(
    'learn.objectiveSettings.tokenWeights: expected "none" under policy portfolio:single',
  );
});
