/**
 * Folders of this process among the temporary files. Their names hold its number: a process that is killed cannot remove
 * its own, so whoever makes one removes those that nobody owns. One touched within the hour stays, for its owner may be
 * in another container that shares them.
 */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const UNTOUCHED_MS = 3_600_000;

export async function makeScratch(kind: 'isabelle' | 'strict'): Promise<string> {
  const start = `lakatos-${kind}-`;
  const names = await readdir(tmpdir());
  await Promise.all(names.filter((name) => name.startsWith(start)).map((name) => removeLeft(name, start)));
  return mkdtemp(join(tmpdir(), `${start}${process.pid}-`));
}

async function removeLeft(name: string, start: string): Promise<void> {
  const pid = /^\d+(?=-)/.exec(name.slice(start.length))?.[0];
  if (pid === undefined || isRunning(Number(pid))) return;
  const path = join(tmpdir(), name);
  try {
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > UNTOUCHED_MS) await rm(path, { recursive: true, force: true });
  } catch {
    // Another's, or another was faster.
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
