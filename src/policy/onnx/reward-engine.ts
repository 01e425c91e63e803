/**
 * The token-level reward model itself: its weights, sessions and optimiser. Blocks its thread, like engine.ts, so it
 * lives in the worker; reward-model.ts is its face on the main thread.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { OptimizerSettings } from '../bundle.ts';
import type { Sequence } from '../policy.ts';
import type { RewardExample } from '../reward-model.ts';
import { readConfig, readTensors, WEIGHTS_FILE } from './checkpoint.ts';
import type { LlamaConfig } from './config.ts';
import { RequestError } from './errors.ts';
import { rewardGraph, rewardShapes, rewardTrainGraph, SCORE } from './reward-graph.ts';
import { type Batch, checkTokens, NO_ROW, packByLength, sequenceFeeds, type TokenRow } from './rows.ts';
import { type Tensors, writeSafetensors } from './safetensors.ts';
import { type Feed, floats, integers, Session, type SessionOptions } from './session.ts';
import {
  accumulateGradients,
  type LossAndGradients,
  type StepReport,
  Trainer,
  type TrainerModel,
} from './trainer.ts';
import { readTrainer, TRAINER_FILE, writeTrainer } from './trainer-checkpoint.ts';
import { checkTensors, weightFeeds, weightsVersion } from './weights.ts';

export interface RewardEngineOptions extends SessionOptions {
  /** The rate stays at its peak after the warm-up: a run does not know how many steps it will take. */
  readonly optimizer: Omit<OptimizerSettings, 'schedule'>;
  readonly microBatchTokens: number;
}

export class RewardEngine {
  readonly config: LlamaConfig;
  readonly #weights: Tensors;
  readonly #options: RewardEngineOptions;
  readonly #training: Session;
  readonly #trainer: Trainer<RewardExample>;
  #scoring: Session | null = null;

  private constructor(model: TrainerModel, trainer: Trainer<RewardExample>, options: RewardEngineOptions) {
    this.config = model.config;
    this.#weights = model.weights;
    this.#training = model.session;
    this.#trainer = trainer;
    this.#options = options;
  }

  /**
   * The trunk of a policy's checkpoint with a head of zeros and a fresh optimiser, or a saved reward model with its
   * own of both.
   */
  static async open(dir: string, options: RewardEngineOptions): Promise<RewardEngine> {
    const config = await readConfig(dir);
    const found = new Map(await readTensors(dir));
    const saved = found.has(SCORE) && existsSync(join(dir, TRAINER_FILE));
    if (!found.has(SCORE))
      found.set(SCORE, { shape: [1, config.hiddenSize], data: new Float32Array(config.hiddenSize) });
    const surplus = (name: string) => name === 'lm_head.weight' || name.endsWith('rotary_emb.inv_freq');
    const weights = checkTensors(rewardShapes(config), found, dir, surplus);
    const former = saved ? await readTrainer(dir, weightsVersion(weights), weights) : undefined;
    const session = await Session.open(rewardTrainGraph(config), options);
    const model = { config, weights, session, microBatchTokens: options.microBatchTokens };
    const trainer = new Trainer(model, rewardLoss, settingsOf(options), 0, former?.state);
    return new RewardEngine(model, trainer, options);
  }

  /** Optimiser steps behind the weights. */
  get steps(): number {
    return this.#trainer.state.step;
  }

  async step(examples: readonly RewardExample[]): Promise<StepReport> {
    return this.#trainer.step(examples);
  }

  /** w_t of every completion token. */
  async score(sequences: readonly Sequence[]): Promise<Float32Array[]> {
    this.#scoring ??= await Session.open(rewardGraph(this.config), this.#options);
    const rows = sequences.map((sequence, index) => tokenRow(`sequence ${index}`, sequence, this.config));
    const rowOf = (member: number) => rows[member] ?? NO_ROW;
    const scores: Float32Array[] = rows.map(() => new Float32Array(0));
    const lengths = rows.map(({ tokens }) => tokens.length);
    for (const batch of packByLength(lengths, this.#options.microBatchTokens)) {
      const feeds = { ...weightFeeds(this.#weights), ...completionFeeds(batch, rowOf) };
      const found = (await this.#scoring.run(feeds))('reward');
      let from = 0;
      for (const member of batch.members) {
        const to = from + rowOf(member).tokens.length - rowOf(member).promptLength;
        scores[member] = found.slice(from, to);
        from = to;
      }
    }
    return scores;
  }

  /** Weights and optimiser; returns the version of the weights. */
  async write(dir: string): Promise<string> {
    const version = weightsVersion(this.#weights);
    await writeSafetensors(join(dir, WEIGHTS_FILE), this.#weights);
    const rest = { settings: settingsOf(this.#options), totalSteps: 0, position: this.steps };
    await writeTrainer(dir, { version, ...rest, state: this.#trainer.state }, this.#weights);
    return version;
  }

  async close(): Promise<void> {
    await this.#training.release();
    await this.#scoring?.release();
  }
}

const settingsOf = ({ optimizer }: RewardEngineOptions): OptimizerSettings => ({
  ...optimizer,
  schedule: 'constant',
});

/** The mean over `examples` of the cross-entropy of each one's mean w, and its gradients. */
export function rewardLoss(
  model: TrainerModel,
  examples: readonly RewardExample[],
): Promise<LossAndGradients> {
  const rows = examples.map((example) => tokenRow(`example ${example.id}`, example, model.config));
  const rowOf = (member: number) => rows[member] ?? NO_ROW;
  const lengths = rows.map(({ tokens }) => tokens.length);
  return accumulateGradients(model, lengths, (batch) => ({
    ...completionFeeds(batch, rowOf),
    ...labelFeeds(batch, examples),
  }));
}

function tokenRow(what: string, { promptTokens, tokens }: Sequence, config: LlamaConfig): TokenRow {
  const row = { tokens: [...promptTokens, ...tokens], promptLength: promptTokens.length };
  checkTokens(what, row, config.contextLength, config.vocabSize);
  if (tokens.length === 0)
    throw new RequestError(`${what}: the completion is empty; it has no reward to spread`);
  return row;
}

/** Whole sequences, and the positions of their completion tokens. */
function completionFeeds(batch: Batch, rowOf: (member: number) => TokenRow): Record<string, Feed> {
  const positions = batch.members.flatMap((member, row) => {
    const { tokens, promptLength } = rowOf(member);
    return tokens.slice(promptLength).map((_, t) => BigInt(row * batch.length + promptLength + t));
  });
  return {
    ...sequenceFeeds(batch, (member) => rowOf(member).tokens),
    rows: integers(BigInt64Array.from(positions), [positions.length]),
  };
}

function labelFeeds(batch: Batch, examples: readonly RewardExample[]): Record<string, Feed> {
  const members = batch.members.flatMap((member) => examples[member] ?? []);
  const rowOf = members.flatMap(({ tokens }, row) => tokens.map(() => BigInt(row)));
  const tokenShare = members.flatMap(({ tokens }) => tokens.map(() => 1 / tokens.length));
  return {
    rowOf: integers(BigInt64Array.from(rowOf), [rowOf.length]),
    tokenShare: floats(Float32Array.from(tokenShare), [tokenShare.length]),
    label: floats(
      Float32Array.from(members, ({ reward }) => reward),
      [members.length],
    ),
    rowShare: floats(new Float32Array(members.length).fill(1 / examples.length), [members.length]),
  };
}
