/**
 * CPU seconds of a process and everything it started, from Linux's /proc. Elsewhere there is nothing to read, and nobody
 * knows. A process that ended counts once its parent has waited for it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { processTree } from './process-tree.ts';

/** Of `root` and its descendants, so far; null where /proc is not there. */
export function cpuSecondsOfTree(root: number): number | null {
  if (!existsSync('/proc/self/stat')) return null;
  return processTree(root).reduce((sum, { pid }) => sum + secondsOf(pid), 0);
}

/** The kernel tells user space hundredths of a second, whatever its own tick. */
const TICKS = 100;

/** Its own user and system time, and that of the children it waited for. */
function secondsOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // After the name in brackets, which may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS;
  } catch {
    return 0; // ended between the listing and the reading
  }
}
