/** Reads `lean-core`, the theorems of Lean's own core library (made by src/seed/extract.ts, described in data/lean-core). */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readLines } from './lines.ts';
import type { Problem } from './statement.ts';

const record = z.object({
  name: z.string().min(1),
  statement: z.string().startsWith('theorem t'),
  typeHash: z.string().regex(/^[0-9a-f]{16}$/, 'expected 16 hex digits'),
  constants: z.array(z.string()),
  forbidden: z.array(z.string()),
  module: z.string(),
});

/** @param split `train`, `validation` or `heldout` */
export function readLeanCore(dir: string, split: string): Problem[] {
  return readLines(join(dir, `${split}.jsonl`), record).map((r) => ({
    id: `lean-core:${r.name}`,
    name: r.name,
    split,
    language: 'lean',
    header: '',
    text: r.statement,
    typeHash: r.typeHash,
    constants: r.constants,
    forbidden: r.forbidden,
  }));
}

/** What judged the statements when their hashes were made; undefined where the folder does not say. */
export function leanCoreToolchain(dir: string): string | undefined {
  const file = join(dir, 'toolchain');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}
