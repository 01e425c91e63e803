/**
 * Where the files lie that the package ships (configs/, data/, models/, prompts/): in the working directory under the
 * name given, as in a checkout, else beside the program, as when it is installed. A name that is neither stays as it is,
 * for whoever reads it to refuse.
 */
import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';

export function shippedPath(path: string): string {
  if (isAbsolute(path) || existsSync(path)) return path;
  const own = fileURLToPath(new URL(`../../${path}`, import.meta.url));
  return existsSync(own) ? own : path;
}
