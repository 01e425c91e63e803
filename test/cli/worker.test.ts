import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { Attempt } from '../../src/checkers/checker.ts';
import { openRedis } from '../../src/checkers/queue/redis.ts';
import { main } from '../../src/cli/main.ts';
import { openChecker, redisUrl } from '../../src/cli/open-checker.ts';
import { loadConfig } from '../../src/config/index.ts';
import { EXIT, UsageError } from '../../src/ops/errors.ts';
import { freePort, startRedis, whyNoRedis } from '../checkers/queue/redis-server.ts';

test('a worker without a Redis is bad usage', async () => {
  expect(await main(['worker'])).toBe(EXIT.usage);
});

test('a worker whose Redis does not answer stops, resumable', async () => {
  const url = `redis://127.0.0.1:${await freePort()}`;
  const set = [`checker.queue.url=${url}`, 'checker.queue.waitSeconds=0.5'];
  expect(await main(['worker', '--set', ...set])).toBe(EXIT.stopped);
});

const settings = (url: string) => [
  `checker.queue.url=${url}`,
  'checker.queue.groupSize=4',
  'checker.queue.stallSeconds=2',
  'checker.lean.runtime=embedded',
  'checker.lean.tier=fast',
  'checker.lean.workers=1',
  'checker.lean.wallSeconds=100',
];

/** `lakatos worker` as a process. */
function startWorker(url: string) {
  const args = ['src/main.ts', 'worker', '--set', ...settings(url)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  let said = '';
  const ready = new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (text) => {
      said += String(text);
      if (said.includes('judging for')) resolve();
    });
    void ended.then(() => reject(new Error(said)));
  });
  ready.catch(() => {}); // told to whoever waits for it
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await ended;
    return { code: child.exitCode, said };
  };
  return { ready, end };
}

const attempt = (i: number): Attempt => {
  const text = `theorem t : ${i} + 0 = ${i % 3 === 1 ? i + 1 : i}`;
  const statement = { id: `s${i}`, language: 'lean' as const, header: '', text, forbidden: [] };
  return { id: `a${i}`, statement, proof: i % 3 === 2 ? 'by sorry' : 'by rfl' };
};

test('the password of a Redis comes from the environment, and one that is not there is bad usage', () => {
  const { queue } = loadConfig({ overrides: ['checker.queue.url=redis://127.0.0.1:6379'] }).config.checker;
  expect(() => redisUrl({ ...queue, passwordEnv: 'LAKATOS_TEST_NO_PASSWORD' })).toThrow(UsageError);
  expect(() => loadConfig({ overrides: ['checker.queue.url=redis://:secret@127.0.0.1:6379'] })).toThrow(
    /without a password/,
  );
});

describe.skipIf(whyNoRedis !== '')(`workers with real Lean (${whyNoRedis || 'redis-server found'})`, () => {
  test('a password with signs of its own opens its Redis', async () => {
    const password = 'open sesame:/%40';
    const redis = await startRedis({ password });
    process.env.LAKATOS_TEST_PASSWORD = password;
    const { queue } = loadConfig({ overrides: [`checker.queue.url=${redis.url}`] }).config.checker;
    const link = await openRedis(redisUrl({ ...queue, passwordEnv: 'LAKATOS_TEST_PASSWORD' }) ?? '', 10_000);
    expect(await link.client.ping()).toBe('PONG');
    link.close();
    await redis.stop();
  });

  test('one killed -9 at work, its groups are judged by the other, which then drains and exits 0', {
    timeout: 480_000,
  }, async () => {
    const redis = await startRedis();
    const [doomed, other] = [startWorker(redis.url), startWorker(redis.url)];
    try {
      const { config } = loadConfig({ overrides: settings(redis.url) });
      await doomed.ready;
      const checker = await openChecker(config.checker, { warn: () => {} });
      const verdicts: string[] = [];
      const attempts = Array.from({ length: 60 }, (_, i) => attempt(i));
      for await (const { id, verdict } of checker.judge(attempts)) {
        if (verdicts.length === 0) await doomed.end('SIGKILL');
        verdicts.push(`${id} ${verdict}`);
      }
      await checker.close();
      const expected = attempts.map(({ id }, i) => `${id} ${['proved', 'rejected', 'forbidden'][i % 3]}`);
      expect(verdicts.toSorted()).toEqual(expected.toSorted());
      const { code, said } = await other.end('SIGTERM');
      expect(said).toMatch(/drained: \d+ answers given/);
      expect(code).toBe(EXIT.done);
    } finally {
      await Promise.all([doomed.end('SIGKILL'), other.end('SIGKILL')]);
      await redis.stop();
    }
  });
});
