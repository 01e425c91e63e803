/**
 * The problem sets an evaluation knows by name, and the one door to them. Every problem comes with its own header;
 * names are unique, statements are there, the split exists, or there is one sentence saying what is wrong.
 */
import { statSync } from 'node:fs';
import { UsageError } from '../ops/errors.ts';
import { readCheckout } from './checkout.ts';
import { readExercises } from './exercises.ts';
import { datasetFingerprint, statementHash } from './identity.ts';
import { readJsonl } from './jsonl.ts';
import { readLeanCore } from './lean-core.ts';
import { DatasetError } from './lines.ts';
import { readMiniF2F } from './minif2f.ts';
import type { Problem } from './statement.ts';

type Read = (path: string, split: string) => Problem[];

const fileOrCheckout =
  (dataset: string, readFile: Read): Read =>
  (path, split) =>
    isDirectory(path) ? readCheckout(dataset, path, split) : readFile(path, split);

const READERS: Readonly<Record<string, Read>> = {
  minif2f: fileOrCheckout('minif2f', readMiniF2F),
  proofnet: fileOrCheckout('proofnet', (path, split) => readExercises('proofnet', path, split)),
  putnam: fileOrCheckout('putnam', (path, split) => readExercises('putnam', path, split)),
  'lean-core': readLeanCore,
  jsonl: ofSplit,
};

export const DATASETS: readonly string[] = Object.keys(READERS);

export interface Dataset {
  readonly name: string;
  readonly split: string;
  readonly problems: readonly Problem[];
  /** Hash over names and statement hashes. */
  readonly fingerprint: string;
}

export interface DatasetSource {
  readonly name: string;
  readonly path: string;
  readonly split: string;
}

/** `name:split:path`, as settings name a set. `key` is the setting, for the error. */
export function datasetSource(text: string, key: string): DatasetSource {
  const [, name, split, path] = /^([^:]+):([^:]+):(.+)$/.exec(text) ?? [];
  if (name === undefined || split === undefined || path === undefined)
    throw new UsageError(
      `${key}: expected name:split:path, e.g. minif2f:test:data/minif2f.jsonl, found ${text}.`,
      key,
    );
  return { name, split, path };
}

export function loadDataset({ name, path, split }: DatasetSource): Dataset {
  const read = Object.hasOwn(READERS, name) ? READERS[name] : undefined;
  if (read === undefined)
    throw new UsageError(`--dataset: expected one of ${DATASETS.join(', ')}, found ${name}.`, '--dataset');
  const problems = explained(() => read(path, split));
  refuseTwins(problems, path);
  if (problems.length === 0) throw new UsageError(`${path}: split "${split}" holds no problem.`, '--split');
  return { name, split, problems, fingerprint: fingerprintOf(problems) };
}

/** Over names and statement hashes, in any order. */
export function fingerprintOf(problems: readonly Problem[]): string {
  return datasetFingerprint(problems.map((p) => ({ name: p.name, hash: statementHash(p) })));
}

function ofSplit(path: string, split: string): Problem[] {
  const problems = readJsonl(path);
  const chosen = problems.filter((p) => p.split === split);
  if (chosen.length > 0) return chosen;
  const found = [...new Set(problems.map((p) => p.split || '(none given)'))].join(', ');
  throw new DatasetError(`${path} has no problem of split "${split}"; its splits: ${found || 'none'}.`);
}

/** A data set that cannot be used is bad usage: nothing was started. */
function explained(work: () => Problem[]): Problem[] {
  try {
    return work();
  } catch (error) {
    if (error instanceof DatasetError) throw new UsageError(error.message, '--file', { cause: error });
    throw error;
  }
}

function refuseTwins(problems: readonly Problem[], path: string): void {
  const seen = new Set<string>();
  for (const { name } of problems) {
    if (seen.has(name))
      throw new UsageError(`${path}: two problems are called "${name}"; give each its own name.`, '--file');
    seen.add(name);
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
