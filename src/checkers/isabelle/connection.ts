/**
 * A talk with one Isabelle server over TCP: password, commands with their immediate replies (in order), tasks with their
 * later ends. It knows the protocol and nothing of theories. When the connection is lost, whatever waits is rejected with
 * a `ConnectionLost`.
 */
import { connect, type Socket } from 'node:net';
import { z } from 'zod';
import { LakatosError } from '../../ops/errors.ts';
import { encodeCommand, MessageReader, plain, type ServerMessage } from './messages.ts';

export interface ServerAddress {
  readonly port: number;
  readonly password: string;
}

/** The server went away, or speaks another protocol. */
export class ConnectionLost extends LakatosError {
  override readonly name = 'ConnectionLost';
}

/** The server answered ERROR or FAILED: its words. */
export class ServerRefusal extends LakatosError {
  override readonly name = 'ServerRefusal';
}

export interface Task {
  readonly id: string;
  /** The argument of FINISHED; rejects with `ServerRefusal` on FAILED. */
  readonly finished: Promise<unknown>;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

const HOST = '127.0.0.1';
const taskReply = z.object({ task: z.string() });
const refusal = z.union([z.string(), z.object({ message: z.string() }).transform((r) => r.message)]);

/** Resolves when the server has accepted the password. */
export async function connectTo(
  { port, password }: ServerAddress,
  onNote: (note: unknown) => void = () => {},
): Promise<Connection> {
  const socket = connect({ host: HOST, port });
  const connection = new Connection(socket, onNote);
  socket.write(`${password}\n`);
  await connection.greeting();
  return connection;
}

export class Connection {
  readonly #socket: Socket;
  readonly #reader = new MessageReader();
  /** Commands without their reply, oldest first: replies come in order. */
  readonly #replies: Waiting[] = [];
  readonly #tasks = new Map<string, Waiting>();
  /** Ends of tasks that came before the reply naming the task was read. */
  readonly #early = new Map<string, ServerMessage>();
  readonly #onNote: (note: unknown) => void;
  #lost: ConnectionLost | undefined;

  constructor(socket: Socket, onNote: (note: unknown) => void) {
    this.#socket = socket;
    this.#onNote = onNote;
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('error', (error) => this.#lose(error.message));
    socket.on('close', () => this.#lose('it closed the connection'));
  }

  greeting(): Promise<unknown> {
    return this.#reply();
  }

  /** A command that is answered at once. */
  request(name: string, argument?: unknown): Promise<unknown> {
    const reply = this.#reply();
    if (!this.#lost) this.#socket.write(encodeCommand(name, argument));
    return reply;
  }

  /** A command that starts a task. */
  async start(name: string, argument: unknown): Promise<Task> {
    const { task } = taskReply.parse(await this.request(name, argument));
    const finished = new Promise<unknown>((resolve, reject) => {
      if (this.#lost) reject(this.#lost);
      this.#tasks.set(task, { resolve, reject });
    });
    finished.catch(() => {}); // Whoever waits for it is told.
    const early = this.#early.get(task);
    this.#early.delete(task);
    if (early) this.#end(task, early);
    return { id: task, finished };
  }

  async cancel(task: Task): Promise<void> {
    await this.request('cancel', { task: task.id });
  }

  close(): void {
    this.#lose('the connection was closed here');
    this.#socket.destroy();
  }

  #reply(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#lost) reject(this.#lost);
      else this.#replies.push({ resolve, reject });
    });
  }

  #read(chunk: Buffer): void {
    try {
      for (const message of this.#reader.push(chunk)) this.#take(message);
    } catch (error) {
      this.#lose(error instanceof Error ? error.message : String(error));
      this.#socket.destroy();
    }
  }

  #take(message: ServerMessage): void {
    const { name, argument } = message;
    if (name === 'NOTE') this.#onNote(argument);
    else if (name === 'OK') this.#replies.shift()?.resolve(argument);
    else if (name === 'ERROR') this.#replies.shift()?.reject(new ServerRefusal(wordsOf(argument)));
    else if (name === 'FINISHED' || name === 'FAILED') {
      const { task } = taskReply.parse(argument);
      if (this.#tasks.has(task)) this.#end(task, message);
      else this.#early.set(task, message);
    } else throw new Error(`The Isabelle server sent a message named \`${name.slice(0, 40)}\`.`);
  }

  #end(task: string, { name, argument }: ServerMessage): void {
    const waiting = this.#tasks.get(task);
    this.#tasks.delete(task);
    if (name === 'FINISHED') waiting?.resolve(argument);
    else waiting?.reject(new ServerRefusal(wordsOf(argument)));
  }

  #lose(why: string): void {
    if (this.#lost) return;
    this.#lost = new ConnectionLost(`The Isabelle server is gone: ${why}.`);
    for (const waiting of [...this.#replies.splice(0), ...this.#tasks.values()]) waiting.reject(this.#lost);
    this.#tasks.clear();
  }
}

function wordsOf(argument: unknown): string {
  const parsed = refusal.safeParse(argument);
  return parsed.success ? plain(parsed.data) : JSON.stringify(argument);
}
