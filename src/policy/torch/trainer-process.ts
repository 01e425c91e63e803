/**
 * One run of the PyTorch trainer: started with a job, listened to on a channel of its own, ended when it falls silent
 * for too long or this program ends. It knows how the trainer fails, not what it does.
 *
 * Events come on descriptor 3; launchers (torchrun, accelerate) close descriptors, so under one the first process
 * connects to a UNIX socket instead.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { z } from 'zod';
import { boundToParent, LastLines } from '../../ops/child.ts';
import { LakatosError } from '../../ops/errors.ts';
import { Family } from '../../ops/family.ts';
import { UpdateRefusedError } from '../errors.ts';

const eventSchema = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('step'),
    step: z.int(),
    steps: z.int(),
    loss: z.number(),
    gradNorm: z.number(),
    tokens: z.int(),
  }),
  z.object({ event: z.literal('done'), steps: z.int(), seconds: z.number() }),
  z.object({ event: z.literal('refused'), reason: z.string() }),
  z.object({ event: z.literal('failed'), reason: z.string() }),
]);
export type TrainerEvent = z.infer<typeof eventSchema>;

export interface TrainerRun {
  /** The whole command line. */
  readonly command: readonly string[];
  /** Whether a launcher stands between, so that events need a socket. */
  readonly launched: boolean;
  /** Without an event for so long it is taken to hang. */
  readonly stallSeconds: number;
  readonly onEvent: (event: TrainerEvent) => void;
  readonly signal: AbortSignal;
}

/** From being asked to end to being killed. */
const GRACE_MILLISECONDS = 10_000;

/** Returns when the trainer is done; otherwise an error that says how it ended and its last words. */
export async function runTrainer(run: TrainerRun): Promise<void> {
  if (!run.launched) return supervise(run, {});
  const dir = await mkdtemp(join(tmpdir(), 'lakatos-events-'));
  const path = join(dir, 'socket');
  const server = createServer();
  try {
    const connected = once(server, 'connection').then(([socket]) => socket as Socket); // That event's argument.
    server.listen(path);
    await once(server, 'listening');
    await supervise(run, { LAKATOS_EVENTS: path }, connected);
  } finally {
    server.close();
    await rm(dir, { recursive: true, force: true });
  }
}

async function supervise(
  run: TrainerRun,
  env: Readonly<Record<string, string>>,
  connected?: Promise<Readable>,
): Promise<void> {
  let stalled = false;
  let timer: NodeJS.Timeout | undefined;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      stalled = true;
      end();
    }, run.stallSeconds * 1000);
  };
  const [file, ...args] = boundToParent(run.command);
  const child = execa(file, args, {
    env: { PYTHONUNBUFFERED: '1', TOKENIZERS_PARALLELISM: 'false', ...env },
    stdio: ['ignore', 'pipe', 'pipe', connected === undefined ? 'pipe' : 'ignore'],
    all: true,
    buffer: false,
    reject: false,
    detached: true,
  });
  const family = new Family(child.nodeChildProcess);
  const end = () => void family.end(GRACE_MILLISECONDS);
  const atExit = () => family.kill();
  process.once('exit', atExit);
  run.signal.addEventListener('abort', end);
  if (run.signal.aborted) end();
  // A launcher that is killed leaves its processes behind, with its pipes.
  void family.exited.then(() => family.end(0));
  let last: TrainerEvent | undefined;
  const listen = async (events: Readable) => {
    for await (const line of createInterface({ input: events })) {
      alive();
      family.look();
      last = eventSchema.parse(JSON.parse(line));
      run.onEvent(last);
    }
  };
  const tail = new LastLines();
  const words = follow(child.iterable({ from: 'all' }), tail);
  alive();
  try {
    // Typed as either direction; 'pipe' above the standard three is a stream that can be read.
    const own = child.stdio[3] as Readable;
    // A launcher may end before its first process has connected: then there is nothing to wait for.
    const listening = connected === undefined ? listen(own) : connected.then(listen);
    const ending = await Promise.race([child, listening.then(() => child)]);
    await words;
    if (connected === undefined) await listening;
    run.signal.throwIfAborted();
    if (ending.exitCode !== 0) throw failure(stalled ? silence(run) : howEnded(ending), last, tail);
  } finally {
    clearTimeout(timer);
    run.signal.removeEventListener('abort', end);
    await family.end(GRACE_MILLISECONDS);
    process.off('exit', atExit);
    await child;
  }
}

const silence = ({ stallSeconds }: TrainerRun) =>
  `was ended, for it gave no sign for ${stallSeconds} s (policy.trainer.stallSeconds)`;

const howEnded = ({ exitCode, signal }: { exitCode?: number | undefined; signal?: string | undefined }) =>
  signal === undefined ? `ended with exit code ${exitCode ?? 'unknown'}` : `ended with signal ${signal}`;

async function follow(lines: AsyncIterable<unknown>, tail: LastLines): Promise<void> {
  try {
    for await (const line of lines) tail.add(String(line));
  } catch {
    // How the process ended is told by its result.
  }
}

function failure(how: string, last: TrainerEvent | undefined, tail: LastLines): LakatosError {
  if (last?.event === 'refused') return new UpdateRefusedError(`update refused: ${last.reason}`);
  const reason = last?.event === 'failed' ? ` ${last.reason}.` : '';
  return new LakatosError(`The trainer ${how}.${reason} The old weights stay. Its last words:\n${tail.text}`);
}
