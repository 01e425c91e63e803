/** Runs of the fakes that are killed again and again. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { QueueCheckerOptions } from '../../src/checkers/queue/queue-checker.ts';
import { STEPS } from '../../src/selfplay/round.ts';

/** Where a process of a run ends itself. */
export type Death =
  | { readonly at: 'begin' | 'before-commit' | 'after-commit'; readonly round: number; readonly step: string }
  /** At its so manieth answer of policy or judge; or there its server dies, and it goes on. */
  | { readonly at: 'answer'; readonly number: number; readonly whom?: 'server' }
  /** When its trainer has died, with the output not there yet or just there. */
  | { readonly at: 'training'; readonly output: 'missing' | 'there' };

export interface Life {
  readonly dir: string;
  readonly death?: Death | undefined;
  /** Judged through this queue instead of in the process. */
  readonly queue?: Omit<QueueCheckerOptions, 'warn'> | undefined;
  /** Its policy is behind a double of a server, which it starts there, and learns by a script. */
  readonly served?: { readonly model: string; readonly port: number } | undefined;
}

/** Every boundary between two phases, in the order of a run of two rounds. */
export function boundaries(at: 'begin' | 'before-commit' | 'after-commit'): Death[] {
  const rounds = [1, 2].flatMap((round) => Object.keys(STEPS).map((step) => ({ at, round, step })));
  return [{ at, round: 0, step: 'evaluate' }, ...rounds];
}

const program = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

/** Lives one life; was it killed? Anything but a death by SIGKILL or a natural end is an error. */
export async function live(life: Life): Promise<boolean> {
  const child = spawn(process.execPath, [program('mortal-main.ts'), JSON.stringify(life)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (text) => {
    said += String(text);
  });
  await once(child, 'close');
  if (child.signalCode === 'SIGKILL') return true;
  if (child.exitCode === 0) return false;
  throw new Error(`A run ended with ${child.exitCode ?? child.signalCode}: ${said}`);
}

/** One life for every death, and one that lives to the end. Returns how many of them were killed. */
export async function liveThrough(
  dir: string,
  deaths: readonly Death[],
  rest: Pick<Life, 'queue' | 'served'> = {},
): Promise<number> {
  let killed = 0;
  for (const death of deaths) killed += (await live({ dir, death, ...rest })) ? 1 : 0;
  await live({ dir, ...rest });
  return killed;
}

export interface WorkerLife extends Pick<QueueCheckerOptions, 'url' | 'prefix' | 'standing'> {
  /** It dies at this one. */
  readonly answers: number;
}

/** Worker processes that die one after the other, each replaced at once, until they are told to stop. */
export class MortalWorkers {
  killed = 0;
  readonly #next: () => WorkerLife;
  readonly #alive = new Set<ChildProcess>();
  #stopped = false;

  /** `next` says how the next one lives. */
  constructor(count: number, next: () => WorkerLife) {
    this.#next = next;
    for (let i = 0; i < count; i++) this.#start();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const ends = [...this.#alive].map((child) => once(child, 'close'));
    for (const child of this.#alive) child.kill('SIGKILL');
    await Promise.all(ends);
  }

  #start(): void {
    const child = fork(program('mortal-worker.ts'), [JSON.stringify(this.#next())]);
    this.#alive.add(child);
    child.once('close', () => {
      this.#alive.delete(child);
      if (this.#stopped) return;
      this.killed++;
      this.#start();
    });
  }
}
