/**
 * The bundle: the frozen training data of one update, and the only thing a learner sees.
 *
 * Loss of one optimiser step over its rows, with lp_t the untempered log-prob of completion token t, μ_t its
 * sampler's (`samplerLogprobs`) and sg(·) what carries no gradient:
 *
 *   L = Σ_t [ P(lp_t) + β_t·K(d_t) ],   d_t = ref_t − lp_t
 *
 * P by the row's `ratio`:
 *   none       −w_t·lp_t
 *   ppo-clip   −min(r_t·w_t, clip(r_t, 1−low, 1+high)·w_t), r_t = e^(lp_t − μ_t); with `dual` = c, where w_t < 0: the
 *              smaller of that and −c·w_t. Gradient −w_t·r_t inside the bounds, 0 outside. (Schulman et al. 2017, eq. 7;
 *              low ≠ high: DAPO, Yu et al. 2025; dual: Ye et al. 2020, eq. 2)
 *   topr       −w_t·sg(ρ)·lp_t, ρ = clip(e^Σ_t(lp_t − μ_t), low, high) of the whole completion where w_t < 0, and 1
 *              elsewhere. (Le Roux et al. 2025, arXiv 2503.14286, eq. 5 with a⁺ = b⁺ = 1)
 * K by the row's `klEstimator`: k1 −d, k2 d²/2, k3 e^d − d − 1. As losses on tokens of the policy's own their expected
 * gradients are: k1 none at all, k2 that of KL(π‖ref), k3 that of KL(ref‖π).
 *
 * w_t are per-token *signed* weights with every normaliser already in them (an objective's job), β_t its row's
 * `klCoef`. Learners add nothing of their own.
 */
import { createHash } from 'node:crypto';
import { LakatosError } from '../ops/errors.ts';
import { UpdateRefusedError } from './errors.ts';

/** The importance ratio of a row's policy term, against `samplerLogprobs`; formulas above. */
export type Ratio =
  | 'none'
  | {
      readonly kind: 'ppo-clip';
      /** The ratio is clipped to [1 − low, 1 + high]; both ≥ 0, low ≤ 1. */
      readonly low: number;
      readonly high: number;
      /** Bounds the loss of negatives at dual·|w|; > 1. */
      readonly dual?: number;
    }
  | {
      readonly kind: 'topr';
      /** Bounds of the completion's ratio where the weight is negative, 0 ≤ low ≤ high; the paper's are 0 and 1. */
      readonly low: number;
      readonly high: number;
    };

export type KlEstimator = 'k1' | 'k2' | 'k3';

export interface BundleRow {
  /** Attempt or example id, for the ledger. */
  readonly id: string;
  readonly promptTokens: readonly number[];
  readonly tokens: readonly number[];
  /** One signed weight a completion token. */
  readonly weights: readonly number[];
  /** Sampler log-probs, one a completion token; empty for examples nobody sampled. */
  readonly samplerLogprobs: readonly number[];
  /** Default none. Any other needs `samplerLogprobs`. */
  readonly ratio?: Ratio;
  /** β of each of its tokens, normaliser included; 0 = no KL term. */
  readonly klCoef: number;
  /** Default k3. */
  readonly klEstimator?: KlEstimator;
  /** Reference log-probs for the KL term, one a completion token; empty when `klCoef` is 0. */
  readonly refLogprobs: readonly number[];
}

export interface OptimizerSettings {
  /** Peak learning rate, default 3e-4. */
  readonly learningRate: number;
  readonly warmupSteps: number;
  readonly schedule: 'constant' | 'cosine' | 'linear';
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Global-norm clip, default 1. */
  readonly clipNorm: number;
}

export interface Bundle {
  /** SHA-256 over the JSON of everything below, in this order, hex. */
  readonly hash: string;
  readonly objective: string;
  /** Version of the policy that it updates: a learner at another refuses it. Absent: any will do. */
  readonly policy?: string;
  readonly optimizer: OptimizerSettings;
  /** Rows of each optimiser step, in order: steps × rows. */
  readonly steps: readonly (readonly BundleRow[])[];
}

/** Puts the hash on a bundle's content. Refuses numbers that JSON has no word for: on disk they would turn into null. */
export function freezeBundle({ objective, policy, optimizer, steps }: Omit<Bundle, 'hash'>): Bundle {
  const named = policy === undefined ? {} : { policy };
  for (const [step, rows] of steps.entries()) for (const row of rows) requireFinite(row, step + 1);
  const hash = createHash('sha256');
  for (const part of hashedText({ objective, ...named, optimizer, steps })) hash.update(part);
  return { hash: hash.digest('hex'), objective, ...named, optimizer, steps };
}

/** Refuses a bundle that was made for another policy than the one at that version. */
export function checkPolicy({ objective, policy }: Bundle, version: string): void {
  if (policy !== undefined && policy !== version)
    throw new LakatosError(
      `The bundle (${objective}) updates policy ${policy}, and this is policy ${version}: open that one, or rebuild the bundle.`,
    );
}

function requireFinite(row: BundleRow, step: number): void {
  const { weights, samplerLogprobs, refLogprobs, klCoef, ratio = 'none' } = row;
  const bounds = ratio === 'none' ? [] : [ratio.low, ratio.high];
  const numbers = { weights, samplerLogprobs, refLogprobs, klCoef: [klCoef], ratio: bounds };
  for (const [field, values] of Object.entries(numbers)) {
    const wrong = values.find((value) => !Number.isFinite(value));
    if (wrong !== undefined)
      throw new UpdateRefusedError(
        `update refused: expected finite numbers in ${field} of row ${row.id} in step ${step} of its bundle, found ${wrong}; the weights are unchanged`,
      );
  }
}

/** What the hash is over, row by row: JSON.stringify of the content, which may be too long for one go. */
export function* hashedText({
  objective,
  policy,
  optimizer,
  steps,
}: Omit<Bundle, 'hash'>): Generator<string> {
  const head = JSON.stringify({ objective, policy, optimizer }); // without the policy where there is none
  yield `${head.slice(0, -1)},"steps":[`;
  for (const [i, rows] of steps.entries()) {
    yield i === 0 ? '[' : ',[';
    for (const [j, row] of rows.entries()) yield (j === 0 ? '' : ',') + JSON.stringify(row);
    yield ']';
  }
  yield ']}';
}
