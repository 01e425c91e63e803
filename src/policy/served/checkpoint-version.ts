/**
 * The version of a checkpoint directory, and its end tokens. The version is a hash of its weight files' bytes: two
 * directories have the same one exactly if a server would load the same weights from them. (The embedded engine hashes
 * values instead, so the same model has another version there.)
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { LakatosError } from '../../ops/errors.ts';
import type { Tokenizer } from '../tokenizer.ts';
import type { Witness } from './learner.ts';

const WEIGHTS = /\.(safetensors|bin)$/;
/** Of a trainer's marker, which the trainer computed over the same bytes. */
const markerSchema = z.looseObject({ version: z.string().regex(/^[0-9a-f]{12}$/) });
const numbers = z.array(z.number());
export const witnessSchema = z.object({
  promptTokens: numbers,
  tokens: numbers,
  before: numbers,
  after: numbers,
});
const witnessed = z.looseObject({ witnesses: z.array(witnessSchema).default([]) });
export const MARKER = 'COMMITTED.json';

/** 12 hex digits; read from the trainer's marker where there is one. */
export async function checkpointVersion(dir: string): Promise<string> {
  const marker = await readFile(join(dir, MARKER), 'utf8').catch(() => null);
  if (marker !== null) return markerSchema.parse(JSON.parse(marker)).version;
  const names = await readdir(dir).catch((cause: unknown) => {
    throw new LakatosError(`${dir}: cannot read it; expected a model directory in Hugging Face layout.`, {
      cause,
    });
  });
  const files = names.filter((name) => WEIGHTS.test(name)).sort();
  if (files.length === 0)
    throw new LakatosError(
      `${dir}: holds no weights (*.safetensors); expected a model directory in Hugging Face layout.`,
    );
  const hash = createHash('sha256');
  for (const name of files) {
    const file = createHash('sha256');
    await pipeline(createReadStream(join(dir, name), { highWaterMark: 1 << 20 }), file);
    hash.update(`${name} ${file.digest('hex')}\n`);
  }
  return hash.digest('hex').slice(0, 12);
}

/** By which a server that serves these weights is told from one that serves those before; none where nobody left any. */
export async function witnessesIn(dir: string): Promise<readonly Witness[]> {
  const marker = await readFile(join(dir, MARKER), 'utf8').catch(() => '{}');
  return witnessed.parse(JSON.parse(marker)).witnesses;
}

const endSchema = z.looseObject({ eos_token_id: z.union([z.int(), z.array(z.int())]).nullish() });

/** Every token that ends a completion: the tokenizer's, the config's and the generation config's. */
export async function endTokensOf(dir: string, tokenizer: Tokenizer): Promise<readonly number[]> {
  const files = await Promise.all(
    ['config.json', 'generation_config.json'].map((name) =>
      readFile(join(dir, name), 'utf8').catch(() => '{}'),
    ),
  );
  const named = files.flatMap((text) => endSchema.parse(JSON.parse(text)).eos_token_id ?? []);
  return [...new Set([...named, ...(tokenizer.endToken === undefined ? [] : [tokenizer.endToken])])];
}
