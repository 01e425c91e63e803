/**
 * `isabelle server` as a child process with one session: started on a heap that is there, asked by theory files, ended
 * with everything it started. Isabelle puts its ML process into a process group of its own, so what is ended is the
 * family of processes. When this process is killed the server is told to end, and it ends its ML process.
 */
import { copyFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';
import { z } from 'zod';
import { groupBoundToParent } from '../../ops/child.ts';
import { Family } from '../../ops/family.ts';
import { residentBytesOfTree } from '../../ops/memory.ts';
import { type Connection, connectTo, type ServerAddress, type Task } from './connection.ts';
import { type Isabelle, IsabelleError } from './install.ts';
import { plain } from './messages.ts';
import { makeScratch } from './scratch.ts';
import { JUDGE_FILES, JUDGE_THEORY } from './theories.ts';

export interface ServerOptions {
  readonly session: string;
  /** Folders with further sessions. */
  readonly dirs: readonly string[];
  /** Isabelle's own threads. */
  readonly threads: number;
  /** Longest time until the session answers, milliseconds. */
  readonly startMs: number;
  /** Given what the server says of its progress. */
  readonly onNote?: (text: string) => void;
}

export interface UsedTheories {
  /** The texts of each theory's messages, by the name that was asked for. */
  readonly messages: ReadonlyMap<string, readonly string[]>;
  /** Errors outside our commands, e.g. an import that is not there. */
  readonly errors: readonly string[];
}

export interface TheoryFile {
  readonly name: string;
  readonly text: string;
}

const INFO = /^server "[^"]*" = 127\.0\.0\.1:(\d+) \(password "([^"]*)"\)$/;
/** After `shutdown`, how long the server may take before its processes are killed. */
const GRACE_MS = 3000;
let serial = 0;

const started = z.object({ session_id: z.string() });
const message = z.object({ kind: z.string(), message: z.string() });
const used = z.object({
  errors: z.array(message),
  nodes: z.array(z.object({ theory_name: z.string(), messages: z.array(message) })),
});
const note = z.object({ message: z.string() });

/** No proof may be put off or skipped, and answers are looked for often. */
const OPTIONS = [
  'parallel_proofs=0',
  'quick_and_dirty=false',
  'skip_proofs=false',
  'headless_consolidate_delay=0.1',
  'headless_prune_delay=1',
  'headless_check_delay=0.1',
  'headless_watchdog_timeout=0',
  'editor_input_delay=0.02',
  'editor_output_delay=0.02',
];

/** @param signal when nobody waits any more: what has been started is ended */
export async function startServer(
  isabelle: Isabelle,
  options: ServerOptions,
  signal?: AbortSignal,
): Promise<IsabelleServer> {
  signal?.throwIfAborted();
  const scratch = await makeScratch('isabelle');
  const child = launch(isabelle.tool);
  const server = new IsabelleServer(child, scratch);
  let late: NodeJS.Timeout | undefined;
  let stop = () => {};
  const tooLate = new Promise<never>((_, reject) => {
    stop = () => reject(signal?.reason);
    signal?.addEventListener('abort', stop);
    if (signal?.aborted) stop();
    const why = `${isabelle.name}: the session ${options.session} did not start within ${options.startMs} ms; see checker.isabelle.startSeconds.`;
    late = setTimeout(() => reject(new IsabelleError(why)), options.startMs);
  });
  try {
    await Promise.race([server.begin(options), tooLate]);
    return server;
  } catch (error) {
    await server.end();
    throw error;
  } finally {
    clearTimeout(late);
    signal?.removeEventListener('abort', stop);
  }
}

function launch(tool: string) {
  const [file, ...args] = groupBoundToParent([tool, 'server', '-n', `lakatos-${process.pid}-${++serial}`]);
  return execa(file, args, {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    buffer: false,
    reject: false,
    detached: true,
  });
}

type Child = ReturnType<typeof launch>;

export class IsabelleServer {
  readonly #child: Child;
  readonly #scratch: string;
  readonly #family: Family;
  readonly #atExit = () => {
    this.#family.look();
    this.#family.kill();
  };
  readonly #said: string[] = [];
  #connection: Connection | undefined;
  #sessionId = '';
  #spent = false;
  #task: Promise<Task> | undefined;
  #ending: Promise<void> | undefined;

  constructor(child: Child, scratch: string) {
    this.#child = child;
    this.#scratch = scratch;
    this.#family = new Family(child.nodeChildProcess);
    process.once('exit', this.#atExit);
    void this.#drain(child.stderr);
    void this.#family.exited.then(() => this.#connection?.close());
  }

  async begin({ session, dirs, threads, onNote }: ServerOptions): Promise<void> {
    this.#connection = await connectTo(await this.#address(), (said) => {
      const parsed = note.safeParse(said);
      if (parsed.success) onNote?.(parsed.data.message);
    });
    const options = [...OPTIONS, `threads=${threads}`];
    const task = await this.#connection.start('session_start', { session, dirs, options });
    this.#sessionId = started.parse(await task.finished).session_id;
    this.#family.look();
    for (const file of JUDGE_FILES) await copyFile(file, join(this.#scratch, basename(file)));
    const { errors } = await this.#check([JUDGE_THEORY]);
    if (errors.length > 0)
      throw new IsabelleError(`The judge's own theory does not load here: ${errors.join(' ').slice(0, 500)}`);
  }

  /** It does not forget its theories any more: to be ended, or it would grow. */
  get spent(): boolean {
    return this.#spent;
  }

  /** Writes the theories, has them checked, forgets them. One call at a time. */
  async use(theories: readonly TheoryFile[]): Promise<UsedTheories> {
    const names = theories.map(({ name }) => name);
    const files = names.map((name) => join(this.#scratch, `${name}.thy`));
    try {
      await Promise.all(theories.map(({ text }, i) => writeFile(files[i] ?? '', text)));
      const answer = await this.#check(names);
      // What has been answered stays answered.
      const purged = this.#connected().request('purge_theories', this.#about(names));
      await purged.catch(() => {
        this.#spent = true;
      });
      return answer;
    } finally {
      await Promise.all(files.map((file) => rm(file, { force: true })));
    }
  }

  async #check(names: readonly string[]): Promise<UsedTheories> {
    try {
      this.#task = this.#connected().start('use_theories', this.#about(names));
      const { nodes, errors } = used.parse(await (await this.#task).finished);
      return {
        messages: new Map(nodes.map((n) => [lastName(n.theory_name), n.messages.map((m) => m.message)])),
        errors: errors.map((e) => plain(e.message)),
      };
    } finally {
      this.#task = undefined;
    }
  }

  #about(theories: readonly string[]) {
    return { session_id: this.#sessionId, theories, master_dir: this.#scratch };
  }

  rssBytes(): number | undefined {
    const { pid } = this.#child;
    return pid === undefined ? undefined : (residentBytesOfTree(pid) ?? undefined);
  }

  /** Cancels what is running, asks the server to shut down, and kills what is left. Resolves when nothing is. */
  end(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    this.#family.look();
    if (this.#connection) {
      void this.#askToEnd(this.#connection).catch(() => {});
      await Promise.race([this.#family.exited, pause(GRACE_MS, undefined, { ref: false })]);
    }
    await this.#family.end(0);
    process.removeListener('exit', this.#atExit);
    await rm(this.#scratch, { recursive: true, force: true });
  }

  async #askToEnd(connection: Connection): Promise<void> {
    if (this.#task) await connection.cancel(await this.#task);
    await connection.request('shutdown');
  }

  #connected(): Connection {
    if (this.#connection) return this.#connection;
    throw new IsabelleError('The Isabelle server was asked before it had started.');
  }

  /** The server's first line on stdout. */
  async #address(): Promise<ServerAddress> {
    for await (const line of createInterface({ input: this.#child.stdout })) {
      const [, port, password] = INFO.exec(line) ?? [];
      if (port === undefined || password === undefined) {
        this.#said.push(line);
        continue;
      }
      this.#child.stdout.resume();
      return { port: Number(port), password };
    }
    throw new IsabelleError(
      `\`isabelle server\` ended before it named its port${this.#said.length > 0 ? `: ${this.#said.slice(-5).join(' ')}` : '.'}`,
    );
  }

  async #drain(stderr: NodeJS.ReadableStream): Promise<void> {
    for await (const line of createInterface({ input: stderr })) {
      this.#said.push(line);
      if (this.#said.length > 20) this.#said.shift();
    }
  }
}

/** `Draft.Name` → `Name`. */
const lastName = (theory: string): string => theory.slice(theory.lastIndexOf('.') + 1);
