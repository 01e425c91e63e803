/**
 * A child program and everything it starts, ended together. Spawned `detached` it leads a process group of its own, so
 * that Ctrl-C in a terminal reaches this program alone. What it has started is looked for while it lives: once it has
 * died nobody can tell, and its children may go on, holding its pipes, an address or a GPU.
 */
import type { ChildProcess } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { endProcesses, type KnownProcess, killProcesses, processTree } from './process-tree.ts';

export class Family {
  /** Settles when the child itself has ended, whoever holds its pipes. */
  readonly exited: Promise<void>;
  readonly #pid: number | undefined;
  #alive: boolean;
  #known: readonly KnownProcess[] = [];

  constructor(child: Pick<ChildProcess, 'pid' | 'once'>) {
    this.#pid = child.pid;
    this.#alive = child.pid !== undefined;
    this.exited = new Promise((done) => {
      if (!this.#alive) done();
      child.once('exit', () => {
        this.#alive = false;
        done();
      });
    });
    this.look();
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Takes note of who belongs to it now; returns them, the child first. */
  look(): readonly KnownProcess[] {
    if (this.#alive && this.#pid !== undefined) this.#known = processTree(this.#pid);
    return this.#known;
  }

  /** Asks the child to end, and kills what is left of all of them when it has, or after the grace. */
  async end(graceMilliseconds: number): Promise<void> {
    this.look();
    if (this.#alive) {
      signal(this.#pid, 'SIGTERM');
      await Promise.race([this.exited, pause(graceMilliseconds, undefined, { ref: false })]);
    }
    this.kill();
    await endProcesses(this.#left());
  }

  /** At once, e.g. when this process itself ends. */
  kill(): void {
    killProcesses(this.#left());
    if (this.#pid !== undefined) signal(-this.#pid, 'SIGKILL'); // its group
  }

  /** An ended child's number may be another's by now. */
  #left(): readonly KnownProcess[] {
    return this.#alive ? this.#known : this.#known.filter(({ pid }) => pid !== this.#pid);
  }
}

function signal(pid: number | undefined, name: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(pid, name);
  } catch {
    // It has ended already.
  }
}
