import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readConfig, readTensors } from '../../../src/policy/onnx/checkpoint.ts';
import { TokenRewardModel } from '../../../src/policy/onnx/index.ts';
import { RewardEngine, rewardLoss } from '../../../src/policy/onnx/reward-engine.ts';
import { rewardTrainGraph } from '../../../src/policy/onnx/reward-graph.ts';
import { readSafetensors } from '../../../src/policy/onnx/safetensors.ts';
import { Session } from '../../../src/policy/onnx/session.ts';
import type { RewardExample } from '../../../src/policy/reward-model.ts';
import { checkpointDir, optimizer, temporaryDir } from './tiny.ts';
import { worst } from './worst.ts';

const reference = join(import.meta.dirname, 'reference', 'reward');
const OPTIONS = { threads: 2, spin: false, microBatchTokens: 64, optimizer: optimizer() };

interface Expected {
  readonly examples: readonly RewardExample[];
  readonly rewards: readonly (readonly number[])[];
  readonly loss: number;
}

/** As the script beside it wrote it. */
const expected: Expected = JSON.parse(await readFile(join(reference, 'expected.json'), 'utf8'));

const engineAt = async (dir: string, learningRate = 1e-2) => {
  const engine = await RewardEngine.open(dir, { ...OPTIONS, optimizer: optimizer({ learningRate }) });
  onTestFinished(() => engine.close());
  return engine;
};

test('token rewards equal those of transformers to 1e-5', async () => {
  const scores = await (await engineAt(reference)).score(expected.examples);
  expected.rewards.forEach((rewards, i) => {
    expect(scores[i]).toHaveLength(rewards.length);
    rewards.forEach((reward, t) => {
      expect(Math.abs(reward - (scores[i]?.[t] ?? Number.NaN))).toBeLessThan(1e-5);
    });
  });
});

test.each([1024, 16])(
  'every gradient of the sequence-mean loss equals PyTorch’s, in micro-batches of %i',
  async (microBatchTokens) => {
    const config = await readConfig(reference);
    const session = await Session.open(rewardTrainGraph(config), OPTIONS);
    onTestFinished(() => session.release());
    const weights = await readTensors(reference);
    const { loss, gradients } = await rewardLoss(
      { config, weights, session, microBatchTokens },
      expected.examples,
    );
    expect(Math.abs(loss - expected.loss)).toBeLessThan(1e-5);
    const tensors = await readSafetensors(join(reference, 'gradients.safetensors'));
    expect([...gradients.keys()].sort()).toEqual([...tensors.keys()].sort());
    expect(worst((name) => gradients.get(name), tensors)).toBeLessThan(1e-5);
  },
);

test("a fresh head on a policy's trunk says 0 everywhere; trained, it tells proofs from failures", async () => {
  const on = await engineAt(await checkpointDir(), 3e-3);
  const examples: RewardExample[] = [
    { id: 'a', promptTokens: [2, 3], tokens: [10, 11, 12], reward: 1 },
    { id: 'b', promptTokens: [2, 3], tokens: [10, 20, 21, 22], reward: 0 },
  ];
  for (const scores of await on.score(examples)) expect(scores.every((w) => w === 0)).toBe(true);
  const first = await on.step(examples);
  expect(first.loss).toBeCloseTo(Math.log(2), 6);
  let last = first;
  for (let step = 0; step < 100; step++) last = await on.step(examples);
  expect(last.loss).toBeLessThan(0.1);
  const [proof, failure] = await on.score(examples);
  expect(proof?.at(-1)).toBeGreaterThan(1);
  expect(failure?.at(-1)).toBeLessThan(-1);
});

test('saved in the middle and opened again, it goes on bit for bit; bad examples are named', async () => {
  const example: RewardExample = { id: 'a', promptTokens: [2], tokens: [3, 4], reward: 1 };
  const failure: RewardExample = { id: 'b', promptTokens: [2], tokens: [5], reward: 0 };
  const open = async (from: string) => {
    const model = await TokenRewardModel.open(from, { optimizer: optimizer({ warmupSteps: 3 }) });
    onTestFinished(() => model.close());
    return model;
  };
  const root = await temporaryDir();
  const model = await open(await checkpointDir());
  await model.step([example]);
  await model.step([]);
  await expect(model.step([{ ...example, tokens: [] }])).rejects.toThrow(
    'example a: the completion is empty',
  );
  await expect(model.step([{ ...example, tokens: [9999] }])).rejects.toThrow('example a: token id 9999');
  await model.save(join(root, 'middle'));
  const again = await open(join(root, 'middle'));
  expect([model.steps, again.steps]).toEqual([1, 1]);
  for (const one of [model, again]) await one.step([example, failure]);
  expect(await again.score([example])).toEqual(await model.score([example]));
  expect(await again.save(join(root, 'again'))).toBe(await model.save(join(root, 'end')));
  expect(JSON.parse(await readFile(join(root, 'end', 'config.json'), 'utf8'))).toMatchObject({
    architectures: ['LlamaForSequenceClassification'],
    id2label: { 0: 'reward' },
  });
});
