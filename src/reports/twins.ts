/** The machine-readable twins of a page: the same numbers as CSV, JSON lines, for Prometheus and for TensorBoard. */
import { closeSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { explainFileError } from '../ops/disk.ts';
import { prometheusText } from './prometheus.ts';
import { type Scalar, scalarsCsv, scalarsJsonl } from './scalars.ts';
import { EVENTS_FILE, tensorboardEvents } from './tensorboard.ts';

export interface TwinOptions {
  /** Put on every Prometheus sample. */
  readonly labels: Readonly<Record<string, string>>;
  /** ISO 8601; the wall time of TensorBoard's events. */
  readonly startedAt: string;
}

export function writeTwins(
  dir: string,
  scalars: readonly Scalar[],
  { labels, startedAt }: TwinOptions,
): void {
  replaceFile(join(dir, 'metrics.csv'), scalarsCsv(scalars));
  replaceFile(join(dir, 'metrics.jsonl'), scalarsJsonl(scalars));
  replaceFile(join(dir, 'metrics.prom'), prometheusText(scalars, labels));
  replaceFile(join(dir, EVENTS_FILE), tensorboardEvents(scalars, Date.parse(startedAt) / 1000));
}

/** Whole or not at all. */
export function replaceFile(path: string, content: string | Uint8Array): void {
  writeWhole(path, (file) => writeFileSync(file, content));
}

/** What `write` puts into the open file, whole or not at all; where the disk says no, a sentence and nothing left over. */
export function writeWhole(path: string, write: (file: number) => void): void {
  const partial = `${path}.partial`;
  try {
    const file = openSync(partial, 'w');
    try {
      write(file);
      renameSync(partial, path);
    } catch (error) {
      rmSync(partial, { force: true });
      throw error;
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw explainFileError(error, path);
  }
}
