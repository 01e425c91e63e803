import { writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { llamaConfigJson } from '../../../src/policy/onnx/config.ts';
import type { Engine } from '../../../src/policy/onnx/engine.ts';
import { ModelWeights } from '../../../src/policy/onnx/model-weights.ts';
import { readSafetensors, writeSafetensors } from '../../../src/policy/onnx/safetensors.ts';
import {
  checkpointDir,
  engineOf,
  mixedRows,
  optimizer,
  policyAt,
  row,
  strongWeights,
  temporaryDir,
  tinyConfig,
} from './tiny.ts';

const config = tinyConfig();
const settings = optimizer({ learningRate: 1e-3, warmupSteps: 2, schedule: 'cosine', weightDecay: 0.1 });
const fresh = () => engineOf(new ModelWeights(config, strongWeights(config, 1, 0.1)));

async function takeSteps(on: Engine, handle: number, from: number, to: number): Promise<void> {
  for (let step = from; step < to; step++) await on.step(handle, mixedRows(config, 5, step));
}

async function save(on: Engine, handle: number, position: number): Promise<string> {
  const dir = await temporaryDir();
  writeFileSync(join(dir, 'config.json'), JSON.stringify(llamaConfigJson(config)));
  await on.writeWeights(join(dir, 'model.safetensors'), 'F32');
  await on.writeTrainer(handle, dir, position);
  return dir;
}

test('k steps, saved, opened again, and m more are k + m steps, bit for bit', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 4 }), async (k, m) => {
      const whole = fresh();
      await takeSteps(whole, await whole.openTrainer(settings, 9, false), 0, k + m);
      const first = fresh();
      const handle = await first.openTrainer(settings, 9, false);
      await takeSteps(first, handle, 0, k);
      const dir = await save(first, handle, k);
      const second = engineOf(await ModelWeights.open(dir));
      const resumed = await second.resumeTrainer(dir);
      expect(resumed.position).toBe(k);
      await takeSteps(second, resumed.handle, resumed.position, k + m);
      expect(second.version).toBe(whole.version);
    }),
    { numRuns: 6 },
  );
});

test('without the moments it would not be the same: the test above can fail', async () => {
  const whole = fresh();
  await takeSteps(whole, await whole.openTrainer(settings, 9, false), 0, 4);
  const forgetful = fresh();
  await takeSteps(forgetful, await forgetful.openTrainer(settings, 9, false), 0, 2);
  await takeSteps(forgetful, await forgetful.openTrainer(settings, 9, false), 2, 4);
  expect(forgetful.version).not.toBe(whole.version);
});

test('a policy resumes training from the directory its trainer saved, with adapters too', async () => {
  for (const options of [{}, { lora: { rank: 2, alpha: 4, targets: ['q_proj'], seed: 3 } } as const]) {
    const policy = await policyAt(await checkpointDir(), options);
    const trainer = await policy.trainer(settings, 4);
    await trainer.step([row([2], [3, 4], 1)]);
    const dir = join(await temporaryDir(), 'night');
    await trainer.save(dir, 17);
    await trainer.step([row([2], [5, 6], 1)]);
    const version = await trainer.close();
    const again = await policyAt(dir);
    const resumed = await again.resumeTrainer(dir);
    expect(resumed.position).toBe(17);
    await resumed.trainer.step([row([2], [5, 6], 1)]);
    expect(await resumed.trainer.close()).toBe(version);
  }
});

test("an optimiser's state that does not belong to the weights, or is damaged, is refused", async () => {
  const on = fresh();
  const handle = await on.openTrainer(settings, 9, false);
  await takeSteps(on, handle, 0, 1);
  const dir = await save(on, handle, 1);
  await expect(fresh().resumeTrainer(dir)).rejects.toThrow(
    /the optimiser's state belongs to weights [0-9a-f]{12}, the policy has [0-9a-f]{12}/,
  );
  const moments = join(dir, 'optimizer.safetensors');
  const whole = await readSafetensors(moments);
  const spoilt = new Map([...whole].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]));
  spoilt.get('second/model.norm.weight')?.data.fill(Number.NaN, 0, 1);
  await writeSafetensors(moments, spoilt);
  await expect(on.resumeTrainer(dir)).rejects.toThrow(
    'optimizer.safetensors: tensor second/model.norm.weight holds NaN or infinite values; go back to an earlier checkpoint',
  );
  await writeSafetensors(moments, whole);
  const path = join(dir, 'trainer.json');
  const manifest = await readFile(path, 'utf8');
  await writeFile(path, manifest.replace('"position": 1', '"position": "x"'));
  await expect(on.resumeTrainer(dir)).rejects.toThrow("trainer.json: not a trainer's state");
  await expect(on.resumeTrainer(await temporaryDir())).rejects.toThrow('trainer.json: cannot read it');
});
