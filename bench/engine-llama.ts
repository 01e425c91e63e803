/**
 * The llama.cpp side of engine.ts: answers `sample` as engine-torch.py does, on the same weights in f32 (engine-gguf.py).
 *
 *   node bench/engine-llama.ts PREFIX MODEL.gguf THREADS    (PREFIX: where `npm install node-llama-cpp` was done)
 *
 * Every completion is a sequence of its own in one context; they are evaluated together, in batches. Prompts are not
 * shared: node-llama-cpp has no call for it. `greedy` answers with token ids, so that the two sides can be compared.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

/** What is used of node-llama-cpp, which is no dependency. */
interface Options {
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly seed?: number;
  readonly yieldEogToken: boolean;
}
interface TokenSequence {
  evaluate(tokens: readonly number[], options: Options): AsyncIterable<number>;
  clearHistory(): Promise<void>;
}
interface Context {
  getSequence(): TokenSequence;
}
interface Llama {
  loadModel(options: object): Promise<{ createContext(options: object): Promise<Context> }>;
}

interface Request {
  readonly do: 'sample' | 'greedy';
  readonly prompts: readonly (readonly number[])[];
  readonly samples: number;
  readonly tokens: number;
}

const [prefix = '', file = '', threads = '2'] = process.argv.slice(2);
const entry = pathToFileURL(join(prefix, 'node_modules', 'node-llama-cpp', 'dist', 'index.js')).href;
// Not a dependency: its types are not here, and what is used of it is written above.
const { getLlama } = (await import(entry)) as { getLlama(options: object): Promise<Llama> };
const llama = await getLlama({ gpu: false, build: 'never', maxThreads: Number(threads) });
const model = await llama.loadModel({ modelPath: file, gpuLayers: 0 });
const SEQUENCES = 64;
const context = await model.createContext({
  sequences: SEQUENCES,
  contextSize: 512,
  batchSize: 2048,
  threads: Number(threads),
});
const sequences = Array.from({ length: SEQUENCES }, () => context.getSequence());

async function complete(
  sequence: TokenSequence,
  prompt: readonly number[],
  tokens: number,
  options: Options,
) {
  await sequence.clearHistory();
  const all: number[] = [];
  for await (const token of sequence.evaluate(prompt, options)) if (all.push(token) === tokens) break;
  return all;
}

async function sample({ prompts, samples, tokens }: Request) {
  const rows = prompts.flatMap((prompt) => Array.from({ length: samples }, () => prompt));
  const begun = performance.now();
  const done = await Promise.all(
    rows.map((prompt, i) => {
      const sequence = sequences[i];
      if (sequence === undefined) throw new Error(`more than ${SEQUENCES} completions asked for`);
      const options = { temperature: 1, topK: 0, topP: 1, minP: 0, seed: i, yieldEogToken: true };
      return complete(sequence, prompt, tokens, options);
    }),
  );
  return { seconds: [(performance.now() - begun) / 1000], tokens: done.flat().length };
}

async function greedy({ prompts: [prompt = []], tokens }: Request) {
  const [sequence] = sequences;
  if (sequence === undefined) throw new Error('no sequence');
  return { ids: await complete(sequence, prompt, tokens, { temperature: 0, yieldEogToken: true }) };
}

const { version } = JSON.parse(
  readFileSync(join(prefix, 'node_modules', 'node-llama-cpp', 'package.json'), 'utf8'),
);
console.log(JSON.stringify({ nodeLlamaCpp: version }));
for await (const line of createInterface({ input: process.stdin })) {
  const request: Request = JSON.parse(line);
  console.log(JSON.stringify(request.do === 'greedy' ? await greedy(request) : await sample(request)));
}
process.exit(0);
