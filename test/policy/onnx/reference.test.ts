/** Parity with transformers and PyTorch, on values committed with the script that made them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import type { BundleRow } from '../../../src/policy/bundle.ts';
import { readConfig, readWeights } from '../../../src/policy/onnx/checkpoint.ts';
import type { LlamaConfig } from '../../../src/policy/onnx/config.ts';
import { decodeGraph } from '../../../src/policy/onnx/decode-graph.ts';
import { prefillGraph } from '../../../src/policy/onnx/full-graphs.ts';
import { readSafetensors, type Tensors } from '../../../src/policy/onnx/safetensors.ts';
import { Sampler } from '../../../src/policy/onnx/sampler.ts';
import { Session } from '../../../src/policy/onnx/session.ts';
import { bundleTrainer, lossAndGradients } from '../../../src/policy/onnx/trainer.ts';
import { weightFeeds } from '../../../src/policy/onnx/weights.ts';
import { collect, engine, optimizer, sampler, temporaryDir, trainerModel } from './tiny.ts';
import { worst } from './worst.ts';

const numbers = z.array(z.number());
/** As the script wrote it; the trainer checks what it needs. */
const row = z.custom<BundleRow>((value) => typeof value === 'object');
const expectedSchema = z.object({
  rows: z.array(row),
  loss: z.number(),
  logprobs: z.array(numbers),
  /** `logits` of the steps that the script keeps. */
  greedy: z.object({ promptTokens: numbers, tokens: numbers, logits: z.array(numbers) }),
});
type Expected = z.infer<typeof expectedSchema>;
const KEPT = [0, 1, 19];

const reference = join(import.meta.dirname, 'reference');
const readExpected = async (dir: string): Promise<Expected> =>
  expectedSchema.parse(JSON.parse(await readFile(join(dir, 'expected.json'), 'utf8')));

async function open(name: string) {
  const dir = join(reference, name);
  const config: LlamaConfig = await readConfig(dir);
  return {
    dir,
    config,
    weights: await readWeights(dir, config),
    expected: await readExpected(dir),
  };
}

const cases = ['grouped-untied', 'plain-tied', 'llama3-rope-biases', 'qwen2', 'qwen3', 'linear-rope'];

test.each(cases)('log-probs equal those of transformers to 1e-5: %s', async (name) => {
  const { config, weights, expected } = await open(name);
  const scores = await engine(config, weights).score(expected.rows);
  expect(furthest(scores, expected.logprobs)).toBeLessThan(1e-5);
});

test.each(cases)(
  'logits equal those of transformers to 1e-5, of the prompt and of every later token: %s',
  async (name) => {
    const { config, weights, expected } = await open(name);
    const { promptTokens, tokens, logits } = expected.greedy;
    const found = await greedyLogits(config, weights, promptTokens, tokens.length);
    expect(found).toHaveLength(tokens.length);
    expect(
      furthest(
        KEPT.map((step) => found[step] ?? []),
        logits,
      ),
    ).toBeLessThan(1e-5);
  },
);

test.each(cases)('the greedy continuation is that of transformers: %s', async (name) => {
  const { config, weights, expected } = await open(name);
  const on = engine({ ...config, endTokens: [] }, weights);
  const request = { id: 'r', promptTokens: expected.greedy.promptTokens, n: 1, seed: 0 };
  const [completion] = await collect(on.sample([request], sampler({ temperature: 0, maxTokens: 20 })));
  expect(completion?.tokens).toEqual(expected.greedy.tokens);
});

test.each(cases)('every gradient equals that of PyTorch to 1e-5 of its largest entry: %s', async (name) => {
  const { dir, config, weights, expected } = await open(name);
  const { loss, gradients } = await lossAndGradients(await trainerModel(config, weights), expected.rows);
  expect(Math.abs(loss - expected.loss) / Math.abs(expected.loss)).toBeLessThan(1e-5);
  const reference = await readSafetensors(join(dir, 'gradients.safetensors'));
  expect([...gradients.keys()].sort()).toEqual([...reference.keys()].sort());
  expect(worst((tensor) => gradients.get(tensor), reference)).toBeLessThan(1e-5);
});

test.each(cases)('ten AdamW steps lead to the weights of PyTorch, to 1e-4: %s', async (name) => {
  const { dir, config, weights, expected } = await open(name);
  const settings = optimizer({ learningRate: 3e-3, weightDecay: 0.1 });
  const trainer = bundleTrainer(await trainerModel(config, weights), settings, 10);
  for (let step = 0; step < 10; step++) await trainer.step(expected.rows);
  const reference = await readSafetensors(join(dir, 'after-ten-steps.safetensors'));
  expect(worst((tensor) => weights.get(tensor)?.data, reference)).toBeLessThan(1e-4);
});

/** Largest difference, entry by entry; infinite where one is missing. */
function furthest(found: readonly ArrayLike<number>[], expected: readonly (readonly number[])[]): number {
  const apart = expected.flatMap((values, i) =>
    values.map((value, j) => Math.abs(value - (found[i]?.[j] ?? Infinity))),
  );
  return Math.max(...apart);
}

/** What prefill (first) and the decode steps (after it) return while one row is sampled greedily. */
async function greedyLogits(
  config: LlamaConfig,
  weights: Tensors,
  promptTokens: readonly number[],
  length: number,
): Promise<Float32Array[]> {
  const all: Float32Array[] = [];
  const listening = async (graph: Uint8Array) => {
    const session = await Session.open(graph, { threads: 2, spin: false });
    onTestFinished(() => session.release());
    const run = session.run.bind(session);
    session.run = async (feeds) => {
      const fetch = await run(feeds);
      all.push(fetch('logits').slice());
      return fetch;
    };
    return session;
  };
  const model = {
    config,
    endTokens: new Set<number>(),
    prefill: await listening(prefillGraph(config)),
    decode: await listening(decodeGraph(config, weights)),
    weightFeeds: weightFeeds(weights),
    decodeWeightFeeds: {},
    batchSize: 1,
    capacity: config.contextLength,
    prefillTokens: 64,
    completesStop: () => false,
  };
  const request = { id: 'r', promptTokens, n: 1, seed: 0 };
  const greedy = new Sampler(model, [request], sampler({ temperature: 0, maxTokens: length }));
  await collect(greedy.run(() => false));
  return all;
}

const python = process.env.LAKATOS_PYTHON ?? 'python3';
const lacks = async (modules: string) =>
  (await execa(python, ['-c', `import ${modules}`], { reject: false })).failed;
const [noTorch, noPeft] = await Promise.all(['torch, transformers', 'torch, transformers, peft'].map(lacks));

/** Runs a script of this folder's references into a fresh directory. */
async function rerun(script: string, ...more: readonly string[]): Promise<string> {
  const out = await temporaryDir();
  await execa(python, [join(reference, script), '--out', out, ...more]);
  return out;
}

async function sameTensors(again: string, name: string, file: string, within: number): Promise<void> {
  const [found, committed] = await Promise.all(
    [again, reference].map((root) => readSafetensors(join(root, name, file))),
  );
  expect([...(found?.keys() ?? [])].sort()).toEqual([...(committed?.keys() ?? [])].sort());
  expect(
    worst((tensor) => found?.get(tensor)?.data, committed ?? new Map()),
    `${name} ${file}`,
  ).toBeLessThan(within);
}

const MINUTES = 60_000;

test.skipIf(noTorch)(
  'the script gives the committed values again (Python with torch found)',
  { timeout: 10 * MINUTES },
  async () => {
    const again = await rerun('make_reference.py', ...cases);
    for (const name of cases) {
      await sameTensors(again, name, 'gradients.safetensors', 1e-5);
      await sameTensors(again, name, 'after-ten-steps.safetensors', 1e-4);
      const [found, { expected }] = [await readExpected(join(again, name)), await open(name)];
      expect(found.rows.map(({ id, tokens }) => [id, tokens])).toEqual(
        expected.rows.map(({ id, tokens }) => [id, tokens]),
      );
      expect(Math.abs(found.loss - expected.loss) / Math.abs(expected.loss)).toBeLessThan(1e-5);
      expect(furthest(found.logprobs, expected.logprobs)).toBeLessThan(1e-5);
      expect(furthest(found.greedy.logits, expected.greedy.logits)).toBeLessThan(1e-5);
      expect(found.greedy.tokens).toEqual(expected.greedy.tokens);
    }
  },
);

/** What both other scripts write beside the tensors; the reward model's has no `logprobs`, the adapters' no `rewards`. */
const otherSchema = z.object({
  loss: z.number(),
  logprobs: z.array(numbers).default([]),
  rewards: z.array(numbers).default([]),
});

async function sameNumbers(again: string, name: string): Promise<void> {
  const [found, committed] = await Promise.all(
    [again, reference].map(async (root) =>
      otherSchema.parse(JSON.parse(await readFile(join(root, name, 'expected.json'), 'utf8'))),
    ),
  );
  if (found === undefined || committed === undefined) throw new Error('nothing was read');
  expect(Math.abs(found.loss - committed.loss)).toBeLessThan(1e-5);
  const numbersOf = ({ logprobs, rewards }: typeof found) => [...logprobs, ...rewards];
  expect(numbersOf(committed).length).toBeGreaterThan(0);
  expect(furthest(numbersOf(found), numbersOf(committed))).toBeLessThan(1e-5);
}

test.skipIf(noPeft)(
  "the adapters' script gives the committed values again (Python with peft found)",
  { timeout: 10 * MINUTES },
  async () => {
    const again = await rerun('make_lora_reference.py');
    await sameTensors(again, 'lora', 'gradients.safetensors', 1e-5);
    await sameTensors(again, 'lora', 'after-ten-steps.safetensors', 1e-4);
    await sameNumbers(again, 'lora');
  },
);

test.skipIf(noTorch)(
  "the reward model's script gives the committed values again (Python with torch found)",
  { timeout: 10 * MINUTES },
  async () => {
    const again = await rerun('make_reward_reference.py');
    await sameTensors(again, 'reward', 'gradients.safetensors', 1e-5);
    await sameNumbers(again, 'reward');
  },
);
