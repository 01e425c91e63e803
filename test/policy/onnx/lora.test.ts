/** Adapters: parity with peft on committed values, and that nothing but them learns. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { trainGraph } from '../../../src/policy/onnx/full-graphs.ts';
import type { LoraSettings } from '../../../src/policy/onnx/lora.ts';
import { ModelWeights } from '../../../src/policy/onnx/model-weights.ts';
import { readSafetensors } from '../../../src/policy/onnx/safetensors.ts';
import { Session } from '../../../src/policy/onnx/session.ts';
import { bundleTrainer, lossAndGradients, type TrainerModel } from '../../../src/policy/onnx/trainer.ts';
import { checkpointDir, engineOf, optimizer, policyAt, row, rowsOf, temporaryDir } from './tiny.ts';
import { worst } from './worst.ts';

const reference = join(import.meta.dirname, 'reference');
const expectedSchema = z.object({ loss: z.number(), logprobs: z.array(z.array(z.number())) });
const lora: LoraSettings = { rank: 3, alpha: 6, targets: ['q_proj', 'v_proj', 'gate_proj'], seed: 1 };

async function openReference() {
  const model = await ModelWeights.open(join(reference, 'lora'));
  const json = JSON.parse(await readFile(join(reference, 'lora', 'expected.json'), 'utf8'));
  return { model, rows: await rowsOf('grouped-untied'), expected: expectedSchema.parse(json) };
}

async function trainerModelOf(model: ModelWeights): Promise<TrainerModel> {
  const { config, learnt: weights, frozen } = model;
  const session = await Session.open(trainGraph(config, model.adapted?.lora), { threads: 2, spin: false });
  onTestFinished(() => session.release());
  return { config, weights, frozen, session, microBatchTokens: 256 };
}

test("an adapter that peft wrote gives peft's log-probs, merged", async () => {
  const { model, rows, expected } = await openReference();
  const scores = await engineOf(model).score(rows);
  expected.logprobs.forEach((logprobs, i) => {
    logprobs.forEach((logprob, t) => {
      expect(Math.abs(logprob - (scores[i]?.[t] ?? Number.NaN))).toBeLessThan(1e-5);
    });
  });
});

test("every adapter's gradient equals peft's to 1e-5 of its largest entry, and only adapters have one", async () => {
  const { model, rows, expected } = await openReference();
  const { loss, gradients } = await lossAndGradients(await trainerModelOf(model), rows);
  expect(Math.abs(loss - expected.loss) / Math.abs(expected.loss)).toBeLessThan(1e-5);
  const tensors = await readSafetensors(join(reference, 'lora', 'gradients.safetensors'));
  expect([...gradients.keys()].sort()).toEqual([...tensors.keys()].sort());
  expect(worst((name) => gradients.get(name), tensors)).toBeLessThan(1e-5);
});

test('ten AdamW steps lead to the adapters of peft, to 1e-4', async () => {
  const { model, rows } = await openReference();
  const settings = optimizer({ learningRate: 3e-3, weightDecay: 0.1 });
  const trainer = bundleTrainer(await trainerModelOf(model), settings, 10);
  for (let step = 0; step < 10; step++) await trainer.step(rows);
  const tensors = await readSafetensors(join(reference, 'lora', 'after-ten-steps.safetensors'));
  expect(worst((name) => model.learnt.get(name)?.data, tensors)).toBeLessThan(1e-4);
});

test('fresh adapters change nothing; learning moves the policy, and its base stays as it was', async () => {
  const dir = await checkpointDir();
  const plain = await ModelWeights.open(dir);
  const model = await ModelWeights.open(dir, lora);
  expect(model.version).toBe(plain.version);
  const on = engineOf(model);
  const before = await on.score([{ promptTokens: [2], tokens: [3, 4] }]);
  const handle = await on.openTrainer(optimizer(), 5, false);
  for (let step = 0; step < 5; step++) await on.step(handle, [row([2], [3, 4], 1)]);
  const after = await on.score([{ promptTokens: [2], tokens: [3, 4] }]);
  expect(after[0]?.[0]).toBeGreaterThan(before[0]?.[0] ?? 0);
  expect(model.version).not.toBe(plain.version);
  expect(model.frozen).toEqual(plain.effective);
  expect(model.effective.get('model.norm.weight')).toEqual(plain.effective.get('model.norm.weight'));
});

test('a policy with adapters saves them alone, or merged on request, and both open as the same version', async () => {
  const policy = await policyAt(await checkpointDir(), { lora });
  const trainer = await policy.trainer(optimizer(), 2);
  await trainer.step([row([2], [3, 4], 1)]);
  const version = await trainer.close();
  const [adapters, merged] = [join(await temporaryDir(), 'a'), join(await temporaryDir(), 'm')];
  await policy.save(adapters);
  await policy.save(merged, { merged: true });
  expect(await readdir(adapters)).toContain('adapter_model.safetensors');
  expect(await readdir(adapters)).not.toContain('model.safetensors');
  expect(await readdir(merged)).not.toContain('adapter_config.json');
  expect((await policyAt(adapters)).version).toBe(version);
  expect((await policyAt(merged)).version).toBe(version);
});

test('adapters over a base that was named relative to the working directory find it again', async () => {
  const base = relative(process.cwd(), await checkpointDir());
  const policy = await policyAt(base, { lora });
  const saved = join(await temporaryDir(), 'deeper', 'a');
  await policy.save(saved);
  expect((await policyAt(saved)).version).toBe(policy.version);
});

test('adapters that do not fit are refused by tensor, setting and file', async () => {
  const dir = await checkpointDir();
  const open = (changes: Partial<LoraSettings>) => ModelWeights.open(dir, { ...lora, ...changes });
  await expect(open({ rank: 0 })).rejects.toThrow('lora.rank: expected a whole number ≥ 1, found 0');
  await expect(open({ targets: [] })).rejects.toThrow('lora.targets: expected at least one of q_proj');
  const policy = await policyAt(dir, { lora });
  const saved = join(await temporaryDir(), 'a');
  await policy.save(saved);
  await expect(ModelWeights.open(saved, { ...lora, rank: 4 })).rejects.toThrow(
    'its adapters have rank 3, alpha 6, targets gate_proj,q_proj,v_proj, lora asks for rank 4',
  );
  const path = join(saved, 'adapter_config.json');
  const config = JSON.parse(await readFile(path, 'utf8'));
  await writeFile(path, JSON.stringify({ ...config, r: 4 }));
  await expect(ModelWeights.open(saved)).rejects.toThrow(
    'tensor model.layers.0.self_attn.q_proj.lora_A.weight: the config asks for [4,16], the file has [3,16]',
  );
  await writeFile(path, JSON.stringify({ ...config, use_dora: true }));
  await expect(ModelWeights.open(saved)).rejects.toThrow('use_dora');
});
