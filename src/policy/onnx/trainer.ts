/**
 * Optimiser steps: gradients of some loss, global clip, AdamW; and the gradients of a bundle's loss.
 *
 * The loss is exactly bundle.ts's sum: micro-batching changes nothing but rounding. A loss or gradient that is not
 * finite is refused before any weight moves, and so are weights that would not be.
 */
import type { BundleRow, OptimizerSettings } from '../bundle.ts';
import { UpdateRefusedError } from '../errors.ts';
import { AdamW, clipScale, globalNorm, type OptimizerState } from './adamw.ts';
import { checkLossFields, lossFeeds } from './bundle-loss.ts';
import type { LlamaConfig } from './config.ts';
import { RequestError } from './errors.ts';
import { gradientName } from './full-graphs.ts';
import {
  type Batch,
  checkTokens,
  NO_ROW,
  packByLength,
  predictionFeeds,
  sequenceFeeds,
  type TokenRow,
} from './rows.ts';
import type { Tensors } from './safetensors.ts';
import type { Feed, Session } from './session.ts';
import { weightFeeds } from './weights.ts';

export interface StepReport {
  readonly loss: number;
  /** Before clipping. */
  readonly gradNorm: number;
  /** Tokens fed, prompts included, padding not. */
  readonly tokens: number;
}

export interface LossAndGradients {
  readonly loss: number;
  readonly gradients: ReadonlyMap<string, Float32Array>;
  readonly tokens: number;
}

export interface TrainerModel {
  readonly config: LlamaConfig;
  /** What learns. */
  readonly weights: Tensors;
  /** What else the graph reads, e.g. the base under adapters. */
  readonly frozen?: Tensors;
  readonly session: Session;
  /** Most tokens, padding included, of one forward and backward pass. */
  readonly microBatchTokens: number;
}

/** A loss over rows and its gradients with respect to the model's weights. */
export type Loss<Row> = (model: TrainerModel, rows: readonly Row[]) => Promise<LossAndGradients>;

export class Trainer<Row extends { readonly id: string }> {
  readonly #model: TrainerModel;
  readonly #loss: Loss<Row>;
  readonly #settings: OptimizerSettings;
  readonly #optimizer: AdamW;

  /** `state` continues an optimiser where it was. */
  constructor(
    model: TrainerModel,
    loss: Loss<Row>,
    settings: OptimizerSettings,
    totalSteps: number,
    state?: OptimizerState,
  ) {
    this.#model = model;
    this.#loss = loss;
    this.#settings = settings;
    this.#optimizer = new AdamW(settings, totalSteps, state);
  }

  get state(): OptimizerState {
    return this.#optimizer.state;
  }

  /** A step without rows changes nothing. */
  async step(rows: readonly Row[]): Promise<StepReport> {
    if (rows.length === 0) return { loss: 0, gradNorm: 0, tokens: 0 };
    const { loss, gradients, tokens } = await this.#loss(this.#model, rows);
    const gradNorm = globalNorm(gradients);
    if (!allFinite(loss, gradNorm)) {
      throw new UpdateRefusedError(
        `update refused: loss ${loss}, gradient norm ${gradNorm} over ${rows.length} rows (${await this.#culprit(rows)}); the weights are unchanged`,
      );
    }
    const scale = clipScale(gradNorm, this.#settings.clipNorm);
    const spoilt = this.#optimizer.update(this.#model.weights, gradients, scale);
    if (spoilt.length > 0)
      throw new UpdateRefusedError(
        `update refused: it would make weights of ${spoilt.length} tensors NaN or infinite (first ${spoilt[0]}), at loss ${loss} and gradient norm ${gradNorm} over ${rows.length} rows; the weights are unchanged, the optimiser's moments are not`,
      );
    return { loss, gradNorm, tokens };
  }

  /** Looks at the rows one by one; slow, and only done when they are refused already. */
  async #culprit(rows: readonly Row[]): Promise<string> {
    for (const row of rows) {
      const { loss, gradients } = await this.#loss(this.#model, [row]);
      const gradNorm = globalNorm(gradients);
      if (!allFinite(loss, gradNorm)) return `row ${row.id} alone: loss ${loss}, gradient norm ${gradNorm}`;
    }
    return 'each of them alone is finite';
  }
}

const allFinite = (...values: readonly number[]) => values.every(Number.isFinite);

export const bundleTrainer = (
  model: TrainerModel,
  settings: OptimizerSettings,
  totalSteps: number,
  state?: OptimizerState,
): Trainer<BundleRow> => new Trainer<BundleRow>(model, lossAndGradients, settings, totalSteps, state);

/** The bundle's loss over all rows and its gradients by parameter name. */
export async function lossAndGradients(
  model: TrainerModel,
  rows: readonly BundleRow[],
): Promise<LossAndGradients> {
  const sequences = rows.map((row) => checkedRow(row, model.config));
  const rowOf = (member: number) => sequences[member] ?? NO_ROW;
  return accumulateGradients(
    model,
    sequences.map(({ tokens }) => tokens.length - 1),
    (batch) => ({
      ...sequenceFeeds(batch, (member) => rowOf(member).tokens),
      ...predictionFeeds(batch, rowOf),
      ...lossFeeds(batch.members.flatMap((member) => rows[member] ?? [])),
    }),
  );
}

/** Runs the rows, of these lengths, in micro-batches and sums losses and gradients. */
export async function accumulateGradients(
  model: TrainerModel,
  lengths: readonly number[],
  feedsOf: (batch: Batch) => Record<string, Feed>,
): Promise<LossAndGradients> {
  const parameters = { ...weightFeeds(model.frozen ?? new Map()), ...weightFeeds(model.weights) };
  const gradients = new Map<string, Float32Array>();
  let loss = 0;
  for (const batch of packByLength(lengths, model.microBatchTokens)) {
    const result = await model.session.run({ ...parameters, ...feedsOf(batch) });
    loss += result('loss')[0] ?? Number.NaN;
    for (const name of model.weights.keys()) accumulate(gradients, name, result(gradientName(name)));
  }
  return { loss, gradients, tokens: lengths.reduce((a, b) => a + b, 0) };
}

function accumulate(sums: Map<string, Float32Array>, name: string, part: Float32Array): void {
  const sum = sums.get(name);
  if (sum === undefined) {
    sums.set(name, part);
    return;
  }
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (part[i] ?? 0);
}

function checkedRow(row: BundleRow, config: LlamaConfig): TokenRow {
  const what = `row ${row.id}`;
  const sequence = { tokens: [...row.promptTokens, ...row.tokens], promptLength: row.promptTokens.length };
  checkTokens(what, sequence, config.contextLength, config.vocabSize);
  if (row.tokens.length === 0)
    throw new RequestError(`${what}: the completion is empty; there is nothing to learn`);
  checkLossFields(what, row);
  return sequence;
}
