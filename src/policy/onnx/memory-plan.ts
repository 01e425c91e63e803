/**
 * What sampling will hold in memory, computed from shapes before anything runs.
 *
 * Shrinks the batch until it fits the budget; refuses when a single row does not. Counts what grows with the model,
 * the batch and the lengths: weights, the key/value cache, logits, and the largest transient of prefill and of a step.
 * Leaves out what does not (the runtime itself, some 100 MiB).
 */
import type { LlamaConfig } from './config.ts';
import { RequestError } from './errors.ts';
import { parameterCount } from './parameters.ts';

export interface PlanInput {
  readonly batchSize: number;
  /** Tokens, padding included, of one prefill. */
  readonly prefillTokens: number;
  readonly longestPrompt: number;
  readonly maxTokens: number;
  readonly budgetBytes: number;
  /** Copies of the weights that the sessions keep beside the engine's own. */
  readonly weightCopies: number;
}

export interface SamplingPlan {
  /** Rows decoded together. */
  readonly rows: number;
  /** Tokens, prompt included, that a row's cache may come to hold. */
  readonly capacity: number;
  readonly prefillTokens: number;
  readonly weightBytes: number;
  readonly cacheBytes: number;
  readonly logitBytes: number;
  /** The larger of a prefill's and a step's intermediate values. */
  readonly workBytes: number;
  readonly totalBytes: number;
}

const FLOAT = 4;
/** The cache grows by whole steps. */
export const CAPACITY_STEP = 32;

export function planSampling(config: LlamaConfig, input: PlanInput): SamplingPlan {
  const most = planFor(config, input, input.batchSize);
  if (most.totalBytes <= input.budgetBytes) return most;
  // Bytes grow with the rows, so the largest number that fits is found by halving.
  let [fits, tooMany] = [0, input.batchSize];
  while (tooMany - fits > 1) {
    const middle = (fits + tooMany) >>> 1;
    if (planFor(config, input, middle).totalBytes <= input.budgetBytes) fits = middle;
    else tooMany = middle;
  }
  if (fits === 0) throw refusal(planFor(config, input, 1), input);
  return planFor(config, input, fits);
}

function planFor(config: LlamaConfig, input: PlanInput, rows: number): SamplingPlan {
  const { contextLength, layers, heads, keyValueHeads, headDim, vocabSize } = config;
  const { hiddenSize, intermediateSize } = config;
  const longest = Math.min(contextLength, input.longestPrompt + input.maxTokens);
  const capacity = Math.min(contextLength, Math.ceil(longest / CAPACITY_STEP) * CAPACITY_STEP);
  const tokenCache = 2 * layers * keyValueHeads * headDim * FLOAT;
  // No more tokens than one prompt for each row are ever prefilled together, and never less than one prompt.
  const prefillTokens = Math.max(
    input.longestPrompt,
    Math.min(input.prefillTokens, rows * input.longestPrompt),
  );
  const prompts = Math.ceil(prefillTokens / Math.max(1, input.longestPrompt));
  const activations = (3 * hiddenSize + 3 * intermediateSize + 3 * heads * headDim) * FLOAT;
  const prefillScores = 2 * prompts * heads * input.longestPrompt ** 2 * FLOAT;
  const prefill = prefillTokens * (activations + 2 * tokenCache) + prefillScores;
  const step = rows * (activations + 2 * tokenCache + 3 * heads * capacity * FLOAT);
  const weightBytes = (1 + input.weightCopies) * parameterCount(config) * FLOAT;
  const cacheBytes = rows * capacity * tokenCache;
  // Twice the rows: those of a step and those of the prompts that wait.
  const logitBytes = (rows + Math.max(rows, prompts) + 2) * vocabSize * FLOAT;
  const workBytes = Math.max(prefill, step);
  const totalBytes = weightBytes + cacheBytes + logitBytes + workBytes;
  return { rows, capacity, prefillTokens, weightBytes, cacheBytes, logitBytes, workBytes, totalBytes };
}

function refusal(plan: SamplingPlan, { longestPrompt, maxTokens, budgetBytes }: PlanInput): RequestError {
  const mebibytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;
  return new RequestError(
    `sampling one row of ${longestPrompt} prompt and ${maxTokens} new tokens needs ${mebibytes(plan.totalBytes)} (weights ${mebibytes(plan.weightBytes)}, keys and values ${mebibytes(plan.cacheBytes)}, logits ${mebibytes(plan.logitBytes)}, intermediate ${mebibytes(plan.workBytes)}), the budget is ${mebibytes(budgetBytes)}; shorten them or raise policy.memoryMb`,
  );
}
