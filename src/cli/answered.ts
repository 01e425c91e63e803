/**
 * What an interrupted `verify` has already answered, read from its output: every row names its input line and the
 * line's checksum, so that an input that has changed since is noticed. A row torn by the interruption is cut off. Four
 * bytes a line are kept.
 */
import { createReadStream } from 'node:fs';
import { truncate } from 'node:fs/promises';
import { z } from 'zod';
import { UsageError } from '../ops/errors.ts';
import { type Line, linesOf } from './lines.ts';

const row = z.object({
  line: z
    .int()
    .min(1)
    .max(2 ** 30),
  crc32: z.int().min(0).max(0xffff_ffff),
});

/** Rows of ours are far shorter. */
const MAX_ROW_BYTES = 2 ** 24;

export class Answered {
  readonly #path: string;
  #checksums = new Uint32Array(1024);
  #count = 0;

  constructor(path: string) {
    this.#path = path;
  }

  get count(): number {
    return this.#count;
  }

  /** Is there an answer to this input line? Throws when there is one to another line of this number. */
  has({ number, crc32 }: Pick<Line, 'number' | 'crc32'>): boolean {
    const known = this.#checksums[number] ?? 0;
    if (known === 0) return false;
    if (known === nonZero(crc32)) return true;
    throw new UsageError(
      `--resume: ${this.#path} answers another line ${number} than the input's: the input has changed since, or is another. Choose another --out, or leave --resume out to begin anew.`,
      'out',
    );
  }

  add(line: number, crc32: number): void {
    while (line >= this.#checksums.length) {
      const grown = new Uint32Array(this.#checksums.length * 2);
      grown.set(this.#checksums);
      this.#checksums = grown;
    }
    if (this.#checksums[line] === 0) this.#count++;
    this.#checksums[line] = nonZero(crc32);
  }
}

/** 0 stands for no answer. */
const nonZero = (crc32: number): number => crc32 || 1;

/** Of an output file; a missing one answers nothing. */
export async function readAnswered(path: string): Promise<Answered> {
  const answered = new Answered(path);
  let torn: number | undefined;
  try {
    for await (const { number, start, whole, text = '' } of linesOf(createReadStream(path), MAX_ROW_BYTES)) {
      if (!whole) torn = start;
      else addRow(answered, path, number, text);
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return answered;
    throw error;
  }
  if (torn !== undefined) await truncate(path, torn);
  return answered;
}

function addRow(answered: Answered, path: string, number: number, text: string): void {
  const parsed = row.safeParse(parseJson(text));
  if (!parsed.success)
    throw new UsageError(
      `--resume: ${path} line ${number} is no row that verify wrote. Choose another --out, or leave --resume out to begin anew.`,
      'out',
    );
  answered.add(parsed.data.line, parsed.data.crc32);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
