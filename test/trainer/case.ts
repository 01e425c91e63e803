/**
 * One bundle for both learners: signed weights, every ratio on both sides of its bounds, every KL estimator, uneven
 * lengths, two optimiser steps. What must agree on it is in `reference/`, made by the trainer (make-reference.ts).
 */
import { join } from 'node:path';
import { loadConfig } from '../../src/config/index.ts';
import { type BundleRow, freezeBundle, type KlEstimator, type Ratio } from '../../src/policy/bundle.ts';
import { uniformStream } from '../../src/policy/onnx/rng.ts';
import type { TrainerSettings } from '../../src/policy/torch/torch-learner.ts';

export const REFERENCE = join(import.meta.dirname, 'reference');
/** A grouped-attention Llama with an untied head. */
export const CHECKPOINT = join(import.meta.dirname, '../policy/onnx/reference/grouped-untied');
const VOCABULARY = 24;

const RATIOS: readonly Ratio[] = [
  'none',
  { kind: 'ppo-clip', low: 0.2, high: 0.28 },
  { kind: 'ppo-clip', low: 0.1, high: 0.1, dual: 1.2 },
  { kind: 'topr', low: 0, high: 1 },
];
const ESTIMATORS: readonly (KlEstimator | undefined)[] = [undefined, 'k1', 'k2', 'k3'];

/** Sampler's log-probs are spread around those of an untrained model, so that ratios fall on both sides of 1. */
export function variedRows(count: number, seed: number, vocabulary = VOCABULARY): BundleRow[] {
  const uniform = uniformStream(seed, 0);
  const ids = (n: number) => Array.from({ length: n }, () => Math.floor(uniform() * vocabulary));
  return Array.from({ length: count }, (_, i): BundleRow => {
    const tokens = ids(1 + Math.floor(uniform() * 8));
    const klEstimator = ESTIMATORS[Math.floor(i / RATIOS.length) % ESTIMATORS.length];
    const klCoef = i % 5 === 0 ? 0 : 0.2;
    const near = () => -Math.log(vocabulary) + 0.8 * (uniform() - 0.5);
    return {
      id: `row ${i}`,
      promptTokens: ids(1 + Math.floor(uniform() * 6)),
      tokens,
      weights: tokens.map(() => uniform() * 2 - 1),
      samplerLogprobs: tokens.map(near),
      ratio: RATIOS[i % RATIOS.length] ?? 'none',
      klCoef,
      ...(klEstimator === undefined ? {} : { klEstimator }),
      refLogprobs: klCoef === 0 ? [] : tokens.map(near),
    };
  });
}

export const BUNDLE = freezeBundle({
  objective: 'test',
  optimizer: {
    learningRate: 3e-3,
    warmupSteps: 2,
    schedule: 'cosine',
    betas: [0.9, 0.95],
    epsilon: 1e-8,
    weightDecay: 0.1,
    clipNorm: 1,
  },
  steps: [variedRows(16, 1), variedRows(16, 2)],
});

export const settings = (python: string, changes: Partial<TrainerSettings> = {}): TrainerSettings => ({
  ...loadConfig({}).config.policy.trainer,
  python,
  dtype: 'fp32',
  device: 'cpu',
  microBatchTokens: 64,
  gradientCheckpointing: false,
  ...changes,
});
