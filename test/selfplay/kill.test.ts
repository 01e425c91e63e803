import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { startRedis, whyNoRedis } from '../checkers/queue/redis-server.ts';
import { contents } from './ledger-contents.ts';
import { type Death, liveThrough, MortalWorkers } from './mortal.ts';

// bench/faults.ts kills at every boundary and at many random places; here are a few of each kind.
const root = mkdtempSync(join(tmpdir(), 'lakatos-kill-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const fresh = () => mkdtempSync(join(root, 'run-'));

const whole = fresh();
await liveThrough(whole, []);

test('killed -9 between and within phases, a run ends with the ledger of one that nobody touched', async () => {
  const deaths: Death[] = [
    { at: 'begin', round: 1, step: 'prove' },
    { at: 'answer', number: 41 },
    { at: 'before-commit', round: 1, step: 'learn' },
    { at: 'after-commit', round: 1, step: 'learn' },
    { at: 'answer', number: 77 },
  ];
  const dir = fresh();
  expect(await liveThrough(dir, deaths)).toBe(deaths.length);
  expect(contents(dir)).toEqual(contents(whole));
});

test.skipIf(whyNoRedis !== '')(
  `so does a run that is killed while its workers are too (${whyNoRedis || 'redis-server found'})`,
  async () => {
    const redis = await startRedis();
    const standing = { toolchain: 'fake', rules: '', limits: {} };
    const place = { url: redis.url, prefix: 'kill', standing };
    const workers = new MortalWorkers(2, () => ({ ...place, answers: 15 }));
    try {
      const queue = { ...place, groupSize: 4, maxInFlight: 64, waitMs: 60_000, lookMs: 500 };
      const dir = fresh();
      const deaths: Death[] = [
        { at: 'begin', round: 1, step: 'screen' },
        { at: 'answer', number: 30 },
      ];
      expect(await liveThrough(dir, deaths, { queue })).toBe(2);
      expect(workers.killed).toBeGreaterThan(0);
      expect(contents(dir)).toEqual(contents(whole));
    } finally {
      await workers.stop();
      await redis.stop();
    }
  },
);
