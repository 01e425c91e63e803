import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import {
  randomWeights,
  readConfig,
  readWeights,
  replaceDirectory,
} from '../../../src/policy/onnx/checkpoint.ts';
import { type LlamaConfig, llamaConfigJson, parseLlamaConfig } from '../../../src/policy/onnx/config.ts';
import type { StoredDtype } from '../../../src/policy/onnx/dtypes.ts';
import { parameterCount } from '../../../src/policy/onnx/parameters.ts';
import { encodeSafetensors, readSafetensors, type Tensor } from '../../../src/policy/onnx/safetensors.ts';
import { checkWeights, weightsVersion } from '../../../src/policy/onnx/weights.ts';
import { CHECKPOINT_CONFIG, checkpointDir, strongWeights, temporaryDir, tinyConfig } from './tiny.ts';

const config = tinyConfig();
const changed = (change: (weights: Map<string, Tensor>) => void) => {
  const weights = new Map(strongWeights(config, 1));
  change(weights);
  return () => checkWeights(config, weights, 'here');
};

test('a missing, an extra, a mis-shaped, a NaN and an infinite tensor are each named', () => {
  const data = new Float32Array(6);
  expect(changed((w) => w.delete('model.norm.weight'))).toThrow(
    'here: missing tensor model.norm.weight [16]',
  );
  expect(changed((w) => w.set('surplus', { shape: [6], data }))).toThrow('unexpected tensor surplus [6]');
  expect(changed((w) => w.set('model.norm.weight', { shape: [2, 3], data }))).toThrow(
    'tensor model.norm.weight: the config asks for [16], the file has [2,3]',
  );
  for (const bad of [Number.NaN, Number.NEGATIVE_INFINITY])
    expect(changed((w) => w.get('model.norm.weight')?.data.fill(bad, 3, 4))).toThrow(
      'tensor model.norm.weight holds NaN or infinite values',
    );
});

test('what old checkpoints carry beside their weights is passed over', () => {
  const inverse = { shape: [2], data: new Float32Array(2) };
  const name = 'model.layers.0.self_attn.rotary_emb.inv_freq';
  expect(changed((w) => w.set(name, inverse))()).not.toHaveProperty(name);
});

test('a config this engine would compute wrongly is refused by field', () => {
  const json = llamaConfigJson(config);
  const refuse = (changes: object) => () => parseLlamaConfig({ ...json, ...changes }, 'config.json');
  expect(refuse({})()).toEqual(config);
  expect(refuse({ attention_bias: true })()).toEqual({ ...config, attentionBias: true });
  expect(refuse({ model_type: 'mamba' })).toThrow('model_type');
  expect(refuse({ hidden_act: 'gelu' })).toThrow('hidden_act');
  expect(refuse({ rope_parameters: undefined, rope_scaling: { type: 'dynamic', factor: 2 } })).toThrow(
    'rope_parameters (rope_scaling): expected rope_type default, linear or llama3, found dynamic',
  );
  expect(refuse({ rope_parameters: { rope_type: 'llama3', factor: 2 } })).toThrow('low_freq_factor');
  expect(refuse({ use_sliding_window: true })).toThrow('use_sliding_window');
  expect(refuse({ layer_types: ['full_attention', 'sliding_attention'] })).toThrow('layer_types[1]');
  expect(refuse({ rope_parameters: { rope_type: 'yarn', rope_theta: 1 } })).toThrow('rope_parameters');
  expect(refuse({ mlp_bias: true })).toThrow('mlp_bias');
  expect(refuse({ num_key_value_heads: 3 })).toThrow(
    'num_attention_heads (4) must be a multiple of num_key_value_heads (3)',
  );
});

test.each<[string, Partial<LlamaConfig>]>([
  ['qwen2', { family: 'qwen2' }],
  ['qwen3', { family: 'qwen3', headDim: 6, attentionBias: true }],
  ['linear rope', { ropeScaling: { kind: 'linear', factor: 4 } }],
  [
    'llama3 rope',
    {
      ropeScaling: {
        kind: 'llama3',
        factor: 8,
        lowFrequencyFactor: 1,
        highFrequencyFactor: 4,
        originalContext: 16,
      },
    },
  ],
])('a config comes back from its JSON: %s', (_, changes) => {
  const wanted = tinyConfig(changes);
  expect(parseLlamaConfig(JSON.parse(JSON.stringify(llamaConfigJson(wanted))), 'here')).toEqual(wanted);
});

test('an untrained checkpoint is a function of its seed, and about N(0, 0.02)', async () => {
  const [a, b, c] = [randomWeights(config, 1), randomWeights(config, 1), randomWeights(config, 2)];
  expect(weightsVersion(a)).toBe(weightsVersion(b));
  expect(weightsVersion(a)).not.toBe(weightsVersion(c));
  const wide =
    randomWeights(tinyConfig({ vocabSize: 1000 }), 1).get('model.embed_tokens.weight')?.data ??
    new Float32Array(0);
  const deviation = Math.sqrt(wide.reduce((sum, x) => sum + x * x, 0) / wide.length);
  expect(deviation).toBeCloseTo(0.02, 3);
  expect(a.get('model.norm.weight')?.data.every((gain) => gain === 1)).toBe(true);
});

test('the version changes with any single weight', () => {
  const weights = strongWeights(config, 1);
  const before = weightsVersion(weights);
  expect(before).toMatch(/^[0-9a-f]{12}$/);
  const data = weights.get('model.layers.1.mlp.up_proj.weight')?.data ?? new Float32Array(1);
  data[7] = (data[7] ?? 0) + 1e-6;
  expect(weightsVersion(weights)).not.toBe(before);
});

test('a directory opens with its config and its weights, sharded or not', async () => {
  const dir = await checkpointDir();
  expect(await readConfig(dir)).toEqual(CHECKPOINT_CONFIG);
  const whole = await readWeights(dir, CHECKPOINT_CONFIG);
  expect([...whole.values()].reduce((n, { data }) => n + data.length, 0)).toBe(
    parameterCount(CHECKPOINT_CONFIG),
  );
  await shard(dir);
  expect(weightsVersion(await readWeights(dir, CHECKPOINT_CONFIG))).toBe(weightsVersion(whole));
});

test.each(['F16', 'BF16'] as const)('a sharded %s checkpoint opens as the rounded weights', async (dtype) => {
  const dir = await checkpointDir();
  const exact = await readWeights(dir, CHECKPOINT_CONFIG);
  await shard(dir, dtype);
  const digits = dtype === 'F16' ? 11 : 8;
  for (const [name, { data }] of await readWeights(dir, CHECKPOINT_CONFIG)) {
    const source = exact.get(name)?.data ?? new Float32Array(0);
    expect(data).toHaveLength(source.length);
    // Half a unit in the last place; below 2^-14, where F16 is subnormal, of that power.
    const wrong = data.findIndex((x, i) => {
      const from = source[i] ?? Number.NaN;
      return !(Math.abs(x - from) <= 2 ** -digits * Math.max(Math.abs(from), 2 ** -14));
    });
    expect(wrong, name).toBe(-1);
  }
});

async function shard(dir: string, dtype: StoredDtype = 'F32'): Promise<void> {
  const entries = [...(await readSafetensors(join(dir, 'model.safetensors')))];
  const weight_map: Record<string, string> = {};
  for (const [i, part] of [entries.slice(0, 5), entries.slice(5)].entries()) {
    await writeFile(join(dir, `model-${i}.safetensors`), encodeSafetensors(new Map(part), dtype));
    for (const [name] of part) weight_map[name] = `model-${i}.safetensors`;
  }
  await writeFile(join(dir, 'model.safetensors.index.json'), JSON.stringify({ weight_map }));
  await rm(join(dir, 'model.safetensors'));
}

test("the generation config's end tokens, one or several, come before the config's", async () => {
  const dir = await checkpointDir();
  const write = (json: unknown) => writeFile(join(dir, 'generation_config.json'), JSON.stringify(json));
  const ends = async () => (await readConfig(dir)).endTokens;
  expect(await ends()).toEqual([1]);
  await write({ eos_token_id: 7 });
  expect(await ends()).toEqual([7]);
  await write({ eos_token_id: [9, 7] });
  expect(await ends()).toEqual([9, 7]);
  await write({ eos_token_id: null, temperature: 0.6 });
  expect(await ends()).toEqual([1]);
  await write({ eos_token_id: '</s>' });
  await expect(ends()).rejects.toThrow(/generation_config\.json: .*eos_token_id/s);
});

test('a missing config or weights file is named', async () => {
  const dir = await checkpointDir();
  await rm(join(dir, 'model.safetensors'));
  await expect(readWeights(dir, CHECKPOINT_CONFIG)).rejects.toThrow(
    `${join(dir, 'model.safetensors')}: cannot open`,
  );
  await writeFile(join(dir, 'config.json'), '{"model_type"');
  await expect(readConfig(dir)).rejects.toThrow('config.json: not JSON');
  await rm(join(dir, 'config.json'));
  await expect(readConfig(dir)).rejects.toThrow('expected a model directory in Hugging Face layout');
});

test('a directory that cannot be filled leaves the old one and nothing beside it', async () => {
  const dir = join(await temporaryDir(), 'model');
  await replaceDirectory(dir, (fresh) => writeFile(join(fresh, 'a'), 'old'));
  const failing = replaceDirectory(dir, async (fresh) => {
    await writeFile(join(fresh, 'a'), 'half');
    throw new Error('disk full');
  });
  await expect(failing).rejects.toThrow('disk full');
  expect(await readFile(join(dir, 'a'), 'utf8')).toBe('old');
  expect(await readdir(dirname(dir))).toEqual(['model']);
  await replaceDirectory(dir, (fresh) => writeFile(join(fresh, 'b'), 'new'));
  expect(await readdir(dir)).toEqual(['b']);
});
