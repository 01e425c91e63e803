/**
 * What sampling holds in memory against what its plan (memory-plan.ts) says it will: one process, a model with random
 * weights, as many rows together as asked, every row as long as it can get.
 *
 *   node bench/engine-memory.ts [--hidden 256] [--layers 6] [--vocab 2048] [--context 512] [--groups 1] [--prompt 64] [--tokens 240] [--rows 64]
 *
 * It prints one line of JSON. `peakBytes` is the process's peak (VmHWM, so Linux only) less what it had before the engine
 * was opened, the runtime's own code and threads included; `ofPlan` is its share of the plan.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { randomWeights } from '../src/policy/onnx/checkpoint.ts';
import type { LlamaConfig } from '../src/policy/onnx/config.ts';
import { Engine } from '../src/policy/onnx/engine.ts';
import { ModelWeights } from '../src/policy/onnx/model-weights.ts';

const { values } = parseArgs({
  options: {
    hidden: { type: 'string', default: '256' },
    layers: { type: 'string', default: '6' },
    vocab: { type: 'string', default: '2048' },
    context: { type: 'string', default: '512' },
    groups: { type: 'string', default: '1' },
    prompt: { type: 'string', default: '64' },
    tokens: { type: 'string', default: '240' },
    rows: { type: 'string', default: '64' },
  },
});

const architecture = (hidden: number, layers: number, vocab: number): LlamaConfig => ({
  vocabSize: vocab,
  hiddenSize: hidden,
  intermediateSize: Math.round(2.7 * hidden),
  layers,
  heads: 8,
  keyValueHeads: 8 / Number(values.groups),
  headDim: hidden / 8,
  contextLength: Number(values.context),
  normEpsilon: 1e-6,
  ropeTheta: 10_000,
  tiedHead: true,
  endTokens: [],
});

/** Opens the engine, samples and closes it; the plan it had. */
async function sample(config: LlamaConfig, prompt: number, maxTokens: number, rows: number) {
  const engine = new Engine(new ModelWeights(config, randomWeights(config, 1)), {
    threads: 2,
    spin: false,
    batchSize: rows,
    microBatchTokens: 2048,
    memoryBytes: Number.MAX_SAFE_INTEGER,
    endTokens: [],
  });
  const requests = Array.from({ length: rows }, (_, i) => ({
    id: `${i}`,
    promptTokens: Array.from({ length: prompt }, (_, t) => (7 * t + i) % config.vocabSize),
    n: 1,
    seed: i,
  }));
  const settings = { temperature: 1, topP: 1, topK: 0, maxTokens };
  for await (const _ of engine.sample(requests, settings));
  await engine.close();
  return engine.plan(requests, settings);
}

const ofStatus = (name: string): number =>
  1024 * Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);

await sample(architecture(64, 1, 64), 2, 2, 2);
const before = ofStatus('VmRSS');
const config = architecture(Number(values.hidden), Number(values.layers), Number(values.vocab));
const plan = await sample(config, Number(values.prompt), Number(values.tokens), Number(values.rows));
const peakBytes = ofStatus('VmHWM') - before;
console.log(JSON.stringify({ ofPlan: Number((peakBytes / plan.totalBytes).toFixed(2)), peakBytes, plan }));
