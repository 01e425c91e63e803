/**
 * AdamW with bias correction, a warm-up and a schedule, as in PyTorch and transformers.
 *
 * Weight decay is decoupled and applies to matrices only, never to norm gains (vectors).
 * Loshchilov & Hutter, "Decoupled Weight Decay Regularization" (2019), algorithm 2.
 */
import type { OptimizerSettings } from '../bundle.ts';
import type { Tensors } from './safetensors.ts';

export interface Moments {
  readonly first: Float32Array;
  readonly second: Float32Array;
}

/** All that a next step depends on beside the weights; the arrays are the optimiser's own. */
export interface OptimizerState {
  /** Steps taken. */
  readonly step: number;
  readonly moments: ReadonlyMap<string, Moments>;
}

export type Gradients = ReadonlyMap<string, Float32Array>;

export class AdamW {
  readonly #settings: OptimizerSettings;
  readonly #totalSteps: number;
  readonly #moments: Map<string, Moments>;
  #step: number;

  /** `totalSteps` is where a decaying schedule reaches zero; `state` is taken over. */
  constructor(settings: OptimizerSettings, totalSteps: number, state?: OptimizerState) {
    this.#settings = settings;
    this.#totalSteps = totalSteps;
    this.#moments = new Map(state?.moments);
    this.#step = state?.step ?? 0;
  }

  get state(): OptimizerState {
    return { step: this.#step, moments: this.#moments };
  }

  /**
   * Updates the weights in place with gradients multiplied by `scale` (the clip's factor). Where one of them would become
   * NaN or infinite none moves, and the names of their tensors are returned; the moments have then moved all the same.
   * The gradients' arrays are used up: the new weights wait in them.
   */
  update(weights: Tensors, gradients: Gradients, scale: number): readonly string[] {
    const rate = learningRateAt(this.#settings, this.#step, this.#totalSteps);
    this.#step += 1;
    const spoilt: string[] = [];
    for (const [name, { shape, data }] of weights) {
      const gradient = gradients.get(name);
      if (gradient === undefined) continue;
      const decay = shape.length > 1 ? this.#settings.weightDecay : 0;
      const moments = this.#momentsOf(name, data.length);
      if (!this.#turnToWeights(gradient, data, moments, scale, rate, decay)) spoilt.push(name);
    }
    if (spoilt.length > 0) return spoilt;
    for (const [name, { data }] of weights) data.set(gradients.get(name) ?? data);
    return [];
  }

  /** Writes the new weights over the gradient; false where one of them is NaN or infinite. */
  #turnToWeights(
    gradient: Float32Array,
    weight: Float32Array,
    { first, second }: Moments,
    scale: number,
    rate: number,
    decay: number,
  ): boolean {
    const { betas, epsilon } = this.#settings;
    const [beta1, beta2] = betas;
    const keep = 1 - rate * decay;
    const stepSize = rate / (1 - beta1 ** this.#step);
    const secondScale = 1 / Math.sqrt(1 - beta2 ** this.#step);
    // x − x is 0 for every finite x and NaN for the rest.
    let differences = 0;
    for (let i = 0; i < weight.length; i++) {
      const g = (gradient[i] ?? 0) * scale;
      const m = beta1 * (first[i] ?? 0) + (1 - beta1) * g;
      const v = beta2 * (second[i] ?? 0) + (1 - beta2) * g * g;
      first[i] = m;
      second[i] = v;
      const next = (weight[i] ?? 0) * keep - (stepSize * m) / (Math.sqrt(v) * secondScale + epsilon);
      const stored = Math.fround(next);
      gradient[i] = stored;
      differences += stored - stored;
    }
    return differences === 0;
  }

  #momentsOf(name: string, size: number): Moments {
    const known = this.#moments.get(name);
    if (known !== undefined) return known;
    const moments = { first: new Float32Array(size), second: new Float32Array(size) };
    this.#moments.set(name, moments);
    return moments;
  }
}

/**
 * The rate of step `step` (from 0): rises linearly to its peak over the warm-up, the first step already above 0,
 * then stays, or falls to 0 at `totalSteps` along a line or half a cosine.
 */
export function learningRateAt(settings: OptimizerSettings, step: number, totalSteps: number): number {
  const { learningRate, warmupSteps, schedule } = settings;
  if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps;
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
  switch (schedule) {
    case 'constant':
      return learningRate;
    case 'linear':
      return learningRate * (1 - progress);
    case 'cosine':
      return learningRate * 0.5 * (1 + Math.cos(Math.PI * progress));
  }
}

/** Euclidean norm over all gradients; NaN or infinite when any entry is. */
export function globalNorm(gradients: Gradients): number {
  let squares = 0;
  for (const gradient of gradients.values()) {
    for (let i = 0; i < gradient.length; i++) squares += (gradient[i] ?? 0) ** 2;
  }
  return Math.sqrt(squares);
}

/** PyTorch's clip factor: min(1, clip / (norm + 1e-6)). */
export const clipScale = (norm: number, clip: number): number => Math.min(1, clip / (norm + 1e-6));
