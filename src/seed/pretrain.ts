/**
 * The warm start of the embedded model, from nothing: train the tokenizer, initialise a small Llama, and fit it to the
 * weak part of the seed proofs and to (lemma, seed, conjecture) triples, half and half (STP's SFT stage at toy size).
 * Same inputs, steps and seed give the same weights on the same machine class.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StartProgress } from '../ops/progress.ts';
import { type Random, randomFrom, seedFor } from '../ops/seeds.ts';
import type { BundleRow, OptimizerSettings } from '../policy/bundle.ts';
import {
  createRandomCheckpoint,
  type LlamaConfig,
  type OnnxPolicy,
  openOnnxPolicy,
  type Tokenizer,
} from '../policy/onnx/index.ts';
import type { Example, Prompts } from '../prompts/prompts.ts';
import { readLeanCore } from '../statements/lean-core.ts';
import { conjecturerTriples, epochExamples } from './examples.ts';
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
  const dir = mkdtempSync(join(tmpdir(), 'lakatos-pretrain-'));
  const checkpoint = join(dir, 'checkpoint');
  try {
    const texts = data.next().map(({ prompt, completion }) => prompt + completion);
    const files = trainTokenizer(texts, SEED_ARCHITECTURE.vocabSize);
    await createRandomCheckpoint(checkpoint, { config: SEED_ARCHITECTURE, seed: options.seed, files });
    const policy = await openOnnxPolicy(checkpoint, { threads: options.threads });
    try {
      const trained = await train(policy, data.next, options);
      await policy.save(options.out, { dtype: 'F16' });
      const version = await versionOf(options.out);
      return { ...trained, version, proofs: data.proofs, triples: data.triples };
    } finally {
      await policy.close();
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
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

async function train(policy: OnnxPolicy, next: () => Example[], options: PretrainOptions) {
  const progress = options.startProgress({ label: 'pretrain', unit: 'steps', total: options.steps });
  const started = performance.now();
  const trainer = await policy.trainer(OPTIMIZER, options.steps);
  const losses: number[] = [];
  let tokens = 0;
  let queue: Example[] = [];
  try {
    for (let step = 0; step < options.steps; step++) {
      if (queue.length < options.batchRows) queue = [...queue, ...next()];
      const batch = queue.splice(0, options.batchRows);
      const report = await trainer.step(supervisedRows(batch, policy.tokenizer));
      losses.push(report.loss);
      tokens += report.tokens;
      progress.advance(1, `loss ${mean(losses.slice(-50)).toFixed(3)}`);
    }
  } finally {
    await trainer.close();
    progress.end();
  }
  const seconds = (performance.now() - started) / 1000;
  return { tokens, seconds, firstLoss: mean(losses.slice(0, 100)), lastLoss: mean(losses.slice(-100)) };
}

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
