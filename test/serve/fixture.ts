/** An app over a fake checker, and requests to it without a socket. */
import { pino } from 'pino';
import { z } from 'zod';
import type { Checker } from '../../src/checkers/checker.ts';
import { type AppOptions, createApp } from '../../src/serve/app.ts';
import { Desk } from '../../src/serve/desk.ts';
import { ServeMetrics } from '../../src/serve/metrics.ts';
import { fakeChecker } from '../checkers/fake-checker.ts';

export interface Setup extends Partial<AppOptions> {
  readonly checker?: Checker;
  readonly maxQueue?: number;
  readonly inHand?: number;
}

export function setUp({ checker = fakeChecker(), maxQueue = 100, inHand = 8, ...options }: Setup = {}) {
  const metrics = new ServeMetrics();
  const failures: unknown[] = [];
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const desk = new Desk({ checker, maxQueue, inHand, metrics, onFailure: (error) => failures.push(error) });
  const app = createApp({ desk, metrics, log, maxBodyBytes: 100_000, ...options });
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    app.request(path, {
      method: 'POST',
      body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
  return { app, desk, metrics, failures, lines, post };
}

export const attempt = (id: string | number, proof = 'by trivial') => ({
  id,
  statement: 'theorem t : True',
  proof,
});

/** A promise and the key to it. */
export function gate() {
  let open: () => void = () => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

const id = z.union([z.string(), z.number()]);
const body = z.object({
  error: z.string().default(''),
  field: z.string().default(''),
  toolchain: z.string().default(''),
  verdicts: z.array(z.looseObject({ id, verdict: z.string(), reason: z.string() })).default([]),
  inspections: z.array(z.looseObject({ id, ok: z.boolean(), reason: z.string() })).default([]),
  results: z.array(z.record(z.string(), z.unknown())).default([]),
});

/** What a response says, whichever of our shapes it has. */
export const bodyOf = async (response: Response | Promise<Response>) =>
  body.parse(await (await response).json());
