/**
 * One judge process as the pool sees it: a JSON request a line, a JSON answer a line, in order. Each request has a number
 * of its own, which its answer repeats: an answer too many is never taken for that of the next attempt.
 */
import { z } from 'zod';
import { messageOf } from '../../ops/errors.ts';
import { type PoolWorker, WorkerDeath } from '../pool.ts';
import type { LeanExit, LeanProcess } from './process.ts';

export type LeanRequest = Readonly<Record<string, unknown>>;

const numbered = z.looseObject({ id: z.number() });
const greeting = z.object({ ready: z.string() });

/** Resolves once the judge has said that it is ready; rejects when the signal ends it before. */
export async function asWorker<Answer>(
  lean: LeanProcess,
  parse: (answer: unknown) => Answer,
  signal?: AbortSignal,
): Promise<PoolWorker<LeanRequest, Answer>> {
  const kill = () => lean.kill();
  signal?.addEventListener('abort', kill);
  if (signal?.aborted) kill();
  const lines = lean.lines[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (!done) return value;
    throw new WorkerDeath(describeExit(await lean.exited));
  };
  try {
    read(await nextLine(), greeting.parse);
  } catch (error) {
    kill();
    throw error;
  } finally {
    signal?.removeEventListener('abort', kill);
  }
  let [asked, ended] = [0, false];
  void lean.exited.then(() => {
    ended = true;
  });
  return {
    async ask(request) {
      const id = ++asked;
      lean.send(JSON.stringify({ ...request, id }));
      return read(await nextLine(), (said) => {
        const answer = numbered.parse(said);
        if (answer.id !== id) throw new Error(`it is the answer to question ${answer.id}, not to ${id}`);
        return parse(answer);
      });
    },
    rssBytes: () => lean.rssBytes(),
    hasEnded: () => ended,
    kill,
  };
}

function read<T>(line: string, as: (said: unknown) => T): T {
  try {
    return as(JSON.parse(line));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : messageOf(cause);
    throw new Error(`cannot read what the judge said (${why}): ${line.slice(0, 200)}`, { cause });
  }
}

function describeExit({ code, signal, said }: LeanExit): string {
  const how = signal === undefined ? `exit code ${code}` : `signal ${signal}`;
  const why = said.split('\n').find((line) => /error|exception|abort|out of/i.test(line));
  return why === undefined ? how : `${how}, ${why.trim().slice(0, 200)}`;
}
