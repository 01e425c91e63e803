/**
 * The warm start of the embedded model, from nothing: train the tokenizer, initialise a small Llama, and fit it to the
 * weak part of the seed proofs and to (lemma, seed, conjecture) triples, half and half (STP's SFT stage at toy size).
 * Same inputs, steps and seed give the same weights on the same machine class, killed and called again or not.
 */
import { createHash } from 'node:crypto';
import type { StartProgress } from '../ops/progress.ts';
import { type Random, randomFrom, seedFor } from '../ops/seeds.ts';
import type { BundleRow, OptimizerSettings } from '../policy/bundle.ts';
import {
  createRandomCheckpoint,
  type LlamaConfig,
  type OnnxPolicy,
  openOnnxPolicy,
  type ResumedTrainer,
  type Tokenizer,
} from '../policy/onnx/index.ts';
import type { Example, Prompts } from '../prompts/prompts.ts';
import { readLeanCore } from '../statements/lean-core.ts';
import { conjecturerTriples, epochExamples } from './examples.ts';
import {
  openPretrainWork,
  type PretrainSettings,
  type PretrainWork,
  type StepFigures,
} from './pretrain-work.ts';
import { firstByHash, readSeedProofs, warmStartProofs } from './proofs.ts';
import { END_ID, trainTokenizer } from './tokenizer.ts';

/** About 5 million parameters. */
export const SEED_ARCHITECTURE: LlamaConfig = {
  vocabSize: 2048,
  hiddenSize: 256,
  intermediateSize: 688,
  layers: 6,
  heads: 8,
  keyValueHeads: 8,
  headDim: 32,
  contextLength: 512,
  normEpsilon: 1e-6,
  ropeTheta: 10_000,
  tiedHead: true,
  endTokens: [END_ID],
};

const OPTIMIZER: OptimizerSettings = {
  learningRate: 1.5e-3,
  warmupSteps: 50,
  schedule: 'cosine',
  betas: [0.9, 0.95],
  epsilon: 1e-8,
  weightDecay: 0.1,
  clipNorm: 1,
};

export interface PretrainOptions {
  readonly corpusDir: string;
  readonly seedProofsDir: string;
  readonly out: string;
  /** Directory of the training so far: an interrupted call goes on from it. Removed at the end. */
  readonly work: string;
  /** Steps from one save to the next, default 100: a minute or so. */
  readonly saveEvery?: number;
  readonly prompts: Prompts;
  /** Theorems whose proofs the prover is shown, a fixed random part of the weak ones; default all. A weaker prover conjectures no worse. */
  readonly theorems?: number;
  /** Optimiser steps, `batchRows` texts each. */
  readonly steps: number;
  readonly batchRows: number;
  readonly threads: number;
  readonly seed: number;
  readonly startProgress: StartProgress;
}

export interface PretrainReport {
  readonly version: string;
  readonly proofs: number;
  readonly triples: number;
  readonly tokens: number;
  readonly seconds: number;
  /** Mean cross-entropy a completion token over the first and the last hundred steps, nats. */
  readonly firstLoss: number;
  readonly lastLoss: number;
}

export async function pretrain(options: PretrainOptions): Promise<PretrainReport> {
  const random = randomFrom(seedFor(options.seed, 'pretrain'));
  const data = warmStartData(options, random);
  const texts = data.next().map(({ prompt, completion }) => prompt + completion);
  const work = openPretrainWork(options.work, settingsOf(options, texts));
  if (!work.begun) {
    const files = trainTokenizer(texts, SEED_ARCHITECTURE.vocabSize);
    await createRandomCheckpoint(work.start, { config: SEED_ARCHITECTURE, seed: options.seed, files });
  }
  const policy = await openOnnxPolicy(work.begun ? work.checkpoint : work.start, {
    threads: options.threads,
  });
  try {
    const trained = await train(policy, data.next, work, options);
    await policy.save(options.out, { dtype: 'F16' });
    const version = await versionOf(options.out);
    work.remove();
    return { ...trained, version, proofs: data.proofs, triples: data.triples };
  } finally {
    await policy.close();
  }
}

function settingsOf(options: PretrainOptions, texts: readonly string[]): PretrainSettings {
  const { steps, batchRows, seed, theorems = null } = options;
  const hash = createHash('sha256').update(JSON.stringify(texts)).digest('hex').slice(0, 12);
  return { steps, batchRows, seed, theorems, texts: hash };
}

/** Storing in half precision rounds the weights, so the saved version is not the trained one's. */
async function versionOf(dir: string): Promise<string> {
  const saved = await openOnnxPolicy(dir);
  await saved.close();
  return saved.version;
}

/** Both kinds of example; `next` is one epoch in random order, variables renamed afresh. */
function warmStartData({ corpusDir, seedProofsDir, prompts, theorems }: PretrainOptions, random: Random) {
  const problems = readLeanCore(corpusDir, 'train');
  const byName = new Map(problems.map((p) => [p.name, p]));
  const shown = warmStartProofs(readSeedProofs(seedProofsDir));
  const names = new Set(firstByHash(new Set(shown.map(({ name }) => name)), theorems));
  const proofs = shown.flatMap((p) => {
    const statement = byName.get(p.name);
    return statement === undefined || !names.has(p.name) ? [] : [{ ...p, statement }];
  });
  const triples = conjecturerTriples(problems, shown, 40, random);
  const next = () => epochExamples(proofs, triples, prompts, random);
  return { next, proofs: proofs.length, triples: triples.length };
}

async function train(
  policy: OnnxPolicy,
  next: () => Example[],
  work: PretrainWork,
  { steps: total, batchRows, saveEvery = 100, startProgress }: PretrainOptions,
) {
  const { trainer, position } = await openTrainer(policy, work, total);
  const figures = work.steps.slice(0, position);
  const progress = startProgress({ label: 'pretrain', unit: 'steps', total, already: position });
  const batches = batchesOf(next, batchRows);
  // What was learned before comes by again unread: the order of the data is a function of the seed.
  for (let step = 0; step < position; step++) batches.next();
  let began = performance.now();
  try {
    for (let step = position; step < total; step++) {
      const { loss, tokens } = await trainer.step(supervisedRows(batches.next().value, policy.tokenizer));
      figures.push({ loss, tokens, seconds: (performance.now() - began) / 1000 });
      began = performance.now();
      if ((step + 1) % saveEvery === 0) {
        // The figures first: those of steps that the checkpoint lacks are cut off, missing ones would be lost.
        work.write(figures);
        await trainer.save(work.checkpoint, step + 1);
      }
      progress.advance(1, `loss ${mean(losses(figures.slice(-50))).toFixed(3)}`);
    }
  } finally {
    await trainer.close();
    progress.end();
  }
  return {
    tokens: figures.reduce((sum, { tokens }) => sum + tokens, 0),
    seconds: figures.reduce((sum, { seconds }) => sum + seconds, 0),
    firstLoss: mean(losses(figures.slice(0, 100))),
    lastLoss: mean(losses(figures.slice(-100))),
  };
}

async function openTrainer(policy: OnnxPolicy, work: PretrainWork, total: number): Promise<ResumedTrainer> {
  if (work.begun) return await policy.resumeTrainer(work.checkpoint);
  return { trainer: await policy.trainer(OPTIMIZER, total), position: 0 };
}

function* batchesOf(next: () => Example[], rows: number): Generator<Example[], never> {
  let queue: Example[] = [];
  for (;;) {
    if (queue.length < rows) queue = [...queue, ...next()];
    yield queue.splice(0, rows);
  }
}

const losses = (figures: readonly StepFigures[]) => figures.map(({ loss }) => loss);

/** Token-mean cross-entropy over the completions of a batch. */
function supervisedRows(batch: readonly Example[], tokenizer: Tokenizer): BundleRow[] {
  const rows = batch.map(({ prompt, completion }) => ({
    promptTokens: tokenizer.encode(prompt),
    tokens: tokenizer.encode(completion),
  }));
  const total = rows.reduce((sum, row) => sum + row.tokens.length, 0);
  return rows.map(({ promptTokens, tokens }, i) => ({
    id: `example ${i}`,
    promptTokens,
    tokens,
    weights: tokens.map(() => 1 / total),
    samplerLogprobs: [],
    klCoef: 0,
    refLogprobs: [],
  }));
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / Math.max(1, values.length);
