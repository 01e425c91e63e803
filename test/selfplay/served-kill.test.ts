/** Runs behind servers: sampled by a double that the run starts, learned by a script, killed at each of the three. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, expect, test } from 'vitest';
import { freePort } from '../policy/served/started.ts';
import { contents } from './ledger-contents.ts';
import { type Death, liveThrough } from './mortal.ts';
import { tinyModel } from './served-run.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-served-kill-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const fresh = () => mkdtempSync(join(root, 'run-'));
const model = await tinyModel(join(root, 'model'));

const whole = fresh();
await liveThrough(whole, [], { served: { model, port: await freePort() } });

test('a round learns from what it sampled, and the next samples from what was learned', () => {
  const db = new Database(join(whole, 'ledger.sqlite'), { readonly: true });
  const rounds = db.prepare('SELECT number, policy_in, policy_out FROM rounds ORDER BY number').all();
  const sampled = db.prepare(
    "SELECT DISTINCT round, policy_version FROM attempts WHERE purpose = 'prove' ORDER BY round",
  );
  const [, first, second] = rounds as { number: number; policy_in: string; policy_out: string }[];
  expect(first?.policy_out).not.toBe(first?.policy_in);
  expect(second).toMatchObject({ number: 2, policy_in: first?.policy_out });
  expect(sampled.all()).toEqual([
    { round: 1, policy_version: first?.policy_in },
    { round: 2, policy_version: first?.policy_out },
  ]);
  db.close();
  // One server served all of it: adapters came and went.
  expect(readFileSync(join(whole, 'served', 'server-0.log'), 'utf8').match(/^serving/gm)).toHaveLength(1);
});

test('orchestrator, server and trainer killed -9, a run ends with the ledger of one that nobody touched', async () => {
  // bench/faults.ts kills at every boundary; here are a few of each kind.
  const deaths: Death[] = [
    { at: 'answer', number: 30 },
    { at: 'training', output: 'missing' },
    { at: 'training', output: 'there' },
    { at: 'before-commit', round: 1, step: 'learn' },
  ];
  const dir = fresh();
  const served = { model, port: await freePort() };
  expect(await liveThrough(dir, deaths, { served })).toBe(deaths.length);
  expect(contents(dir)).toEqual(contents(whole));
});

test('a server that dies is started again, which is not seen in the ledger', async () => {
  const dir = fresh();
  const served = { model, port: await freePort() };
  await liveThrough(dir, [{ at: 'answer', number: 20, whom: 'server' }], { served });
  expect(contents(dir)).toEqual(contents(whole));
  expect(
    readFileSync(join(dir, 'served', 'server-0.log'), 'utf8').match(/^serving/gm)?.length,
  ).toBeGreaterThan(1);
});
