/**
 * A pretraining under way, on disk: the trainer's last checkpoint, and beside it what was asked and every step's figures. A
 * call that is asked the same goes on from there, bit for bit; one that is asked something else is refused.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UsageError } from '../ops/errors.ts';
import { replaceFile } from '../ops/whole-file.ts';

const settingsSchema = z.strictObject({
  steps: z.int(),
  batchRows: z.int(),
  seed: z.int(),
  theorems: z.int().nullable(),
  /** Hash of the first epoch's texts: of corpus, proofs and prompts at once. */
  texts: z.string(),
});
const figuresSchema = z.strictObject({ loss: z.number(), tokens: z.int(), seconds: z.number() });
const fileSchema = z.strictObject({ settings: settingsSchema, steps: z.array(figuresSchema) });

export type PretrainSettings = Readonly<z.infer<typeof settingsSchema>>;
export type StepFigures = Readonly<z.infer<typeof figuresSchema>>;

export interface PretrainWork {
  /** Where the untrained model lies, and where the trainer is saved. */
  readonly start: string;
  readonly checkpoint: string;
  /** Of the steps taken so far; those of the last one saved and perhaps of some after it. */
  readonly steps: readonly StepFigures[];
  /** Whether there is a checkpoint to go on from. */
  readonly begun: boolean;
  write(steps: readonly StepFigures[]): void;
  remove(): void;
}

export function openPretrainWork(dir: string, settings: PretrainSettings): PretrainWork {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, 'steps.json');
  const checkpoint = join(dir, 'checkpoint');
  const before = existsSync(file) ? fileSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : null;
  const [found, wanted] = [before?.settings ?? settings, settings].map((s) => JSON.stringify(s));
  if (found !== wanted)
    throw new UsageError(
      `--work: ${dir} holds a pretraining that was asked ${found}, this one is asked ${wanted}; ask the same to finish it, remove it, or choose another directory.`,
      '--work',
    );
  return {
    start: join(dir, 'start'),
    checkpoint,
    steps: before?.steps ?? [],
    begun: before !== null && existsSync(checkpoint),
    write: (steps) => replaceFile(file, `${JSON.stringify({ settings, steps })}\n`),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}
