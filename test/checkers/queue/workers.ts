/** Worker processes with an instant judge, and what they told. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Standing } from '../../../src/checkers/standing.ts';

export interface InstantWorker {
  readonly url: string;
  readonly prefix: string;
  readonly standing: Standing;
  /** A proof with this word is begun and never answered. */
  readonly holdAt?: string;
  /** At a proof with this word it is asked to stop. */
  readonly drainAt?: string;
  /** Every verdict is a fault. */
  readonly fail?: boolean;
}

const PROGRAM = fileURLToPath(new URL('fixtures/instant-worker.ts', import.meta.url));

export class WorkerProcess {
  /** Proofs it has begun to judge, in order. */
  readonly judged: string[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #waiting = new Set<() => void>();

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = once(child, 'exit');
    child.on('message', (message) => {
      const [word, ...rest] = String(message).split(' ');
      if (word === 'judge') this.judged.push(rest.join(' '));
      for (const look of this.#waiting) look();
    });
  }

  static async start(options: InstantWorker): Promise<WorkerProcess> {
    const child = fork(PROGRAM, [JSON.stringify(options)]);
    const worker = new WorkerProcess(child);
    await once(child, 'message'); // ready
    return worker;
  }

  /** Resolves when it has begun a proof with that word. */
  reached(word: string): Promise<void> {
    return this.#until(() => this.judged.some((proof) => proof.includes(word)));
  }

  /** Resolves when it has told of so many proofs: an answer may be here before the word that it was begun. */
  told(count: number): Promise<void> {
    return this.#until(() => this.judged.length >= count);
  }

  async #until(isSo: () => boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      const look = () => {
        if (!isSo()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Resolves with the exit code. */
  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    this.#child.kill(signal);
    return await this.ended();
  }

  /** The exit code, once it has ended. */
  async ended(): Promise<number | null> {
    await this.#ended;
    return this.#child.exitCode;
  }
}
