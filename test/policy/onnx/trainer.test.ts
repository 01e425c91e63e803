import { expect, test } from 'vitest';
import { UpdateRefusedError } from '../../../src/policy/errors.ts';
import { RequestError } from '../../../src/policy/onnx/errors.ts';
import { packByLength } from '../../../src/policy/onnx/rows.ts';
import { bundleTrainer } from '../../../src/policy/onnx/trainer.ts';
import { weightsVersion } from '../../../src/policy/onnx/weights.ts';
import { engine, mixedRows, optimizer, row, strongWeights, tinyConfig, trainerModel } from './tiny.ts';

const config = tinyConfig();
const fresh = () => strongWeights(config, 1, 0.1);

const logprobSum = async (on: ReturnType<typeof engine>, promptTokens: number[], tokens: number[]) => {
  const [scores] = await on.score([{ promptTokens, tokens }]);
  return scores?.reduce((a, b) => a + b, 0) ?? Number.NaN;
};

test('a fixed batch is learnt by heart', async () => {
  const trainer = bundleTrainer(await trainerModel(config, fresh()), optimizer(), 200);
  const rows = [row([1, 2], [3, 4, 5, 6, 0], 0.1), row([2, 1], [9, 8, 7, 6, 0], 0.1)];
  const first = await trainer.step(rows);
  let last = first;
  for (let step = 0; step < 150; step++) last = await trainer.step(rows);
  expect(first.loss).toBeGreaterThan(2);
  expect(last.loss).toBeLessThan(0.05);
});

test('a positive weight raises the log-prob of its tokens, a negative one lowers it', async () => {
  for (const weight of [1, -1]) {
    const on = engine(config, fresh());
    const before = await logprobSum(on, [1, 2], [3, 4, 5]);
    const handle = await on.openTrainer(optimizer(), 1, false);
    await on.step(handle, [row([1, 2], [3, 4, 5], weight)]);
    const after = await logprobSum(on, [1, 2], [3, 4, 5]);
    expect(Math.sign(after - before)).toBe(weight);
  }
});

test('only the tokens with a weight move the model: a zero weight is no gradient', async () => {
  const model = await trainerModel(config, fresh());
  const before = weightsVersion(model.weights);
  const report = await bundleTrainer(model, optimizer(), 1).step([row([1, 2], [3, 4, 5], 0)]);
  expect(report.gradNorm).toBe(0);
  expect(weightsVersion(model.weights)).toBe(before);
});

test('the KL term pulls the policy back to its reference', async () => {
  const on = engine(config, fresh());
  const reference = await on.score([{ promptTokens: [1], tokens: [2, 3] }]);
  const handle = await on.openTrainer(optimizer({ learningRate: 3e-3 }), 100, false);
  const distance = async () => {
    const [now] = await on.score([{ promptTokens: [1], tokens: [2, 3] }]);
    return Math.abs((now?.[0] ?? 0) - (reference[0]?.[0] ?? 0));
  };
  for (let step = 0; step < 10; step++) await on.step(handle, [row([1], [2, 3], 1)]);
  const away = await distance();
  const anchor = row([1], [2, 3], 0, { klCoef: 1, refLogprobs: [...(reference[0] ?? [])] });
  for (let step = 0; step < 60; step++) await on.step(handle, [anchor]);
  expect(away).toBeGreaterThan(0.3);
  expect(await distance()).toBeLessThan(away / 5);
});

test('the same steps give the same weights, bit for bit', async () => {
  const run = async () => {
    const model = await trainerModel(config, fresh(), 64);
    const trainer = bundleTrainer(
      model,
      optimizer({ warmupSteps: 2, schedule: 'cosine', weightDecay: 0.1 }),
      5,
    );
    for (let step = 0; step < 5; step++) await trainer.step(mixedRows(config, 12, step));
    return weightsVersion(model.weights);
  };
  expect(await run()).toBe(await run());
});

test('a loss that is not finite is refused and no weight has moved', async () => {
  const model = await trainerModel(config, fresh());
  const before = weightsVersion(model.weights);
  const trainer = bundleTrainer(model, optimizer(), 10);
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const step = trainer.step([row([1], [2], 1), row([1], [2, 3], bad, { id: 'bad' })]);
    await expect(step).rejects.toThrow(UpdateRefusedError);
    await expect(step).rejects.toThrow(/update refused: loss .* over 2 rows \(row bad alone: loss/);
  }
  // e^(ref − lp) overflows float32.
  const distant = row([1], [2], 0, { klCoef: 1, refLogprobs: [200] });
  await expect(trainer.step([distant])).rejects.toThrow(
    /update refused: loss Infinity.*the weights are unchanged/,
  );
  expect(weightsVersion(model.weights)).toBe(before);
});

test('weights that would not be finite are refused before any of them moves', async () => {
  const weights = fresh();
  const model = await trainerModel(config, weights);
  // Finite, and unread by these rows: only the decay, of a rate beyond 1, brings it past float32.
  const table = weights.get('model.embed_tokens.weight')?.data ?? new Float32Array();
  table[23 * config.hiddenSize] = 3e38;
  const before = weightsVersion(weights);
  const trainer = bundleTrainer(model, optimizer({ learningRate: 3, weightDecay: 1 }), 10);
  const step = trainer.step([row([1], [2], 1)]);
  await expect(step).rejects.toThrow(UpdateRefusedError);
  await expect(step).rejects.toThrow(
    /would make weights of 1 tensors NaN or infinite \(first model\.embed_tokens\.weight\), .* over 1 rows; the weights are unchanged/,
  );
  expect(weightsVersion(weights)).toBe(before);
});

test('a step without rows changes nothing', async () => {
  const model = await trainerModel(config, fresh());
  const before = weightsVersion(model.weights);
  expect(await bundleTrainer(model, optimizer({ weightDecay: 1 }), 1).step([])).toEqual({
    loss: 0,
    gradNorm: 0,
    tokens: 0,
  });
  expect(weightsVersion(model.weights)).toBe(before);
});

test('a row that does not add up is refused by its id', async () => {
  const trainer = bundleTrainer(await trainerModel(config, fresh()), optimizer(), 1);
  const refusal = (bad: ReturnType<typeof row>) => trainer.step([row([1], [2], 1), { ...bad, id: 'bad' }]);
  await expect(refusal(row([1], new Array(40).fill(2), 1))).rejects.toThrow(
    "row bad: 1 prompt and 40 completion tokens exceed the model's context of 32",
  );
  await expect(refusal(row([], [1], 1))).rejects.toThrow('row bad: the prompt is empty');
  await expect(refusal(row([1], [], 1))).rejects.toThrow('row bad: the completion is empty');
  await expect(refusal(row([1], [24], 1))).rejects.toThrow(
    'row bad: token id 24 is outside the vocabulary of 24',
  );
  await expect(refusal(row([1], [2, 3], 1, { weights: [1] }))).rejects.toThrow(
    'expected one weight for each of 2 tokens, found 1',
  );
  await expect(refusal(row([1], [2], 1, { klCoef: 1 }))).rejects.toThrow(
    'needs a reference log-prob, found 0',
  );
  await expect(refusal(row([1], [], 1))).rejects.toThrow(RequestError);
});

test('packing keeps every row, within the budget, with like lengths together', () => {
  const lengths = [5, 1, 9, 9, 2, 30, 7, 7];
  const batches = packByLength(lengths, 20);
  expect(batches.flatMap(({ members }) => members).sort()).toEqual(lengths.map((_, i) => i));
  for (const { rows, length, members } of batches) {
    expect(rows).toBe(members.length);
    expect(Math.max(...members.map((member) => lengths[member] ?? 0))).toBe(length);
    expect(rows === 1 || rows * length <= 20).toBe(true);
  }
  expect(batches.map(({ length }) => length)).toEqual([30, 9, 7, 5]);
});
