/** From a configuration to an embedded policy: that its settings reach the engine, and that rounds go on from what was saved. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { policyOptions } from '../../src/cli/policy-options.ts';
import { loadConfig } from '../../src/config/index.ts';
import { type Bundle, freezeBundle } from '../../src/policy/bundle.ts';
import { openPolicy } from '../../src/policy/open.ts';
import type { Policy } from '../../src/policy/policy.ts';
import {
  CHECKPOINT_CONFIG,
  checkpointDir,
  collect,
  optimizer,
  row,
  sampler,
  temporaryDir,
} from './onnx/tiny.ts';

const LORA = ['policy.trainer.method=lora', 'policy.trainer.lora.rank=2', 'policy.trainer.lora.alpha=4'];

async function open(uri: string, overrides: readonly string[], saved?: string): Promise<Policy> {
  const { config } = loadConfig({ overrides });
  const policy = await openPolicy(uri, { ...policyOptions(config, await temporaryDir(), true), saved });
  onTestFinished(() => policy.close());
  return policy;
}

const bundleOf = (token: number): Bundle =>
  freezeBundle({ objective: 'raft', optimizer: optimizer(), steps: [[row([2], [3, token], 1)]] });

test('method = "lora" trains adapters on an onnx: policy, and a round goes on from those the last one saved', async () => {
  const uri = `onnx:${await checkpointDir()}`;
  const policy = await open(uri, LORA);
  const plain = await open(uri, []);
  expect(policy.version).toBe(plain.version);
  await policy.learn(bundleOf(4));
  const saved = join(await temporaryDir(), 'policies', '1');
  await policy.save(saved);
  expect(await readdir(saved)).toContain('adapter_model.safetensors');
  expect(await readdir(saved)).not.toContain('model.safetensors');

  const next = await open(uri, LORA, saved);
  expect(next.version).toBe(policy.version);
  expect(next.version).not.toBe(plain.version);
  await policy.learn(bundleOf(5));
  expect((await next.learn(bundleOf(5))).version).toBe(policy.version);

  await expect(open(uri, [...LORA, 'policy.trainer.lora.rank=3'], saved)).rejects.toThrow(
    'its adapters have rank 2, alpha 4',
  );
});

test('what sampling may hold is a setting, named where it is not enough', async () => {
  const uri = `onnx:${await checkpointDir(1, { ...CHECKPOINT_CONFIG, contextLength: 1024 })}`;
  const request = { id: 'a', prompt: '<prove>'.repeat(300), n: 2, seed: 1 };
  const narrow = await open(uri, ['policy.memoryMb=1']);
  await expect(collect(narrow.sample([request], sampler()))).rejects.toThrow(
    /the budget is 1 MiB; shorten them or raise policy\.memoryMb$/,
  );
  const wide = await open(uri, ['policy.memoryMb=64']);
  expect(await collect(wide.sample([request], sampler()))).toHaveLength(2);
});
