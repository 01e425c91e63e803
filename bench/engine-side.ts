/** Our side of engine.ts: answers the requests that engine-torch.py answers, with the engine itself in this process. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Engine } from '../src/policy/onnx/engine.ts';

interface Train {
  readonly do: 'train';
  readonly rows: readonly (readonly number[])[];
  readonly prompt: number;
  readonly steps: number;
}
interface Sample {
  readonly do: 'sample';
  readonly prompts: readonly (readonly number[])[];
  readonly samples: number;
  readonly tokens: number;
}
/** Written by engine.ts, one a line. */
type Request = Train | Sample | (Omit<Sample, 'do'> & { readonly do: 'greedy' }) | { readonly do: 'peak' };

const [dir = '', threads = '2', spin = ''] = process.argv.slice(2);
const engine = await Engine.open(dir, {
  threads: Number(threads),
  spin: spin === 'spin',
  batchSize: 64,
  microBatchTokens: 2048,
  memoryBytes: 8 * 2 ** 30,
  endTokens: [],
  decode: String, // the checkpoint is random and has no tokenizer
});
const optimizer = {
  learningRate: 1e-5,
  warmupSteps: 0,
  schedule: 'constant',
  betas: [0.9, 0.95],
  epsilon: 1e-8,
  weightDecay: 0.01,
  clipNorm: 1,
} as const;
let trainer: number | null = null;
let seed = 0;

async function train({ rows, prompt, steps }: Train) {
  trainer ??= await engine.openTrainer(optimizer, 1_000_000, false);
  const weight = 1 / rows.reduce((sum, row) => sum + row.length - prompt, 0);
  const bundle = rows.map((row, i) => {
    const tokens = row.slice(prompt);
    return {
      id: `${i}`,
      promptTokens: row.slice(0, prompt),
      tokens,
      weights: tokens.map(() => weight),
      samplerLogprobs: [],
      klCoef: 0,
      refLogprobs: [],
    };
  });
  const seconds: number[] = [];
  for (let step = 0; step < steps; step++) {
    const begun = performance.now();
    await engine.step(trainer, bundle);
    seconds.push((performance.now() - begun) / 1000);
  }
  return { seconds };
}

async function sample({ prompts, samples, tokens }: Sample) {
  seed += 1;
  const requests = prompts.map((promptTokens, i) => ({ id: `${i}`, promptTokens, n: samples, seed }));
  const settings = { temperature: 1, topP: 1, topK: 0, maxTokens: tokens };
  const begun = performance.now();
  let sampled = 0;
  for await (const completion of engine.sample(requests, settings)) sampled += completion.tokens.length;
  return { seconds: [(performance.now() - begun) / 1000], tokens: sampled };
}

async function greedy({ prompts, tokens }: Omit<Sample, 'do'>) {
  const requests = prompts.map((promptTokens, i) => ({ id: `${i}`, promptTokens, n: 1, seed: 0 }));
  const settings = { temperature: 0, topP: 1, topK: 0, maxTokens: tokens };
  for await (const completion of engine.sample(requests, settings)) return { ids: completion.tokens };
  throw new Error('nothing was asked for');
}

const peak = () => ({
  mebibytes: Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024,
});

function answer(request: Request): object | Promise<object> {
  switch (request.do) {
    case 'train':
      return train(request);
    case 'sample':
      return sample(request);
    case 'greedy':
      return greedy(request);
    case 'peak':
      return peak();
  }
}

console.log(JSON.stringify({ node: process.version }));
for await (const line of createInterface({ input: process.stdin })) {
  const request: Request = JSON.parse(line);
  console.log(JSON.stringify(await answer(request)));
}
await engine.close();
