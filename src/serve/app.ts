/**
 * The routes: our own API under /v1, and the routes of the Kimina Lean server beside it. Decides what a request
 * means and how its answer is put; the judging is the desk's, the meaning of a snippet kimina.ts's.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { bearerAuth } from 'hono/bearer-auth';
import { bodyLimit } from 'hono/body-limit';
import { type RequestIdVariables, requestId } from 'hono/request-id';
import type { Inspection, Verdict } from '../checkers/checker.ts';
import type { Logger } from '../ops/log.ts';
import { byId } from './by-id.ts';
import type { Desk } from './desk.ts';
import { kiminaRoutes } from './kimina-routes.ts';
import type { ServeMetrics } from './metrics.ts';
import { HttpProblem } from './problem.ts';
import { type Asked, attemptsIn, jsonBody, statementsIn } from './requests.ts';

export interface AppOptions {
  readonly desk: Desk;
  readonly metrics: ServeMetrics;
  readonly log: Logger;
  /** Asked of every route but /health when set. */
  readonly token?: string;
  readonly maxBodyBytes: number;
  /** Aborted when the server is about to stop: no new work is taken. */
  readonly stopping?: AbortSignal;
}

type Variables = RequestIdVariables;
type App = Hono<{ Variables: Variables }>;
/** Each with the method that it takes. They are labels of metrics; all other paths are one, since anyone can think of more. */
const ROUTES: ReadonlyMap<string, string> = new Map([
  ...['/', '/health', '/metrics'].map((path) => [path, 'GET'] as const),
  ...['/v1/verify', '/v1/inspect', '/api/check', '/verify', '/one_pass_verify_batch'].map(
    (path) => [path, 'POST'] as const,
  ),
]);
/** Slashes at the end are the same route. */
const routeOf = (c: Context): string => c.req.path.replace(/(.)\/+$/, '$1');
const NDJSON = 'application/x-ndjson';

export function createApp(options: AppOptions): App {
  const { desk, metrics, token, maxBodyBytes, stopping } = options;
  const app: App = new Hono({ strict: false });
  app.use(requestId());
  app.use((c, next) => logged(options, c, next));
  app.onError((error, c) => errorResponse(options, error, c));
  app.notFound((c) => {
    const takes = ROUTES.get(routeOf(c));
    const error = takes
      ? `expected ${takes}, found ${c.req.method}`
      : `no such route: ${c.req.method} ${c.req.path}`;
    return takes ? c.json({ error, field: '' }, 405, { allow: takes }) : c.json({ error, field: '' }, 404);
  });

  const health = (c: Context) =>
    stopping?.aborted
      ? c.json({ status: 'stopping' }, 503)
      : c.json({ status: 'ok', toolchain: desk.toolchain, queue: desk.depth });
  app.get('/health', health);
  app.get('/', health);

  if (token !== undefined) app.use(bearerAuth({ verifyToken: (given) => isSame(given, token), ...saying }));
  app.get('/metrics', async (c) =>
    c.text(await metrics.text(), 200, { 'content-type': metrics.contentType }),
  );
  app.use(
    bodyLimit({
      maxSize: maxBodyBytes,
      onError: () => {
        throw new HttpProblem(413, `the body is longer than ${maxBodyBytes} bytes`);
      },
    }),
  );
  app.use(async (_, next) => {
    if (stopping?.aborted) throw new HttpProblem(503, 'the server is stopping', '', 5);
    await next();
  });
  app.post('/v1/verify', async (c) => {
    const asked = attemptsIn(await jsonBody(c));
    return answer(c, asked, desk, 'verdicts', desk.judge(asked.questions, 'attempts', c.req.raw.signal));
  });
  app.post('/v1/inspect', async (c) => {
    const { options: probes, ...asked } = statementsIn(await jsonBody(c));
    return answer(
      c,
      asked,
      desk,
      'inspections',
      desk.inspect(asked.questions, probes, 'statements', c.req.raw.signal),
    );
  });
  app.route('/', kiminaRoutes(desk));
  return app;
}

/** In the order of the request as one JSON object; or as they come, a line each, where the client asks for that. */
async function answer(
  c: Context,
  { ids }: Asked<unknown>,
  desk: Desk,
  name: string,
  answers: ReadableStream<Verdict | Inspection>,
): Promise<Response> {
  const row = (found: Verdict | Inspection | undefined, i: number) => ({ ...found, id: ids[i] });
  if (c.req.header('accept')?.includes(NDJSON)) {
    const line = (found: Verdict | Inspection) =>
      `${JSON.stringify({ index: Number(found.id), ...row(found, Number(found.id)) })}\n`;
    const lines = new TransformStream<Verdict | Inspection, string>({
      transform: (found, out) => out.enqueue(line(found)),
    });
    return c.body(answers.pipeThrough(lines).pipeThrough(new TextEncoderStream()), 200, {
      'content-type': NDJSON,
    });
  }
  const found = await byId(answers);
  return c.json({ toolchain: desk.toolchain, [name]: ids.map((_, i) => row(found.get(String(i)), i)) });
}

async function logged(
  { log, metrics }: AppOptions,
  c: Context<{ Variables: Variables }>,
  next: () => Promise<void>,
) {
  const started = performance.now();
  await next();
  const { method } = c.req;
  const { status } = c.res;
  metrics.response(ROUTES.has(routeOf(c)) ? routeOf(c) : 'other', status);
  const fields = {
    request: c.get('requestId'),
    method,
    path: c.req.path,
    status,
    ms: Math.round(performance.now() - started),
  };
  log[status >= 500 ? 'warn' : 'debug'](fields, `${method} ${c.req.path} ${status}`);
}

function errorResponse({ log }: AppOptions, error: Error, c: Context): Response {
  if (error instanceof HttpProblem) {
    const { status, message, field, retryAfterSeconds } = error;
    const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
    return c.json({ error: message, field }, status, headers);
  }
  if ('getResponse' in error && typeof error.getResponse === 'function') return error.getResponse();
  log.error({ err: error, request: c.get('requestId') }, 'a request failed');
  return c.json({ error: 'internal error', field: '', request: c.get('requestId') }, 500);
}

/** Missing, of another form or wrong: one answer. */
const refused = {
  message: () =>
    Response.json(
      {
        error: 'expected the header Authorization: Bearer TOKEN with the right token',
        field: 'Authorization',
      },
      { status: 401, headers: { 'www-authenticate': 'Bearer' } },
    ),
};
const saying = {
  noAuthenticationHeader: refused,
  invalidAuthenticationHeader: refused,
  invalidToken: refused,
};

/** Digests first: equal lengths, so the comparison takes as long whatever was given. */
function isSame(given: string, token: string): boolean {
  const [a, b] = [given, token].map((text) => createHash('sha256').update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}
