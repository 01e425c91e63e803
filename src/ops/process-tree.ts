/**
 * A process and everything below it, from Linux's /proc, for programs whose children lead process groups of their own. A
 * process is known by its number and when it began, so that a number given to another meanwhile is left alone. Elsewhere
 * only the root is known.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

export interface KnownProcess {
  readonly pid: number;
  /** Clock ticks since boot; null where the system does not say. */
  readonly began: number | null;
}

interface Entry extends KnownProcess {
  readonly parent: number;
  /** It has ended and waits for its parent to notice. */
  readonly defunct: boolean;
}

/** `root` first, then its descendants. */
export function processTree(root: number): KnownProcess[] {
  const children = Map.groupBy(entries(), (entry) => entry.parent);
  const below = (pid: number): KnownProcess[] =>
    (children.get(pid) ?? []).flatMap((child) => [child, ...below(child.pid)]);
  return [{ pid: root, began: entryOf(root)?.began ?? null }, ...below(root)];
}

/** Kills them and resolves when they are gone; after a second even if the system has not let one go. */
export async function endProcesses(processes: readonly KnownProcess[]): Promise<void> {
  killProcesses(processes);
  for (let i = 0; i < 100 && processes.some(isThere); i++) await pause(10);
}

/** SIGKILL, to those that are still what they were. */
export function killProcesses(processes: readonly KnownProcess[]): void {
  for (const { pid } of processes.filter((known) => known.began === null || isThere(known))) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  }
}

function isThere({ pid, began }: KnownProcess): boolean {
  const entry = entryOf(pid);
  return entry !== undefined && !entry.defunct && entry.began === began;
}

function entries(): Entry[] {
  try {
    return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (entryOf(Number(name)) ?? []) : []));
  } catch {
    return [];
  }
}

/** Of `pid (name) state parent …`, where the name may hold anything; the 22nd field is when it began. */
function entryOf(pid: number): Entry | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { pid, parent: Number(fields[1]), defunct: fields[0] === 'Z', began: Number(fields[19]) };
  } catch {
    return undefined; // ended between the listing and the reading
  }
}
