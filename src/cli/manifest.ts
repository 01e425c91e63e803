/** Versions as package.json files tell them. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** This program's. */
export const ownVersion = (): string =>
  versionIn(fileURLToPath(new URL('../../package.json', import.meta.url)));

/** `unknown` where there is no such file, or no version in it. */
export function versionIn(file: string): string {
  try {
    const manifest: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof manifest === 'object' && manifest !== null && 'version' in manifest
      ? String(manifest.version)
      : 'unknown';
  } catch {
    return 'unknown';
  }
}
