/**
 * What the judging code is, as one hash: every file of the checkers, every Lean program and Isabelle theory. Verdicts are remembered
 * under it, so that no change to the judge can live with verdicts of its predecessor. It errs towards judging again.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDERS = ['.', '../../lean', '../../isabelle'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

/** 64 hex digits. */
export function judgingRules(folders: readonly string[] = FOLDERS): string {
  const hash = createHash('sha256');
  for (const folder of folders)
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()) {
      if (!/\.(ts|js|lean|thy|ML)$/.test(name)) continue;
      const content = readFileSync(join(folder, name));
      hash.update(JSON.stringify([name, content.length])).update(content);
    }
  return hash.digest('hex');
}
