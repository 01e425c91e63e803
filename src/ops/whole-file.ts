/** Files that are written whole or not at all: what is read is the old content or the new. */
import { closeSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { explainFileError } from './disk.ts';

/** The content, in place of what was there. */
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
