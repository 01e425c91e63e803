/**
 * Checkpoints on disk, in Hugging Face layout: config.json, tokenizer files and one or several safetensors files.
 *
 * Saving is atomic: written beside the target, then renamed. Weights are checked against the config on reading.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { endTokensSchema, type LlamaConfig, llamaConfigJson, parseLlamaConfig } from './config.ts';
import type { StoredDtype } from './dtypes.ts';
import { CheckpointError } from './errors.ts';
import { parameterShapes } from './parameters.ts';
import { normalStream } from './rng.ts';
import { readSafetensors, sizeOf, type Tensor, type Tensors, writeSafetensors } from './safetensors.ts';
import { checkWeights } from './weights.ts';

export const WEIGHTS_FILE = 'model.safetensors';
const INDEX_FILE = 'model.safetensors.index.json';
/** Files that say something about weights: they are written with them, never copied. */
const WEIGHT_COMPANIONS = [INDEX_FILE, 'adapter_config.json', 'trainer.json'];
const GENERATION_FILE = 'generation_config.json';
const indexSchema = z.looseObject({ weight_map: z.record(z.string(), z.string()) });

export async function readConfig(dir: string): Promise<LlamaConfig> {
  const path = join(dir, 'config.json');
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new CheckpointError(`${path}: cannot read it; expected a model directory in Hugging Face layout`, {
      cause,
    });
  });
  const config = parseLlamaConfig(parseJson(text, path), path);
  const endTokens = await generationEndTokens(dir);
  return endTokens === null ? config : { ...config, endTokens };
}

/** Those of generation_config.json, which in transformers come before the config's; null where it names none. */
async function generationEndTokens(dir: string): Promise<readonly number[] | null> {
  const path = join(dir, GENERATION_FILE);
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return null;
  const found = z.looseObject({ eos_token_id: endTokensSchema }).safeParse(parseJson(text, path));
  if (!found.success) throw new CheckpointError(`${path}: ${z.prettifyError(found.error)}`);
  const { eos_token_id: ends } = found.data;
  return ends == null ? null : [ends].flat();
}

/** The checked weights of a checkpoint, sharded or not, as float32. */
export async function readWeights(dir: string, config: LlamaConfig): Promise<Tensors> {
  return checkWeights(config, await readTensors(dir), dir);
}

/** Every tensor of a checkpoint, unchecked. */
export async function readTensors(dir: string): Promise<Tensors> {
  const found = new Map<string, Tensor>();
  for (const file of await weightFiles(dir)) {
    for (const [name, tensor] of await readSafetensors(join(dir, file))) found.set(name, tensor);
  }
  return found;
}

async function weightFiles(dir: string): Promise<readonly string[]> {
  const path = join(dir, INDEX_FILE);
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return [WEIGHTS_FILE];
  const index = indexSchema.safeParse(parseJson(text, path));
  if (!index.success) throw new CheckpointError(`${path}: ${z.prettifyError(index.error)}`);
  return [...new Set(Object.values(index.data.weight_map))].sort();
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CheckpointError(`${path}: not JSON`, { cause });
  }
}

/** Fills a fresh directory beside `dir`, then puts it in its place. An old `dir` is replaced whole. */
export async function replaceDirectory(dir: string, fill: (fresh: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(dir), { recursive: true });
  const fresh = join(dirname(dir), `.${basename(dir)}-${randomUUID()}`);
  const old = `${fresh}-old`;
  try {
    await mkdir(fresh);
    await fill(fresh);
    // A directory cannot be renamed over a filled one: the old one steps aside first.
    await rename(dir, old).catch(ignoreMissing);
    await rename(fresh, dir);
  } finally {
    await rm(fresh, { recursive: true, force: true });
    await rm(old, { recursive: true, force: true });
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
}

/** What stands beside the weights: config, tokenizer, generation settings, model card. By file name. */
export type Companions = ReadonlyMap<string, Uint8Array>;

/** Read when a checkpoint is opened: a run may have removed it by the time its successor is saved. */
export async function readCompanions(dir: string): Promise<Companions> {
  const companions = new Map<string, Uint8Array>();
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const weights = /\.(safetensors|bin|onnx)$/.test(entry.name) || WEIGHT_COMPANIONS.includes(entry.name);
    if (entry.isFile() && !weights && !entry.name.startsWith('.'))
      companions.set(entry.name, await readFile(join(dir, entry.name)));
  }
  return companions;
}

export async function writeCompanions(companions: Companions, dir: string): Promise<void> {
  for (const [name, content] of companions) await writeFile(join(dir, name), content);
}

/** Weights as transformers initialises them: normal with deviation 0.02, norm gains 1, biases 0. */
export function randomWeights(config: LlamaConfig, seed: number): Tensors {
  const weights = new Map<string, Tensor>();
  let index = 0;
  for (const [name, shape] of parameterShapes(config)) {
    const normal = normalStream(seed, index++);
    const data = new Float32Array(sizeOf(shape));
    if (shape.length > 1) weights.set(name, { shape, data: data.map(() => 0.02 * normal()) });
    else weights.set(name, { shape, data: data.fill(name.endsWith('.bias') ? 0 : 1) });
  }
  return weights;
}

export interface RandomCheckpoint {
  readonly config: LlamaConfig;
  readonly seed: number;
  /** Files beside the weights by name: tokenizer.json, tokenizer_config.json, generation_config.json … */
  readonly files: Readonly<Record<string, string>>;
  /** Default F32. */
  readonly dtype?: StoredDtype;
}

/** Writes an untrained model, where training starts. */
export async function createRandomCheckpoint(dir: string, checkpoint: RandomCheckpoint): Promise<void> {
  const { config, seed, files, dtype } = checkpoint;
  await replaceDirectory(dir, async (fresh) => {
    await writeFile(join(fresh, 'config.json'), `${JSON.stringify(llamaConfigJson(config), null, 2)}\n`);
    for (const [name, content] of Object.entries(files)) await writeFile(join(fresh, name), content);
    await writeSafetensors(join(fresh, WEIGHTS_FILE), randomWeights(config, seed), dtype);
  });
}
