/**
 * What sampling will hold in memory, computed from shapes before anything runs.
 *
 * Shrinks the batch until it fits the budget; refuses when a single row does not. Counts what grows with the model,
 * the batch and the lengths: weights, rotary tables, the key/value cache, logits, the largest transient of prefill and of
 * a step, and before all of these the copies made while the decoding session is created. Leaves out what does not (the
 * runtime itself, some 100 MiB). bench/engine-memory.ts measures a process against it.
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
  /** Copies of the weights that the engine itself has: two where adapters are merged over a base. */
  readonly heldCopies: number;
  /** Copies that the decoding session keeps beside them: one where they are its constants. */
  readonly weightCopies: number;
  /** Sessions open while it samples, decoding's included: each has rotary tables of its own. */
  readonly sessions: number;
}

export interface SamplingPlan {
  /** Rows decoded together. */
  readonly rows: number;
  /** Tokens, prompt included, that a row's cache may come to hold. */
  readonly capacity: number;
  readonly prefillTokens: number;
  readonly weightBytes: number;
  /** Cosines, sines and negated sines for every position of the context, in every session. */
  readonly tableBytes: number;
  /** What creating the decoding session takes beside the engine's weights, before there is any cache. */
  readonly creationBytes: number;
  readonly cacheBytes: number;
  readonly logitBytes: number;
  /** The larger of a prefill's and a step's intermediate values. */
  readonly workBytes: number;
  /** The largest there is at any time. */
  readonly totalBytes: number;
}

const FLOAT = 4;
/**
 * Copies of a session's constants while it is created: the arrays they are built in, the model's bytes, those bytes parsed,
 * and the runtime's own. Measured: 3.2 with weights alone.
 */
const CREATION_COPIES = 4;
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
  // One for each query head that shares keys, stacked, beside the one that is fed.
  const groups = heads / keyValueHeads;
  const masks = (groups === 1 ? 1 : 1 + groups) * input.longestPrompt ** 2 * FLOAT;
  const prefill = prefillTokens * (activations + 2 * tokenCache) + prefillScores + masks;
  const step = rows * (activations + 2 * tokenCache + (3 * heads + 1) * capacity * FLOAT);
  const oneCopy = parameterCount(config) * FLOAT;
  const weightBytes = (input.heldCopies + input.weightCopies) * oneCopy;
  const oneTable = 3 * contextLength * (headDim / 2) * FLOAT;
  const tableBytes = input.sessions * oneTable;
  const creationBytes = CREATION_COPIES * (input.weightCopies * oneCopy + oneTable);
  const cacheBytes = rows * capacity * tokenCache;
  // Twice the rows: those of a step and those of the prompts that wait.
  const logitBytes = (rows + Math.max(rows, prompts) + 2) * vocabSize * FLOAT;
  const workBytes = Math.max(prefill, step);
  const creating = input.heldCopies * oneCopy + tableBytes + creationBytes;
  const sampling = weightBytes + tableBytes + cacheBytes + logitBytes + workBytes;
  const totalBytes = Math.max(creating, sampling);
  const sizes = { weightBytes, tableBytes, creationBytes, cacheBytes, logitBytes, workBytes, totalBytes };
  return { rows, capacity, prefillTokens, ...sizes };
}

function refusal(plan: SamplingPlan, { longestPrompt, maxTokens, budgetBytes }: PlanInput): RequestError {
  const mebibytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;
  return new RequestError(
    `sampling one row of ${longestPrompt} prompt and ${maxTokens} new tokens needs ${mebibytes(plan.totalBytes)} (weights ${mebibytes(plan.weightBytes)}, up to ${mebibytes(plan.creationBytes)} while the session is created, rotary tables ${mebibytes(plan.tableBytes)}, keys and values ${mebibytes(plan.cacheBytes)}, logits ${mebibytes(plan.logitBytes)}, intermediate ${mebibytes(plan.workBytes)}), the budget is ${mebibytes(budgetBytes)}; shorten them or raise policy.memoryMb`,
  );
}
