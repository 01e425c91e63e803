/**
 * How long the main thread is kept from its events while the embedded policy works: a round's worth of sampling,
 * embedding, scoring, learning and saving with the seed model.
 *
 *   node bench/engine-blocking.ts
 *
 * A timer that should fire every millisecond is watched; the figure is its longest delay. It prints one line of JSON
 * (engine.ts runs it and keeps that).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type BundleRow, freezeBundle } from '../src/policy/bundle.ts';
import { openOnnxPolicy } from '../src/policy/onnx/index.ts';
import type { Completion } from '../src/policy/policy.ts';
import { loadPrompts } from '../src/prompts/prompts.ts';
import { readLeanCore } from '../src/statements/lean-core.ts';

const STATEMENTS = 1000;
const SAMPLED = 64;

const policy = await openOnnxPolicy('models/seed');
const statements = readLeanCore('data/lean-core', 'train').slice(0, STATEMENTS);
const prompts = loadPrompts('prompts/compact.toml');
const longest: Record<string, number> = {};

/** The longest delay while `work` runs, in milliseconds. */
async function watch<T>(name: string, work: () => Promise<T>): Promise<T> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  await new Promise((resolve) => setTimeout(resolve, 20));
  delay.enable();
  const result = await work();
  delay.disable();
  longest[name] = Number((delay.max / 1e6).toFixed(1));
  return result;
}

const completions = await watch('sample', async () => {
  const requests = statements.slice(0, SAMPLED).map((statement, i) => ({
    id: statement.id,
    prompt: prompts.prover(statement),
    n: 8,
    seed: i,
  }));
  const all: Completion[] = [];
  const settings = { temperature: 1, topP: 1, topK: 0, maxTokens: 96 };
  for await (const completion of policy.sample(requests, settings)) all.push(completion);
  return all;
});
await watch('embed', () => policy.embed(statements.map(({ text }) => text)));
await watch('score', () => policy.score(completions));
const rows = completions.map(
  ({ id, index, promptTokens, tokens, logprobs }): BundleRow => ({
    id: `${id}/${index}`,
    promptTokens,
    tokens,
    weights: tokens.map(() => 1e-4 / 3),
    samplerLogprobs: logprobs,
    klCoef: 1e-6,
    refLogprobs: logprobs,
  }),
);
const optimizer = {
  learningRate: 1e-6,
  warmupSteps: 0,
  schedule: 'constant',
  betas: [0.9, 0.95],
  epsilon: 1e-8,
  weightDecay: 0,
  clipNorm: 1,
} as const;
const steps = Array.from({ length: rows.length / 64 }, (_, i) => rows.slice(64 * i, 64 * (i + 1)));
const bundle = freezeBundle({ objective: 'raft', optimizer, steps });
await watch('learn', () => policy.learn(bundle));
const dir = mkdtempSync(join(tmpdir(), 'lakatos-bench-'));
await watch('save', () => policy.save(join(dir, 'model')));
await policy.close();
rmSync(dir, { recursive: true, force: true });
console.log(
  JSON.stringify({ longestBlockMs: longest, completions: completions.length, rows: steps.flat().length }),
);
