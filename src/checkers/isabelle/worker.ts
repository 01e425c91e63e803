/**
 * One Isabelle session as the pool sees it: a batch of questions under one header in, their answers out. The theories of a
 * header are loaded first, in the time a session has to start; only then does a question's time run. A batch that is not
 * through in time is cancelled and its session ended; the next batch starts another.
 *
 * A header that does not load is a fault, whatever the server says of it: which theories are here is the installation's
 * affair, and a session that is short of memory or interrupted says much the same.
 */
import { messageOf } from '../../ops/errors.ts';
import { type PoolWorker, WorkerDeath } from '../pool.ts';
import { ConnectionLost, ServerRefusal } from './connection.ts';
import type { Isabelle } from './install.ts';
import { plain } from './messages.ts';
import { type IsabelleServer, type ServerOptions, startServer, type UsedTheories } from './server.ts';
import { type Answer, answerIn, type Question, type QuestionTheory, questionTheory } from './theories.ts';

export interface Batch {
  /** Theories that stand before the questions. */
  readonly imports: readonly string[];
  readonly questions: readonly Question[];
}

export type Reply =
  | { readonly answer: Answer }
  /** No answer to the question, and what that makes of it. */
  | {
      readonly failure: 'rejected' | 'timeout' | 'memory' | 'fault';
      readonly reason: string;
      /** The header is at fault: another question under it, or another session, comes to no more. */
      readonly header?: true;
    };

export interface WorkerOptions extends ServerOptions {
  /** Longest time for one question, milliseconds. */
  readonly wallMs: number;
  /** Beyond the questions' own time: writing, parsing, looking for the end; default 10,000 milliseconds. */
  readonly graceMs?: number;
}

export async function startWorker(
  isabelle: Isabelle,
  options: WorkerOptions,
  onEnd: (ended: Promise<void>) => void,
  signal: AbortSignal,
): Promise<PoolWorker<Batch, readonly Reply[]>> {
  const worker = new IsabelleWorker(isabelle, options, onEnd);
  const kill = () => worker.kill();
  signal.addEventListener('abort', kill);
  if (signal.aborted) kill();
  await worker.session().finally(() => signal.removeEventListener('abort', kill));
  return worker;
}

/** A header that did not load is not tried again for so long. */
const HEADER_REST_MS = 600_000;

class IsabelleWorker implements PoolWorker<Batch, readonly Reply[]> {
  readonly #isabelle: Isabelle;
  readonly #options: WorkerOptions;
  /** Told of every session that is being ended. */
  readonly #onEnd: (ended: Promise<void>) => void;
  #server: IsabelleServer | undefined;
  /** Headers whose theories this session has loaded. */
  readonly #loaded = new Set<string>();
  /** Headers that did not load, why, and when they may be tried again. */
  readonly #unloadable = new Map<string, { readonly why: string; readonly until: number }>();
  readonly #killed = new AbortController();

  constructor(isabelle: Isabelle, options: WorkerOptions, onEnd: (ended: Promise<void>) => void) {
    this.#isabelle = isabelle;
    this.#options = options;
    this.#onEnd = onEnd;
  }

  async session(): Promise<IsabelleServer> {
    const { signal } = this.#killed;
    this.#server ??= await startServer(this.#isabelle, this.#options, signal);
    if (signal.aborted) this.#end();
    return this.#server ?? Promise.reject(signal.reason);
  }

  async ask({ imports, questions }: Batch): Promise<readonly Reply[]> {
    const all = (reply: Reply): Reply[] => questions.map(() => reply);
    try {
      const server = await this.session();
      const unloaded = await this.#load(server, imports);
      if (unloaded !== undefined) return all({ ...faultOf(unloaded), header: true });
      const theories = this.#spread(imports, questions);
      const { wallMs, graceMs = 10_000 } = this.#options;
      const longest = Math.max(...theories.map(({ nonces }) => nonces.length));
      const used = await this.#inTime(server, theories, longest * wallMs + graceMs);
      if (used === undefined) return all({ failure: 'timeout', reason: `no end within ${wallMs} ms` });
      if (server.spent) this.#end();
      return theories.flatMap((theory) => repliesOf(theory, used));
    } catch (error) {
      if (error instanceof WorkerDeath) throw error;
      if (error instanceof ConnectionLost) throw new WorkerDeath(error.message, { cause: error });
      return all(faultOf(messageOf(error)));
    }
  }

  async rssBytes(): Promise<number | undefined> {
    return this.#server?.rssBytes();
  }

  kill(): void {
    this.#killed.abort(new WorkerDeath('the session was ended'));
    this.#end();
  }

  #end(): void {
    if (this.#server) this.#onEnd(this.#server.end());
    this.#server = undefined;
    this.#loaded.clear();
  }

  /** Why the theories cannot be loaded, if they cannot. */
  async #load(server: IsabelleServer, imports: readonly string[]): Promise<string | undefined> {
    const key = imports.join('\n');
    if (this.#loaded.has(key)) return undefined;
    const known = this.#unloadable.get(key);
    if (known && performance.now() < known.until) return known.why;
    const said = await this.#tryToLoad(server, imports);
    if (said === undefined) {
      this.#loaded.add(key);
      return undefined;
    }
    const why = `the header (imports ${imports.join(' ')}) cannot be loaded: ${said}`;
    this.#unloadable.set(key, { why, until: performance.now() + HEADER_REST_MS });
    return why;
  }

  async #tryToLoad(server: IsabelleServer, imports: readonly string[]): Promise<string | undefined> {
    const { startMs } = this.#options;
    try {
      const used = await this.#inTime(server, [questionTheory(imports, [], 0)], startMs);
      return used ? used.errors[0] : `no end within ${startMs} ms; see checker.isabelle.startSeconds`;
    } catch (error) {
      if (error instanceof ServerRefusal) return error.message;
      if (!(error instanceof ConnectionLost)) throw error;
      this.#end(); // No question's doing yet, so no death but a fault.
      throw new Error(`the session was lost while it loaded ${imports.join(' ')}: ${error.message}`);
    }
  }

  /** As many theories as Isabelle has threads: the commands of one theory run one after the other. */
  #spread(imports: readonly string[], questions: readonly Question[]): QuestionTheory[] {
    const { threads, wallMs } = this.#options;
    const size = Math.ceil(questions.length / threads);
    return Array.from({ length: Math.ceil(questions.length / size) }, (_, i) =>
      questionTheory(imports, questions.slice(i * size, (i + 1) * size), wallMs),
    );
  }

  /** undefined when it takes longer: then the session is ended, for nobody knows when it would be free. */
  async #inTime(
    server: IsabelleServer,
    theories: readonly QuestionTheory[],
    milliseconds: number,
  ): Promise<UsedTheories | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), milliseconds);
    });
    const using = server.use(theories);
    using.catch(() => {}); // Once it is late, nobody waits for it.
    try {
      const used = await Promise.race([using, late]);
      if (used === undefined) this.#end();
      return used;
    } finally {
      clearTimeout(timer);
    }
  }
}

function repliesOf({ name, nonces }: QuestionTheory, { messages, errors }: UsedTheories): Reply[] {
  return nonces.map((nonce) => {
    try {
      return { answer: answerIn(messages.get(name) ?? [], nonce) };
    } catch (error) {
      return faultOf([messageOf(error), ...errors.slice(0, 1)].join(': '));
    }
  });
}

/** What is no answer is the session's fault, never the question's doing: a full disk, an answer that does not read. */
const faultOf = (why: string) => ({
  failure: 'fault' as const,
  reason: plain(why).slice(0, 400),
});
