import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { playNight } from '../../src/nightly/night.ts';
import { bestPolicy, expendable, rotate } from '../../src/nightly/rotation.ts';
import { currentPolicy } from '../../src/selfplay/versions.ts';
import { configWith, emptyLog, openVirtualRun, parts, VirtualClock } from './virtual.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-rotation-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const fresh = () => mkdtempSync(join(root, 'run-'));

test('after six rounds the latest, the best and the one in use are left, each with its bundle, and the run goes on', async () => {
  const dir = fresh();
  const config = configWith('nightly.keepCheckpoints=2');
  const { run, said, close } = openVirtualRun(dir, config, new VirtualClock());
  await playNight(run, parts({ rounds: 6 }), emptyLog());
  const rounds = run.ledger.rounds.list().filter((r) => r.number > 0);
  const best = bestPolicy(run.ledger) ?? '';
  const made = [...new Set(rounds.map((r) => r.policyOut ?? ''))]; // a round that learns nothing makes none
  const kept = new Set([...made.slice(-2), best]);
  kept.delete('initial'); // never in the run directory
  expect(readdirSync(join(dir, 'policies')).sort()).toEqual([...kept].sort());
  const hashes = [...kept].map((version) => run.ledger.policies.get(version)?.bundleHash);
  const bundles = run.ledger.bundles.list().filter((b) => hashes.includes(b.hash));
  expect(
    readdirSync(join(dir, 'bundles'))
      .map((name) => `bundles/${name}`)
      .sort(),
  ).toEqual(bundles.map((b) => b.path).sort());
  expect(said.filter((line) => line.startsWith('removed to make room: policies/')).length).toBeGreaterThan(0);
  expect(run.ledger.policies.list()).toHaveLength(1 + made.length); // the ledger forgets none
  close();

  const again = openVirtualRun(dir, config, new VirtualClock());
  expect(again.run.policy.version).toBe(currentPolicy(again.run.ledger)?.version);
  await playNight(again.run, parts({ rounds: 7 }), emptyLog());
  expect(again.run.ledger.rounds.list().at(-1)?.number).toBe(7);
  again.close();
});

test('what a killed save left behind goes, and nothing outside policies and bundles', async () => {
  const dir = fresh();
  const { run, close } = openVirtualRun(dir, configWith(), new VirtualClock());
  await playNight(run, parts({ rounds: 1 }), emptyLog());
  const version = currentPolicy(run.ledger)?.version ?? '';
  for (const stray of ['policies/.abc-0f', 'policies/never-committed', 'evaluations/minif2f-test'])
    mkdirSync(join(dir, stray), { recursive: true });
  expect(rotate(run.ledger, dir, 1).sort()).toEqual(['policies/.abc-0f', 'policies/never-committed']);
  expect(existsSync(join(dir, 'policies', version))).toBe(true);
  expect(existsSync(join(dir, 'evaluations/minif2f-test'))).toBe(true);
  expect(rotate(run.ledger, dir, 1)).toEqual([]);
  close();
});

test('by default nothing is removed', async () => {
  const dir = fresh();
  const { run, close } = openVirtualRun(dir, configWith(), new VirtualClock());
  mkdirSync(join(dir, 'policies', 'stray'), { recursive: true });
  expect(rotate(run.ledger, dir, 0)).toEqual([]);
  expect(existsSync(join(dir, 'policies', 'stray'))).toBe(true);
  close();
});

test('whatever is needed and the latest so many are never expendable, all else is', () => {
  const versions = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 4 }), { maxLength: 12 });
  fc.assert(
    fc.property(versions, fc.integer({ min: 1, max: 6 }), fc.array(fc.nat(11)), (all, keep, picks) => {
      const needed = picks.flatMap((i) => all[i] ?? []);
      const kept = new Set([...needed, ...all.slice(-keep)]);
      expect(expendable(all, { keep, needed })).toEqual(all.filter((v) => !kept.has(v)));
    }),
  );
});
