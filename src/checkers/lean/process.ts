/**
 * A Lean program as a child process, and the talk with it. Which Lean it is, embedded.ts and native.ts decide.
 *
 * Framing: the first line the program gets is a random nonce; of its stdout only lines that begin with the nonce are
 * the program's own, and only whole ones. Whatever else is printed, by the runtime or by anything a candidate proof makes
 * run, is noise.
 * Not covered: the nonce is in the process's memory, so code that can read memory could forge a line. Pure Lean cannot.
 *
 * The child leads a process group of its own, and the group is what is killed.
 */
import { randomBytes } from 'node:crypto';
import { execa } from 'execa';
import { ownBytesOfTree } from '../../ops/memory.ts';
import { killProcesses, processTree } from '../../ops/process-tree.ts';

export interface LeanExit {
  readonly code: number | undefined;
  readonly signal: string | undefined;
  /** The last it said of itself, on stdout or stderr. */
  readonly said: string;
}

export interface LeanProcess {
  readonly pid: number | undefined;
  /** Writes one line (without its newline). Writing to a process that has ended does nothing. */
  send(line: string): void;
  /** The program's own lines, the nonce taken off; ends when the process does. For one reader. */
  readonly lines: AsyncIterable<string>;
  /** Resolves when the process has ended, however it ended. */
  readonly exited: Promise<LeanExit>;
  kill(): void;
  /** Resident memory of all its processes now, in bytes; undefined where the system does not say. */
  rssBytes(): Promise<number | undefined>;
}

export interface LeanCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** The whole environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Given everything on stdout and stderr that is not the program's own, line by line. */
  readonly onNoise?: ((line: string) => void) | undefined;
}

/** How long what a judge is wrapped in may take to end after it. */
const WRAPPING_MS = 1000;
const KEPT = { lines: 20, charactersOfEach: 1000 };

/** One listener for all of them: each of its own is more than ten where there are many judges, and Node warns of that. */
const killsAtExit = new Set<() => void>();
const killAll = (): void => {
  for (const kill of killsAtExit) kill();
};

export function startLean({ file, args, env, cwd, onNoise }: LeanCommand): LeanProcess {
  const nonce = randomBytes(16).toString('hex');
  const child = execa(file, args, {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    buffer: false,
    reject: false,
    env,
    extendEnv: false,
    detached: true,
    ...(cwd === undefined ? {} : { cwd }),
  });
  const said: string[] = [];
  const onNoiseKept = (line: string): void => {
    onNoise?.(line);
    if (line.trim() === '' || line.startsWith('[DEBUG')) return;
    said.push(line.slice(0, KEPT.charactersOfEach));
    if (said.length > KEPT.lines) said.shift();
  };
  void drain(child.iterable({ from: 'stderr' }), onNoiseKept);
  child.stdin.on('error', () => {}); // EPIPE once it has ended; `exited` tells.
  child.stdin.write(`${nonce}\n`);
  const killAtOnce = () => killGroup(child.pid);
  if (!process.listeners('exit').includes(killAll)) process.once('exit', killAll);
  killsAtExit.add(killAtOnce);
  return {
    pid: child.pid,
    send: (line) => void (child.stdin.writable && child.stdin.write(`${line}\n`)),
    lines: ownLines(child.iterable({ from: 'stdout', preserveNewlines: true }), nonce, onNoiseKept),
    exited: child.then(({ exitCode, signal, originalMessage }) => {
      killsAtExit.delete(killAtOnce);
      return { code: exitCode, signal, said: said.join('\n') || (originalMessage ?? '') };
    }),
    kill: () => killBelow(child.pid, killAtOnce, child),
    rssBytes: async () => (child.pid === undefined ? undefined : await ownBytesOfTree(child.pid)),
  };
}

/** Of lines that end in a newline each but maybe the last: those that begin with the nonce, without it; others go to `onNoise`. */
export async function* ownLines(
  lines: AsyncIterable<string>,
  nonce: string,
  onNoise: (line: string) => void,
): AsyncGenerator<string, void, undefined> {
  for await (const line of lines) {
    const whole = line.endsWith('\n');
    const text = line.replace(/\r?\n$/, '');
    // What a process was killed over is no answer, even where it reads like one.
    if (whole && text.startsWith(nonce)) yield text.slice(nonce.length);
    else onNoise(text);
  }
}

/**
 * Those below it, what it is wrapped in then ends by itself: killed beside them, it could not wait for them, and their CPU
 * time would be lost (ops/cpu.ts). What has not ended by then is killed.
 */
function killBelow(pid: number | undefined, killAtOnce: () => void, ended: Promise<unknown>): void {
  const below = pid === undefined ? [] : processTree(pid).slice(1);
  if (below.length === 0) killAtOnce();
  killProcesses(below);
  const late = setTimeout(killAtOnce, WRAPPING_MS);
  void ended.then(() => clearTimeout(late));
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

async function drain(lines: AsyncIterable<string>, use: (line: string) => void): Promise<void> {
  for await (const line of lines) use(line);
}
