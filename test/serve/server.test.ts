import { on, once } from 'node:events';
import { connect } from 'node:net';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { UsageError } from '../../src/ops/errors.ts';
import { type Listening, listen } from '../../src/serve/server.ts';
import { fakeChecker } from '../checkers/fake-checker.ts';
import { attempt, bodyOf, gate, type Setup, setUp } from './fixture.ts';

async function onPort<R>(
  setup: Setup,
  use: (server: Listening, parts: ReturnType<typeof setUp>) => Promise<R>,
) {
  const parts = setUp(setup);
  const server = await listen(parts.app, { host: '127.0.0.1', port: 0 });
  try {
    return await use(server, parts);
  } finally {
    await server.close(0);
  }
}
const verify = (url: string, attempts: unknown, init: RequestInit = {}) =>
  fetch(`${url}/v1/verify`, { method: 'POST', body: JSON.stringify({ attempts }), ...init });

/** Verdicts only after the gate. */
const held = () => {
  const { passed, open } = gate();
  const checker = fakeChecker(async () => {
    await passed;
    return 'proved' as const;
  });
  return { checker, open };
};

test('a client that goes away gives its places in the queue back, streaming or not; only what is being judged still counts', async () => {
  for (const accept of ['application/json', 'application/x-ndjson']) {
    const { checker, open } = held();
    await onPort({ checker, inHand: 1 }, async ({ url }, { desk }) => {
      const leaving = new AbortController();
      const asked = verify(url, [attempt(1), attempt(2)], { signal: leaving.signal, headers: { accept } });
      asked.catch(() => {});
      await expect.poll(() => checker.asked.length).toBe(1);
      expect(desk.depth).toBe(2);
      leaving.abort();
      await expect.poll(() => desk.depth).toBe(1);
      open();
      await expect.poll(() => desk.depth).toBe(0);
      expect(checker.asked).toHaveLength(1);
    });
  }
});

test('closing, it finishes the requests in hand and takes no new connections', async () => {
  const { checker, open } = held();
  await onPort({ checker }, async (server, { desk }) => {
    const asked = verify(server.url, [attempt(1)]);
    await expect.poll(() => desk.depth).toBe(1);
    const closed = server.close(60_000);
    await expect(verify(server.url, [attempt(2)])).rejects.toThrow();
    open();
    expect((await bodyOf(asked)).verdicts.map((v) => v.verdict)).toEqual(['proved']);
    await closed;
  });
});

test('at the deadline, requests still in hand are cut off', async () => {
  const { checker } = held();
  await onPort({ checker }, async (server, { desk }) => {
    const asked = verify(server.url, [attempt(1)]);
    asked.catch(() => {});
    await expect.poll(() => desk.depth).toBe(1);
    await server.close(1);
    await expect(asked).rejects.toThrow();
  });
});

test('a body that is too long is refused over a socket too, however it is sent, and the next request is answered', async () => {
  await onPort({}, async ({ url }) => {
    const long = [attempt(1, 'x'.repeat(200_000))];
    expect((await verify(url, long)).status).toBe(413);
    const { port, hostname } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    socket.write('POST /v1/verify HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n');
    for (let i = 0; i < 20; i++) socket.write(`2710\r\n${'x'.repeat(10_000)}\r\n`);
    const [data] = await once(socket, 'data');
    expect(String(data)).toMatch(/^HTTP\/1.1 413 /);
    socket.destroy();
    expect((await verify(url, [attempt(1)])).status).toBe(200);
  });
});

test('a client that leaves in the middle of its body is no failure of the server’s', async () => {
  await onPort({}, async ({ url }, { lines, desk }) => {
    const { port, hostname } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.write('POST /v1/verify HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"attempts"');
    await once(socket, 'connect');
    expect((await fetch(`${url}/health`)).status).toBe(200); // by then the request has come in
    socket.destroy();
    await expect.poll(() => lines.at(-1)).toMatchObject({ level: 20, path: '/v1/verify', status: 400 });
    expect([lines.filter(({ level }) => Number(level) > 20), desk.depth]).toEqual([[], 0]);
  });
});

test('a port in use is bad usage that names it', async () => {
  await onPort({}, async ({ url }) => {
    const port = Number(new URL(url).port);
    const error = await listen(setUp().app, { host: '127.0.0.1', port }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UsageError);
    expect(String(error)).toContain(`port ${port}`);
  });
});

const lakatos = (args: readonly string[], env: Record<string, string> = {}) =>
  execa('node', ['src/main.ts', 'serve', '--port', '0', ...args], {
    env,
    reject: false,
    preferLocal: true,
    all: true,
  });

/** Not execa's own iteration, which waits for the end of the process even when left. */
async function urlOf(child: ReturnType<typeof lakatos>): Promise<string> {
  let said = '';
  for await (const [chunk] of on(child.stderr, 'data', { close: ['end'] })) {
    said += chunk;
    const url = /listening on (http:\S+)/.exec(said)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error(`it never listened: ${said}`);
}

test('lakatos serve listens on loopback, wants the token it was given, and ends well on SIGTERM', async () => {
  const child = lakatos(['--token-env', 'TOKEN'], { TOKEN: 'a-token-of-some-length' });
  const url = await urlOf(child);
  expect(new URL(url).hostname).toBe('127.0.0.1');
  expect((await fetch(`${url}/health`)).status).toBe(200);
  expect((await fetch(`${url}/metrics`)).status).toBe(401);
  const headers = { authorization: 'Bearer a-token-of-some-length' };
  const metrics = await (await fetch(`${url}/metrics`, { headers })).text();
  expect(metrics).toContain('process_resident_memory_bytes');
  child.kill('SIGTERM');
  const { exitCode } = await child;
  expect(exitCode).toBe(0);
});

test.each([
  [['--token-env', 'NOWHERE'], '--token-env NOWHERE: expected at least 16'],
  [['--token-file', 'no/such/file'], 'no/such/file'],
  [['--max-queue', '0'], 'serve.maxQueue'],
  [['--max-body', 'much'], 'serve.maxBodyMb'],
  [['--host', 'nowhere.invalid'], 'nowhere.invalid'],
])('serve %j is exit 2 and says what is wrong', async (args, said) => {
  const { exitCode, stderr } = await lakatos(args);
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining(said)]);
});
