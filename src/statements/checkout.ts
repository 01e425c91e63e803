/**
 * A checkout with one file a theorem, or in ProofNet's case one a book: finds the files of a split, which is the name of
 * the folder they lie in (`MiniF2F/Test/*.lean`, `isabelle/valid/*.thy`, PutnamBench's `lean4/src/*.lean`, ProofNet's
 * `formal/*.lean`). Hidden folders and build outputs are passed over.
 */
import { type Dirent, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type LeanTheorem, theoremOf, theoremsOf } from './lean-file.ts';
import { DatasetError } from './lines.ts';
import type { Problem } from './statement.ts';
import { theoryTheoremOf } from './theory-file.ts';

const LANGUAGES = { '.lean': 'lean', '.thy': 'isabelle' } as const;

type Extension = keyof typeof LANGUAGES;

/** @param split compared with folder names, capitals aside */
export function readCheckout(dataset: string, dir: string, split: string): Problem[] {
  const files = [...filesBelow(dir)];
  const chosen = files.filter((file) => file.folder.toLowerCase() === split.toLowerCase());
  if (chosen.length === 0) {
    const folders = [...new Set(files.map((file) => file.folder))].join(', ') || 'none';
    throw new DatasetError(
      `${dir}: no .lean or .thy file lies in a folder "${split}", which is what --split means here; folders with such files: ${folders}.`,
    );
  }
  if (new Set(chosen.map((file) => file.extension)).size > 1)
    throw new DatasetError(
      `${dir}: split "${split}" holds both .lean and .thy files; name the folder of one of them with --file.`,
    );
  return chosen
    .flatMap((file) => problemsOf(dataset, split, file))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

interface SourceFile {
  readonly path: string;
  readonly folder: string;
  readonly extension: Extension;
}

function problemsOf(dataset: string, split: string, { path, extension }: SourceFile): Problem[] {
  const language = LANGUAGES[extension];
  return theoremsIn(dataset, path, extension).map(({ name, header, text }) => ({
    id: `${dataset}:${name}`,
    name,
    split,
    language,
    header,
    text,
    forbidden: [],
  }));
}

function theoremsIn(dataset: string, path: string, extension: Extension): readonly LeanTheorem[] {
  const source = readFileSync(path, 'utf8');
  if (extension === '.thy') return [theoryTheoremOf(source, path)];
  if (dataset === 'proofnet') return theoremsOf(source, basename(path, extension), path);
  return [theoremOf(source, path)];
}

function* filesBelow(dir: string): Generator<SourceFile> {
  for (const entry of entriesOf(dir)) {
    const path = join(dir, entry.name);
    const extension = (['.lean', '.thy'] as const).find((e) => entry.name.endsWith(e));
    if (entry.isDirectory() && !/^(\.|build$|node_modules$)/.test(entry.name)) yield* filesBelow(path);
    else if (entry.isFile() && extension !== undefined) yield { path, folder: basename(dir), extension };
  }
}

function entriesOf(dir: string): Dirent[] {
  try {
    return readdirSync(dir, { withFileTypes: true });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DatasetError(`Cannot read the data set ${dir}: ${why}. Check --file.`, { cause });
  }
}
