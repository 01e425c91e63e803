/** One judge process as the pool sees it: a JSON request a line, a JSON answer a line, in order. */
import { type PoolWorker, WorkerDeath } from '../pool.ts';
import type { LeanExit, LeanProcess } from './process.ts';

export type LeanRequest = Readonly<Record<string, unknown>> & { readonly id: string };

/** Resolves once the judge has said that it is ready; rejects when the signal ends it before. */
export async function asWorker<Answer>(
  lean: LeanProcess,
  parse: (line: string) => Answer,
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
  await nextLine().finally(() => signal?.removeEventListener('abort', kill)); // the greeting
  return {
    async ask(request) {
      lean.send(JSON.stringify(request));
      return parse(await nextLine());
    },
    rssBytes: () => lean.rssBytes(),
    kill,
  };
}

function describeExit({ code, signal, said }: LeanExit): string {
  const how = signal === undefined ? `exit code ${code}` : `signal ${signal}`;
  const why = said.split('\n').find((line) => /error|abort|out of/i.test(line));
  return why === undefined ? how : `${how}, ${why.trim().slice(0, 200)}`;
}
