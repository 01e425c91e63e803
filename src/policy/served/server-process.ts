/**
 * Servers that Lakatos starts itself, one process a replica: started with the weights to serve, waited for until their
 * health path answers, ended when asked and with this process. It refuses an address that something else answers at:
 * samples would come from who knows what.
 */
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { execa } from 'execa';
import { boundToParent, LastLines } from '../../ops/child.ts';
import { LakatosError, UsageError } from '../../ops/errors.ts';
import { ConnectionLostError, DeadlineError } from './errors.ts';
import type { Replica } from './http.ts';

export interface ServerProcessOptions {
  readonly command: readonly string[];
  readonly health: string;
  readonly startSeconds: number;
  /** Where each replica's output goes, `server-0.log` … */
  readonly logDir: string;
}

/** What the servers are started with. */
export interface Serving {
  /** Directory of the weights. */
  readonly model: string;
  /** The id they are to be served under. */
  readonly name: string;
}

interface Child {
  readonly process: Running;
  readonly tail: LastLines;
  /** Settles when all its output is in `tail`. */
  readonly followed: Promise<void>;
  ended: boolean;
}

const POLL_MILLISECONDS = 250;

const run = (file: string, args: readonly string[]) =>
  execa(file, args, {
    stdin: 'ignore',
    all: true,
    buffer: false,
    reject: false,
    forceKillAfterDelay: 15_000,
  });
type Running = ReturnType<typeof run>;

export class ServerProcesses {
  readonly #options: ServerProcessOptions;
  readonly #replicas: readonly Replica[];
  readonly #children = new Map<Replica, Child>();

  constructor(replicas: readonly Replica[], options: ServerProcessOptions) {
    this.#replicas = replicas;
    this.#options = options;
    mkdirSync(options.logDir, { recursive: true });
  }

  /** Starts those that do not run, and waits until all are healthy. */
  async start(serving: Serving): Promise<void> {
    await Promise.all(this.#replicas.map((replica, index) => this.#startOne(replica, index, serving)));
  }

  async stop(): Promise<void> {
    const children = [...this.#children.values()];
    this.#children.clear();
    for (const { process } of children) process.kill('SIGTERM');
    await Promise.all(children.map(({ process }) => process));
  }

  /** Whether a replica's process has ended by itself. */
  get broken(): boolean {
    return [...this.#children.values()].some(({ ended }) => ended);
  }

  async #startOne(replica: Replica, index: number, serving: Serving): Promise<void> {
    const running = this.#children.get(replica);
    if (running !== undefined && !running.ended) return;
    await this.#refuseOccupied(replica);
    const child = this.#spawn(replica, index, serving);
    this.#children.set(replica, child);
    await this.#healthy(replica, child);
  }

  #spawn(replica: Replica, index: number, { model, name }: Serving): Child {
    const { hostname, port, protocol } = new URL(replica.url);
    const values: Readonly<Record<string, string>> = {
      model,
      name,
      index: String(index),
      host: hostname,
      port: port || (protocol === 'https:' ? '443' : '80'),
    };
    const filled = this.#options.command.map((part) =>
      part.replaceAll(/\{(\w+)\}/g, (whole, key: string) => values[key] ?? whole),
    );
    const [file, ...args] = boundToParent(filled);
    const process = run(file, args);
    const tail = new LastLines();
    const log = createWriteStream(join(this.#options.logDir, `server-${index}.log`), { flags: 'a' });
    const child: Child = { process, tail, followed: follow(process, tail, log), ended: false };
    void process.then(() => {
      child.ended = true;
    });
    return child;
  }

  async #refuseOccupied(replica: Replica): Promise<void> {
    const answered = await replica.answer({ path: this.#options.health, seconds: 5 }).then(
      () => true,
      (error: unknown) => !(error instanceof ConnectionLostError),
    );
    if (answered)
      throw new UsageError(
        `policy.server.command: something already answers at ${replica.url}; stop it, or leave policy.server.command out to use it.`,
        'policy.server.command',
      );
  }

  async #healthy(replica: Replica, child: Child): Promise<void> {
    const { startSeconds, health } = this.#options;
    const until = performance.now() + startSeconds * 1000;
    while (performance.now() < until) {
      if (child.ended) throw await ended(replica, child);
      const status = await replica.answer({ path: health, seconds: 10 }).then(
        (answer) => answer.status,
        (error: unknown) => {
          if (error instanceof ConnectionLostError || error instanceof DeadlineError) return 0;
          throw error;
        },
      );
      if (status === 200) return;
      await Promise.race([wait(POLL_MILLISECONDS), child.process]);
    }
    throw new DeadlineError(
      `${replica.url}: the server is not ready after ${startSeconds} s (policy.server.startSeconds). Its last words:\n${child.tail.text}`,
    );
  }
}

async function ended(replica: Replica, { process, tail, followed }: Child): Promise<LakatosError> {
  await followed;
  const { exitCode, signal, shortMessage } = await process;
  const how = signal === undefined ? `exit code ${exitCode ?? 'unknown'}` : `signal ${signal}`;
  const why = exitCode === undefined && signal === undefined ? ` (${shortMessage})` : '';
  return new LakatosError(
    `${replica.url}: the server ended before it was ready, ${how}${why}. Its last words:\n${tail.text}`,
  );
}

async function follow(process: Running, tail: LastLines, log: NodeJS.WritableStream): Promise<void> {
  try {
    for await (const line of process.iterable({ from: 'all' })) {
      tail.add(String(line));
      log.write(`${line}\n`);
    }
  } catch {
    // How the process ended is told where it is awaited.
  } finally {
    log.end();
  }
}
