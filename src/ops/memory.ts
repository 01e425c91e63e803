/**
 * Memory: asked for before work begins, and the peak of this process and everything it started, from Linux's /proc.
 * Elsewhere there is nothing to read, and the peak stays unknown. Shared pages are counted once a process, so the sum
 * errs high.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { LakatosError } from './errors.ts';

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
  const processes = readProcesses();
  if (processes === null) return null;
  const children = Map.groupBy(processes, (p) => p.parent);
  const total = (pid: number): number =>
    (children.get(pid) ?? []).reduce((sum, child) => sum + child.bytes + total(child.pid), 0);
  return (processes.find((p) => p.pid === root)?.bytes ?? 0) + total(root);
}

/**
 * Resident bytes of `root` and its descendants that are their own: pages of files, which a library that is mapped into
 * memory consists of, are shared and can be dropped. Looks at these processes only; undefined where /proc does not say.
 */
export async function ownBytesOfTree(root: number): Promise<number | undefined> {
  try {
    const children = (await childrenOf(root)).map(ownBytesOfTree);
    const status = await readFile(`/proc/${root}/status`, 'utf8');
    const field = (key: string) => 1024 * Number(status.match(new RegExp(`^${key}:\\s+(\\d+)`, 'm'))?.[1]);
    const own = field('RssAnon') + field('RssShmem');
    const below = (await Promise.all(children)).map((bytes) => bytes ?? 0);
    const all = below.reduce((sum, bytes) => sum + bytes, Number.isNaN(own) ? field('VmRSS') : own);
    return Number.isNaN(all) ? undefined : all;
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

interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly bytes: number;
}

function readProcesses(): ProcessEntry[] | null {
  let names: string[];
  try {
    names = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return null;
  }
  return names.flatMap((name) => {
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8');
      const field = (key: string) => Number(status.match(new RegExp(`^${key}:\\s+(\\d+)`, 'm'))?.[1] ?? 0);
      return [{ pid: Number(name), parent: field('PPid'), bytes: field('VmRSS') * 1024 }];
    } catch {
      return []; // ended between the listing and the reading
    }
  });
}
