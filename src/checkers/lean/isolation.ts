/**
 * What the system offers to shut a Lean process in, tried out once a process. On Linux with user namespaces and util-linux:
 * no network, every file system read-only, a scratch folder in memory of its own, a process namespace of its own, and no
 * right to undo any of it. It ends with this process, however that ends, and what it has started ends with it.
 *
 * Not covered: sockets that are files (`/run/docker.sock`), what can be read, seccomp filters and cgroups; those are a
 * container's affair. Node's permission model is embedded.ts's.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

export interface Isolation {
  readonly name: 'shut in' | 'without a network' | 'bound' | 'free';
  /** No network but a loopback of its own. */
  readonly network: boolean;
  /** Every file system is read-only, but for the scratch folder; processes of others are out of reach. */
  readonly files: boolean;
  /** It ends when this process does, kill -9 included. */
  readonly bound: boolean;
  /** The command as it is to be run, in the scratch folder where one is given: an empty one that is there. */
  wrap(command: readonly string[], scratch?: string): readonly string[];
}

const NEW_NETWORK = ['unshare', '--user', '--map-root-user', '--net'];
/** After that, since the kernel forgets whom to tell of a parent's death when a user namespace is entered. */
const BOUND = ['setpriv', '--pdeathsig', 'KILL', '--'];
const NEW_PROCESSES = ['unshare', '--pid', '--fork', '--kill-child', '--'];
const NO_RIGHTS = ['setpriv', '--no-new-privs', '--inh-caps=-all', '--bounding-set=-all', '--'];
/** The list of mounts is taken before any changes; blanks in it are written in octal. */
const READ_ONLY = `set -f
mounts=$(cut -d' ' -f5 /proc/self/mountinfo) || exit
for at in $mounts; do mount -o remount,bind,ro "$(printf %b "$at")" || exit; done
if [ -n "$1" ]; then mount -t tmpfs -o size=64m,mode=700 lakatos "$1" || exit; fi`;
const IN_FOLDER = 'if [ -n "$1" ]; then cd "$1" || exit; fi; shift; exec "$@"';

const inShell = (script: string, scratch = ''): string[] => ['sh', '-c', script, 'sh', scratch];

/** The most first. */
export const LADDER: readonly Isolation[] = [
  {
    name: 'shut in',
    network: true,
    files: true,
    bound: true,
    wrap: (command, scratch) => [
      ...[...NEW_NETWORK, '--mount', '--', ...BOUND, ...NEW_PROCESSES],
      ...[...inShell(`${READ_ONLY}\n${IN_FOLDER}`, scratch), ...NO_RIGHTS, ...command],
    ],
  },
  {
    name: 'without a network',
    network: true,
    files: false,
    bound: true,
    wrap: (command, scratch) => [
      ...[...NEW_NETWORK, '--', ...BOUND, ...inShell(IN_FOLDER, scratch), ...NO_RIGHTS, ...command],
    ],
  },
  {
    name: 'bound',
    network: false,
    files: false,
    bound: true,
    wrap: (command, scratch) => [...BOUND, ...inShell(IN_FOLDER, scratch), ...command],
  },
  {
    name: 'free',
    network: false,
    files: false,
    bound: false,
    wrap: (command, scratch) => [...inShell(IN_FOLDER, scratch), ...command],
  },
];

let tried: Promise<Isolation> | undefined;

/** The most that works here. */
export function isolation(): Promise<Isolation> {
  tried ??= firstThatWorks();
  return tried;
}

async function firstThatWorks(): Promise<Isolation> {
  for (const step of LADDER) if (await worksHere(step)) return step;
  throw new Error('There is no shell `sh` on the PATH, which Lean processes are started with.');
}

export async function worksHere({ wrap }: Isolation): Promise<boolean> {
  const scratch = await mkdtemp(join(tmpdir(), 'lakatos-try-'));
  try {
    const [file = 'sh', ...args] = wrap(['true'], scratch);
    return !(await execa(file, args, { reject: false, timeout: 10_000 })).failed;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
