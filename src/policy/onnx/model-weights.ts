/**
 * One model's weights in memory: what inference reads, what learns, and the version both lead to.
 *
 * Without adapters all three are the checkpoint's tensors. With adapters inference reads base and adapters merged,
 * computed again when asked for after a step; the base never moves.
 */

import { resolve } from 'node:path';
import { readConfig, readWeights } from './checkpoint.ts';
import type { LlamaConfig } from './config.ts';
import { RequestError } from './errors.ts';
import {
  adaptedProjections,
  freshAdapters,
  type LoraSettings,
  mergeInto,
  readAdapterConfig,
  readAdapters,
} from './lora.ts';
import type { Tensor, Tensors } from './safetensors.ts';
import { weightsVersion } from './weights.ts';

interface Adapted {
  readonly lora: LoraSettings;
  readonly base: Tensors;
  readonly adapters: Tensors;
  /** The base checkpoint's directory, absolute: adapters are saved elsewhere and must still find it. */
  readonly baseDir: string;
}

export class ModelWeights {
  readonly config: LlamaConfig;
  readonly #effective: Tensors;
  readonly #adapted: Adapted | null;
  #merged: boolean;
  #version: string | null = null;

  constructor(config: LlamaConfig, weights: Tensors, adapted: Omit<Adapted, 'base'> | null = null) {
    this.config = config;
    this.#adapted = adapted === null ? null : { ...adapted, base: weights };
    this.#effective = adapted === null ? weights : withOwnCopies(weights, config, adapted.lora);
    this.#merged = adapted === null;
  }

  /** A checkpoint, with fresh adapters on it where `lora` asks for them, or an adapter directory with its base. */
  static async open(dir: string, lora?: LoraSettings): Promise<ModelWeights> {
    const stored = await readAdapterConfig(dir);
    if (stored === null) {
      const config = await readConfig(dir);
      const weights = await readWeights(dir, config);
      if (lora === undefined) return new ModelWeights(config, weights);
      const adapters = freshAdapters(config, lora);
      return new ModelWeights(config, weights, { lora, adapters, baseDir: resolve(dir) });
    }
    if (lora !== undefined) checkSame(dir, stored.lora, lora);
    const config = await readConfig(stored.base);
    const adapters = await readAdapters(dir, config, stored.lora);
    const weights = await readWeights(stored.base, config);
    return new ModelWeights(config, weights, { lora: stored.lora, adapters, baseDir: stored.base });
  }

  /** The whole model's weights; the arrays stay the same ones for good. */
  get effective(): Tensors {
    if (!this.#merged && this.#adapted !== null) {
      const { base, adapters, lora } = this.#adapted;
      mergeInto(this.#effective, base, adapters, this.config, lora);
      this.#merged = true;
    }
    return this.#effective;
  }

  /** What training changes in place; say `changed` afterwards. */
  get learnt(): Tensors {
    return this.#adapted?.adapters ?? this.#effective;
  }

  /** What training reads beside it. */
  get frozen(): Tensors {
    return this.#adapted?.base ?? new Map();
  }

  get adapted(): Adapted | null {
    return this.#adapted;
  }

  get version(): string {
    this.#version ??= weightsVersion(this.effective);
    return this.#version;
  }

  changed(): void {
    this.#version = null;
    this.#merged = this.#adapted === null;
  }
}

function withOwnCopies(weights: Tensors, config: LlamaConfig, lora: LoraSettings): Tensors {
  const copies = adaptedProjections(config, lora).flatMap(({ name }): [string, Tensor][] => {
    const tensor = weights.get(`${name}.weight`);
    return tensor === undefined ? [] : [[`${name}.weight`, { ...tensor, data: tensor.data.slice() }]];
  });
  return new Map([...weights, ...copies]);
}

function checkSame(dir: string, stored: LoraSettings, asked: LoraSettings): void {
  const key = ({ rank, alpha, targets }: LoraSettings) =>
    `rank ${rank}, alpha ${alpha}, targets ${[...targets].sort()}`;
  if (key(stored) !== key(asked))
    throw new RequestError(`${dir}: its adapters have ${key(stored)}, lora asks for ${key(asked)}`);
}
