/** Where a program is, as a shell would find it. */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** The first of these folders' files of that name that may be executed. */
export function findExecutable(name: string, folders: readonly string[]): string | undefined {
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
