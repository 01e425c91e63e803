/** The machine-readable twins of a page: the same numbers as CSV, JSON lines, for Prometheus and for TensorBoard. */
import { join } from 'node:path';
import { replaceFile } from '../ops/whole-file.ts';
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
