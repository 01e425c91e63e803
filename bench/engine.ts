/**
 * The embedded engine against transformers, and against llama.cpp, on the same random checkpoint of the seed's size:
 * training and sampling tokens a second, the sides taking turns in one run; each side's peak memory while it learns;
 * and how long the engine's work keeps a main thread from its events (engine-blocking.ts).
 *
 *   node bench/engine.ts [--python PYTHON] [--llama PREFIX] [--rounds 5] [--tokens 240] [--spin] [--short] [--out bench/results/engine.json]
 *
 * PYTHON needs torch and transformers (`pip install torch transformers`). With PREFIX, a folder in which
 * `npm install node-llama-cpp` was done, llama.cpp has its turns at batch 1 too; PYTHON then needs gguf as well. Each side is a
 * process of its own, so that memory is its own; learning's peak is taken before anything is sampled. `--spin` lets the
 * engine's idle threads spin, as PyTorch's and llama.cpp's do; by default they do not, for the cores are shared with proof
 * assistants. `--short` only tries the machinery.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { createRandomCheckpoint } from '../src/policy/onnx/index.ts';
import { SEED_ARCHITECTURE } from '../src/seed/pretrain.ts';

const { values: options } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    rounds: { type: 'string', default: '5' },
    tokens: { type: 'string', default: '240' },
    threads: { type: 'string', default: '2' },
    llama: { type: 'string' },
    spin: { type: 'boolean', default: false },
    short: { type: 'boolean', default: false },
    out: { type: 'string', default: 'bench/results/engine.json' },
  },
});
const rounds = Number(options.rounds);

interface Answer {
  readonly seconds?: readonly number[];
  readonly tokens?: number;
  readonly mebibytes?: number;
  readonly ids?: readonly number[];
}

/** A process that answers one JSON line with one. */
function side(file: string, args: readonly string[]) {
  const child = execa(file, args, { stderr: 'inherit', buffer: false });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<Answer> => {
    for (;;) {
      const { value, done } = await answers.next();
      if (done) throw new Error(`${file} ${args[0]} ended without an answer`);
      if (value.startsWith('{')) return JSON.parse(value); // node-llama-cpp writes its warnings here too
    }
  };
  return {
    ready: next(),
    ask: (request: object): Promise<Answer> => {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      return next();
    },
    end: async () => {
      child.stdin.end();
      await child;
    },
  };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const ids = (count: number, offset: number) =>
  Array.from({ length: count }, (_, i) => 2 + ((7 * i + 13 * offset) % (SEED_ARCHITECTURE.vocabSize - 2)));

// Other programs slow those most whose threads spin: a ratio taken among them says less.
const load = [loadavg()[0]];
const dir = mkdtempSync(join(tmpdir(), 'lakatos-bench-'));
const checkpoint = join(dir, 'model');
// Without end tokens every completion is as long as asked.
const config = { ...SEED_ARCHITECTURE, endTokens: [] };
await createRandomCheckpoint(checkpoint, { config, seed: 1, files: {} });

const ours = side(process.execPath, [
  join(import.meta.dirname, 'engine-side.ts'),
  checkpoint,
  options.threads,
  options.spin ? 'spin' : '',
]);
const theirs = side(options.python, [
  join(import.meta.dirname, 'engine-torch.py'),
  checkpoint,
  options.threads,
]);
const gguf = join(dir, 'model.gguf');
if (options.llama !== undefined)
  await execa(options.python, [join(import.meta.dirname, 'engine-gguf.py'), checkpoint, gguf]);
const llama =
  options.llama === undefined
    ? undefined
    : side(process.execPath, [
        join(import.meta.dirname, 'engine-llama.ts'),
        options.llama,
        gguf,
        options.threads,
      ]);
const versions = { ours: await ours.ready, theirs: await theirs.ready, llama: await llama?.ready };

type Side = ReturnType<typeof side>;

/** Tokens a second of all sides, in turns; the first turn warms up. */
async function compare(
  name: string,
  request: object,
  tokens: number,
  others: Readonly<Record<string, Side>>,
) {
  const rates = new Map(['engine', ...Object.keys(others)].map((who) => [who, [] as number[]]));
  for (let round = 0; round <= rounds; round++) {
    for (const [who, process] of Object.entries({ engine: ours, ...others })) {
      const { seconds = [] } = await process.ask(request);
      if (round > 0) rates.get(who)?.push(...seconds.map((s) => tokens / s));
    }
    console.error(`${name}: round ${round} of ${rounds}`);
  }
  const engine = rates.get('engine') ?? [];
  const against = Object.keys(others).map((who) => {
    const other = rates.get(who) ?? [];
    // Neighbours in time, so that a slow minute weighs on both.
    const ofRounds = engine.map((rate, i) => rate / (other[i] ?? Number.NaN));
    const rounded = ofRounds.map((ratio) => Number(ratio.toFixed(2)));
    return [
      who,
      {
        tokensPerSecond: Math.round(median(other)),
        ratio: Number(median(ofRounds).toFixed(2)),
        ratioOfRounds: rounded,
      },
    ];
  });
  const result = { engineTokensPerSecond: Math.round(median(engine)), against: Object.fromEntries(against) };
  console.error(`${name}: ${JSON.stringify(result)}`);
  return result;
}

const [rows, length] = options.short ? [4, 32] : [16, 128];
const training = {
  do: 'train',
  rows: Array.from({ length: rows }, (_, i) => ids(length + 1, i)),
  prompt: 16,
  steps: 1,
};
const train = await compare('train', training, rows * length, { transformers: theirs });
const peak = { ours: await ours.ask({ do: 'peak' }), theirs: await theirs.ask({ do: 'peak' }) };
const newTokens = options.short ? 16 : Number(options.tokens);
const prompts = Array.from({ length: 8 }, (_, i) => ids(options.short ? 8 : 64, i));
const many = await compare(
  'sample 64',
  { do: 'sample', prompts, samples: 8, tokens: newTokens },
  64 * newTokens,
  { transformers: theirs },
);
const one = await compare(
  'sample 1',
  { do: 'sample', prompts: prompts.slice(0, 1), samples: 1, tokens: newTokens },
  newTokens,
  { transformers: theirs, ...(llama && { llamaCpp: llama }) },
);
const alike = { do: 'greedy', prompts: prompts.slice(0, 1), samples: 1, tokens: 16 };
const greedy = llama && [await ours.ask(alike), await llama.ask(alike)].map(({ ids }) => String(ids));
for (const process of [ours, theirs, llama]) await process?.end();
rmSync(dir, { recursive: true, force: true });
const blocking = JSON.parse(
  (await execa(process.execPath, [join(import.meta.dirname, 'engine-blocking.ts')])).stdout,
);

const mebibytes = (answer: Answer) => Math.round(answer.mebibytes ?? Number.NaN);
const result = {
  command: `node bench/engine.ts ${process.argv.slice(2).join(' ')}`.trim(),
  machine: {
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    onnxruntime: JSON.parse(readFileSync('node_modules/onnxruntime-node/package.json', 'utf8')).version,
    ...versions.theirs,
    ...versions.llama,
  },
  model: 'the seed architecture with random weights (5 million parameters)',
  rounds,
  loadAverageBeforeAndAfter: [...load, loadavg()[0]],
  idleThreadsSpin: options.spin,
  training: { batch: `${rows} x ${length}`, ...train },
  peakMebibytesOfLearning: {
    engine: mebibytes(peak.ours),
    transformers: mebibytes(peak.theirs),
    ratio: Number((mebibytes(peak.ours) / mebibytes(peak.theirs)).toFixed(2)),
  },
  mainThreadBlocked: blocking,
  ...(greedy && { sameGreedyTokensAsLlamaCpp: greedy[0] === greedy[1] }),
  samplingBatch64: { prompts: '8 prompts, 8 samples each', newTokens, ...many },
  samplingBatch1: { prompts: '1 prompt, 1 sample', newTokens, ...one },
};
writeFileSync(options.out, `${JSON.stringify(result, null, 2)}\n`);
console.log(JSON.stringify(result, null, 2));
