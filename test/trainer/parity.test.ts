/**
 * The two learners on one bundle. The embedded engine is held to numbers that the PyTorch trainer made, committed in
 * `reference/`; where there is a Python with torch the trainer makes them again, and must come to the same.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { readConfig, readWeights } from '../../src/policy/onnx/checkpoint.ts';
import { readSafetensors } from '../../src/policy/onnx/safetensors.ts';
import { bundleTrainer, lossAndGradients } from '../../src/policy/onnx/trainer.ts';
import { rowLoss } from '../../src/policy/row-loss.ts';
import { engine, temporaryDir, trainerModel } from '../policy/onnx/tiny.ts';
import { worst } from '../policy/onnx/worst.ts';
import { BUNDLE, CHECKPOINT, REFERENCE } from './case.ts';
import { MISSING, PYTHON } from './python.ts';
import { trainReference } from './trained.ts';

const expectedSchema = z.object({ bundle: z.string(), loss: z.number() });
const expected = async (dir: string) =>
  expectedSchema.parse(JSON.parse(await readFile(join(dir, 'expected.json'), 'utf8')));

async function embedded() {
  const config = await readConfig(CHECKPOINT);
  const weights = await readWeights(CHECKPOINT, config);
  return { config, weights, model: await trainerModel(config, weights) };
}

test('the committed numbers are of this bundle', async () => {
  expect((await expected(REFERENCE)).bundle).toBe(BUNDLE.hash);
});

test('the bundle reaches every branch: ratios inside their bounds and beyond them, on both signs', async () => {
  const { config, weights } = await embedded();
  const rows = BUNDLE.steps[0] ?? [];
  const scores = await engine(config, weights).score(rows);
  const slopes = rows.flatMap((row, i) => {
    const { slopes } = rowLoss({ ...row, klCoef: 0 }, [...(scores[i] ?? [])]);
    const kind = row.ratio === undefined || row.ratio === 'none' ? 'none' : row.ratio.kind;
    return slopes.map(
      (slope, t) => `${kind} ${Math.sign(row.weights[t] ?? 0)} ${slope === 0 ? 'cut' : 'learnt'}`,
    );
  });
  expect([...new Set(slopes)].sort()).toEqual([
    'none -1 learnt',
    'none 1 learnt',
    'ppo-clip -1 cut',
    'ppo-clip -1 learnt',
    'ppo-clip 1 cut',
    'ppo-clip 1 learnt',
    'topr -1 learnt',
    'topr 1 learnt',
  ]);
});

test("the embedded engine has the trainer's loss and gradients, to 1e-5", async () => {
  const { model } = await embedded();
  const { loss, gradients } = await lossAndGradients(model, BUNDLE.steps[0] ?? []);
  expect(Math.abs(loss / (await expected(REFERENCE)).loss - 1)).toBeLessThan(1e-5);
  const reference = await readSafetensors(join(REFERENCE, 'gradients.safetensors'));
  expect([...gradients.keys()].sort()).toEqual([...reference.keys()].sort());
  expect(worst((name) => gradients.get(name), reference)).toBeLessThan(1e-5);
});

test("the embedded engine comes to the trainer's weights after both steps, to 1e-4", async () => {
  const { model, weights } = await embedded();
  const trainer = bundleTrainer(model, BUNDLE.optimizer, BUNDLE.steps.length);
  for (const rows of BUNDLE.steps) await trainer.step(rows);
  const reference = await readSafetensors(join(REFERENCE, 'after.safetensors'));
  expect(worst((name) => weights.get(name)?.data, reference)).toBeLessThan(1e-4);
});

test.skipIf(MISSING !== null)('the trainer makes the committed numbers again', async () => {
  const [out, scratch] = [await temporaryDir(), await temporaryDir()];
  await trainReference(PYTHON, out, scratch);
  expect(Math.abs((await expected(out)).loss / (await expected(REFERENCE)).loss - 1)).toBeLessThan(1e-5);
  for (const file of ['gradients.safetensors', 'after.safetensors']) {
    const made = await readSafetensors(join(out, file));
    const committed = await readSafetensors(join(REFERENCE, file));
    expect([file, worst((name) => made.get(name)?.data, committed) < 1e-5]).toEqual([file, true]);
  }
});
