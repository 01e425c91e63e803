/** A bundle on disk: gzipped JSON lines, the manifest first, then one line an optimiser step. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { replaceFile } from '../ops/whole-file.ts';
import { type Bundle, freezeBundle } from './bundle.ts';

/** Writes `<dir>/<first 12 digits of the hash>.jsonl.gz`, whole or not at all; returns its path. */
export function writeBundle(dir: string, bundle: Bundle): string {
  const { steps, ...manifest } = bundle;
  const path = join(dir, `${bundle.hash.slice(0, 12)}.jsonl.gz`);
  mkdirSync(dir, { recursive: true });
  const lines = [manifest, ...steps].map((line) => JSON.stringify(line));
  replaceFile(path, gzipSync(`${lines.join('\n')}\n`));
  return path;
}

/** Throws when the content is not what the manifest's hash says. */
export function readBundle(path: string): Bundle {
  const lines = gunzipSync(readFileSync(path)).toString('utf8').trimEnd().split('\n');
  // Written by `writeBundle`; anything else fails the hash below.
  const [manifest, ...steps] = lines.map((line) => JSON.parse(line)) as [
    Omit<Bundle, 'steps'>,
    ...Bundle['steps'],
  ];
  const bundle = freezeBundle({ ...manifest, steps });
  if (bundle.hash !== manifest.hash)
    throw new Error(
      `${path}: the bundle's content hashes to ${bundle.hash}, its manifest says ${manifest.hash}; it was altered or damaged.`,
    );
  return bundle;
}
