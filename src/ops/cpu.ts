/**
 * CPU seconds of this process and everything it started, from Linux's /proc. Elsewhere there is nothing to read, and
 * nobody knows. A process that ended counts once its parent has waited for it.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Of `root` and its descendants, so far; null where /proc is not there. */
export function cpuSecondsOfTree(root: number): number | null {
  const processes = readProcesses();
  if (processes === null) return null;
  const children = Map.groupBy(processes, (p) => p.parent);
  const below = (pid: number): number =>
    (children.get(pid) ?? []).reduce((sum, child) => sum + child.seconds + below(child.pid), 0);
  return (processes.find((p) => p.pid === root)?.seconds ?? 0) + below(root);
}

interface ProcessTime {
  readonly pid: number;
  readonly parent: number;
  readonly seconds: number;
}

/** The kernel tells user space hundredths of a second, whatever its own tick. */
const TICKS = 100;

function readProcesses(): ProcessTime[] | null {
  let names: string[];
  try {
    names = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return null;
  }
  return names.flatMap((name) => {
    try {
      // After the name in brackets, which may hold anything: state, parent …, and as 12th to 15th the times, own and of children.
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const fields = stat
        .slice(stat.lastIndexOf(')') + 2)
        .split(' ')
        .map(Number);
      const ticks = fields.slice(11, 15).reduce((sum, t) => sum + t, 0);
      return [{ pid: Number(name), parent: fields[1] ?? 0, seconds: ticks / TICKS }];
    } catch {
      return []; // ended between the listing and the reading
    }
  });
}
