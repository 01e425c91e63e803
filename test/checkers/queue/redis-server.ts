/** A Redis of the test's own: a free port of the loopback, a folder that goes with it. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** '' when redis-server is here. */
export const whyNoRedis = (() => {
  try {
    execFileSync('redis-server', ['--version']);
    return '';
  } catch {
    return 'redis-server is not here: apt-get install redis-server';
  }
})();

export interface TestRedis {
  readonly url: string;
  readonly port: number;
  /** Ends at once, like a machine that lost power. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

export async function startRedis({ port = 0, password = '' } = {}): Promise<TestRedis> {
  const at = port === 0 ? await freePort() : port;
  const dir = mkdtempSync(join(tmpdir(), 'lakatos-redis-'));
  const secret = password === '' ? [] : ['--requirepass', password];
  const server = spawn(
    'redis-server',
    ['--port', `${at}`, '--bind', '127.0.0.1', '--dir', dir, '--save', '', ...secret],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = once(server, 'exit');
  await new Promise<void>((resolve, reject) => {
    server.stdout.on('data', (said) => /ready to accept/i.test(String(said)) && resolve());
    void ended.then(() => reject(new Error(`redis-server on port ${at} ended before it was ready`)));
  });
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    server.kill(signal);
    await ended;
    rmSync(dir, { recursive: true, force: true });
  };
  return { url: `redis://127.0.0.1:${at}`, port: at, kill: () => end('SIGKILL'), stop: () => end('SIGTERM') };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
