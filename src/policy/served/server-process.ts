/**
 * Servers that Lakatos starts itself, one process a replica: started with the weights to serve, waited for until their
 * health path answers, ended with everything they started when asked and with this process. It refuses an address that
 * something else goes on answering at: samples would come from who knows what.
 *
 * What runs is written down (`server-0.json` …), for a run that is killed cannot end its servers: the next one does.
 */
import { createWriteStream, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { execa } from 'execa';
import { boundToParent, LastLines } from '../../ops/child.ts';
import { LakatosError, UsageError } from '../../ops/errors.ts';
import { Family } from '../../ops/family.ts';
import { endProcesses, type KnownProcess } from '../../ops/process-tree.ts';
import { ConnectionLostError, DeadlineError } from './errors.ts';
import type { Replica } from './http.ts';

export interface ServerProcessOptions {
  readonly command: readonly string[];
  readonly health: string;
  readonly startSeconds: number;
  /** Where each replica's output goes, `server-0.log` …, and what runs is written down. */
  readonly logDir: string;
  /** How long an address may go on being answered at before that is refused; default 60. */
  readonly freeSeconds?: number;
  /** One line for a person. */
  readonly say?: ((message: string) => void) | undefined;
  /** Aborted, nothing more is started. */
  readonly signal?: AbortSignal | undefined;
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
  readonly family: Family;
  readonly tail: LastLines;
  /** Settles when all its output is in `tail`. */
  readonly followed: Promise<void>;
}

const POLL_MILLISECONDS = 250;
/** From being asked to end to being killed. */
const GRACE_MILLISECONDS = 15_000;

const run = (file: string, args: readonly string[]) =>
  execa(file, args, { stdin: 'ignore', all: true, buffer: false, reject: false, detached: true });
type Running = ReturnType<typeof run>;

export class ServerProcesses {
  readonly #options: ServerProcessOptions;
  readonly #replicas: readonly Replica[];
  readonly #children = new Map<Replica, Child>();
  #starting = new AbortController();
  readonly #atExit = () => {
    for (const { family } of this.#children.values()) family.kill();
  };

  constructor(replicas: readonly Replica[], options: ServerProcessOptions) {
    this.#replicas = replicas;
    this.#options = options;
    mkdirSync(options.logDir, { recursive: true });
    process.once('exit', this.#atExit);
  }

  /** Starts those that do not run, waits until all are healthy, and tells which were started. */
  async start(serving: Serving): Promise<readonly Replica[]> {
    const signals = [this.#starting.signal, this.#options.signal].filter((each) => each !== undefined);
    const signal = AbortSignal.any(signals);
    const started = await Promise.all(
      this.#replicas.map((replica, index) => this.#startOne(replica, index, serving, signal)),
    );
    return this.#replicas.filter((_, index) => started[index]);
  }

  /** Also ends what is just being started. */
  async stop(): Promise<void> {
    this.#starting.abort(new LakatosError('The servers were stopped while they started.'));
    this.#starting = new AbortController();
    const children = [...this.#children];
    this.#children.clear();
    await Promise.all(
      children.map(async ([replica, { family }]) => {
        await family.end(GRACE_MILLISECONDS);
        rmSync(this.#notePath(this.#replicas.indexOf(replica)), { force: true });
      }),
    );
  }

  /** For good: nothing is started after this. */
  async close(): Promise<void> {
    await this.stop();
    this.#starting.abort(new LakatosError('The servers were closed; they are not started again.'));
    process.off('exit', this.#atExit);
  }

  /** Those whose process has ended by itself. */
  get broken(): readonly Replica[] {
    return this.#replicas.filter((replica) => this.#children.get(replica)?.family.alive === false);
  }

  /** Whether that one's process ends within so long. */
  async endsWithin(replica: Replica, milliseconds: number): Promise<boolean> {
    const family = this.#children.get(replica)?.family;
    await Promise.race([family?.exited, wait(milliseconds, undefined, { ref: false })]);
    return family?.alive === false;
  }

  async #startOne(replica: Replica, index: number, serving: Serving, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    const running = this.#children.get(replica);
    if (running?.family.alive) return false;
    await running?.family.end(0);
    if (running === undefined) await endProcesses(readNote(this.#notePath(index)));
    await this.#free(replica, signal);
    signal.throwIfAborted();
    const child = this.#spawn(replica, index, serving);
    this.#children.set(replica, child);
    await this.#healthy(replica, index, child, signal);
    return true;
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
    const family = new Family(process.nodeChildProcess);
    this.#note(index, family);
    const tail = new LastLines();
    const log = createWriteStream(join(this.#options.logDir, `server-${index}.log`), { flags: 'a' });
    return { process, family, tail, followed: follow(process, tail, log) };
  }

  #notePath(index: number): string {
    return join(this.#options.logDir, `server-${index}.json`);
  }

  #note(index: number, family: Family): void {
    writeFileSync(this.#notePath(index), JSON.stringify(family.look()));
  }

  /** A server that is just ending, such as that of a run that was killed, is given time to. */
  async #free(replica: Replica, signal: AbortSignal): Promise<void> {
    const { freeSeconds = 60, say } = this.#options;
    const until = performance.now() + freeSeconds * 1000;
    for (let first = true; await this.#answers(replica); first = false) {
      if (performance.now() >= until)
        throw new UsageError(
          `policy.server.command: something still answers at ${replica.url} after ${freeSeconds} s; stop it, or leave policy.server.command out to use it.`,
          'policy.server.command',
        );
      if (first) say?.(`something answers at ${replica.url}; waiting up to ${freeSeconds} s for it to end`);
      await wait(POLL_MILLISECONDS);
      signal.throwIfAborted();
    }
  }

  async #answers(replica: Replica): Promise<boolean> {
    return replica.answer({ path: this.#options.health, seconds: 5 }).then(
      () => true,
      (error: unknown) => !(error instanceof ConnectionLostError),
    );
  }

  async #healthy(replica: Replica, index: number, child: Child, signal: AbortSignal): Promise<void> {
    const { startSeconds, health } = this.#options;
    const until = performance.now() + startSeconds * 1000;
    while (performance.now() < until) {
      signal.throwIfAborted();
      if (!child.family.alive) throw await ended(replica, child);
      const status = await replica.answer({ path: health, seconds: 10 }).then(
        (answer) => answer.status,
        (error: unknown) => {
          if (error instanceof ConnectionLostError || error instanceof DeadlineError) return 0;
          throw error;
        },
      );
      this.#note(index, child.family);
      if (status === 200) return;
      await Promise.race([wait(POLL_MILLISECONDS), child.family.exited]);
    }
    throw new DeadlineError(
      `${replica.url}: the server is not ready after ${startSeconds} s (policy.server.startSeconds). Its last words:\n${child.tail.text}`,
    );
  }
}

/** The servers of an earlier run that could not end them; whatever cannot be recognised by when it began is left alone. */
function readNote(path: string): readonly KnownProcess[] {
  try {
    const noted = JSON.parse(readFileSync(path, 'utf8')) as readonly KnownProcess[]; // written by #note alone
    return noted.filter(({ began }) => began !== null);
  } catch {
    return []; // none, or cut off in the middle of being written
  }
}

async function ended(replica: Replica, { process, family, tail, followed }: Child): Promise<LakatosError> {
  await family.end(0); // whoever still holds its pipes
  await Promise.race([followed, wait(1000, undefined, { ref: false })]);
  const { pid, exitCode, signalCode } = process.nodeChildProcess;
  const code = signalCode === null ? `exit code ${exitCode ?? 'unknown'}` : `signal ${signalCode}`;
  const how = pid === undefined ? (await process).shortMessage : code;
  return new LakatosError(
    `${replica.url}: the server ended before it was ready, ${how}. Its last words:\n${tail.text}`,
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
