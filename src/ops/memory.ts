/**
 * Memory: asked for before work begins, and the peak of this process and everything it started, from Linux's /proc.
 * Elsewhere there is nothing to read, and the peak stays unknown. Shared pages are counted once a process, so the sum
 * errs high.
 */
import { existsSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { LakatosError } from './errors.ts';
import { processTree } from './process-tree.ts';

/** Too little memory to begin. */
export class MemoryShortError extends LakatosError {
  override readonly name = 'MemoryShortError';
}

/** Throws `MemoryShortError` unless `bytes` are available to this process, its container's limit included. */
export function requireFreeMemory(
  bytes: number,
  purpose: string,
  available = process.availableMemory(),
): void {
  if (available < bytes)
    throw new MemoryShortError(
      `${purpose} needs ${megabytes(bytes)} of free memory, found ${megabytes(available)}; end other programs, give the container more, or lower nightly.minFreeMemoryMb.`,
    );
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;

export interface MemoryWatch {
  /** Bytes; null where /proc is not there. */
  peak(): number | null;
  stop(): void;
}

/** Samples every `seconds`, default 2, and never keeps the process alive. */
export function watchMemory(seconds = 2): MemoryWatch {
  let peak = residentBytesOfTree(process.pid);
  const sample = () => {
    const now = residentBytesOfTree(process.pid);
    if (now !== null) peak = Math.max(peak ?? 0, now);
  };
  const timer = setInterval(sample, seconds * 1000).unref();
  return {
    peak: () => {
      sample();
      return peak;
    },
    stop: () => clearInterval(timer),
  };
}

/** Resident bytes of `root` and its descendants; null where /proc is not there. */
export function residentBytesOfTree(root: number): number | null {
  if (!existsSync('/proc/self/status')) return null;
  return processTree(root).reduce((sum, { pid }) => sum + residentBytes(pid), 0);
}

function residentBytes(pid: number): number {
  try {
    return bytesIn(readFileSync(`/proc/${pid}/status`, 'utf8'), 'VmRSS') ?? 0;
  } catch {
    return 0; // ended between the listing and the reading
  }
}

/** A line such as `VmRSS:     1024 kB`; undefined where there is none. */
function bytesIn(status: string, key: string): number | undefined {
  const kib = new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1];
  return kib === undefined ? undefined : 1024 * Number(kib);
}

/**
 * Resident bytes of `root` and its descendants that are their own: pages of files, which a library that is mapped into
 * memory consists of, are shared and can be dropped. Looks at these processes only; undefined where /proc does not say.
 */
export async function ownBytesOfTree(root: number): Promise<number | undefined> {
  try {
    const children = (await childrenOf(root)).map(ownBytesOfTree);
    const status = await readFile(`/proc/${root}/status`, 'utf8');
    const [anonymous, shared] = [bytesIn(status, 'RssAnon'), bytesIn(status, 'RssShmem')];
    const known = anonymous !== undefined && shared !== undefined;
    const own = known ? anonymous + shared : bytesIn(status, 'VmRSS');
    const below = await Promise.all(children);
    return own === undefined ? undefined : below.reduce<number>((sum, bytes) => sum + (bytes ?? 0), own);
  } catch {
    return undefined; // it has ended, or there is no /proc
  }
}

/** Those of each of its threads. A kernel without these files knows of no children. */
async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '')),
  );
  return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
}
