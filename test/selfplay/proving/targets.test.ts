import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/index.ts';
import { proveTargets } from '../../../src/selfplay/proving/targets.ts';
import { playRound } from '../../../src/selfplay/round.ts';
import { OVERRIDES, openFakeRun, train } from '../fake-run.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-targets-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const open = (...overrides: string[]) =>
  openFakeRun(
    mkdtempSync(join(root, 'run-')),
    loadConfig({ overrides: [...OVERRIDES, ...overrides] }).config,
  );
const names = (problems: readonly { readonly name: string }[]) => problems.map((p) => p.name).sort();
/** The first eight have a seed proof. */
const seeded = names(train.slice(0, 8));

test('unproved problems are those without any proof from an earlier round, as many as configured', () => {
  const { unproved } = proveTargets(open('data.trainProblems=100'), 1);
  expect(names(unproved)).toEqual(names(train.slice(8)));
  expect(proveTargets(open('data.trainProblems=5'), 1).unproved).toHaveLength(5);
});

test('proved problems come again by their share: none of them, or all of them', () => {
  expect(proveTargets(open('prove.replayShare=0'), 1).again).toEqual([]);
  expect(names(proveTargets(open('prove.replayShare=1'), 1).again)).toEqual(seeded);
});

test('a proved problem whose best pass rate is low always comes again', async () => {
  const run = open('prove.replayShare=0', 'prove.replayBelow=0.3', 'data.trainProblems=100');
  await playRound(run, 1);
  const rates = run.ledger.verdicts.passRates({ round: 1, purpose: 'prove' });
  const low = rates.filter(
    (r) => r.proved > 0 && r.proved / r.judged < 0.3 && r.statementId.startsWith('p:'),
  );
  expect(low.length).toBeGreaterThan(0);
  expect(names(proveTargets(run, 2).again).map((name) => `p:${name}`)).toEqual(
    low.map((r) => r.statementId).sort(),
  );
});

test('a pool is the same part of the problems in every run, whatever its seed', () => {
  const inPool = (seed: number) => {
    const run = open('data.pool=10', `run.seed=${seed}`, 'data.trainProblems=100', 'prove.replayShare=1');
    const { unproved, again } = proveTargets(run, 1);
    return names([...unproved, ...again]);
  };
  expect(inPool(1)).toHaveLength(10);
  expect(inPool(2)).toEqual(inPool(1));
});
