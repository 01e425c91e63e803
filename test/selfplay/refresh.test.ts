import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/index.ts';
import { conjectureExamples } from '../../src/selfplay/conjecturing.ts';
import { stageRules } from '../../src/selfplay/prove.ts';
import { isRefresh, refreshFact, verifiedGroups } from '../../src/selfplay/refresh.ts';
import { playRound } from '../../src/selfplay/round.ts';
import { candidatesOf } from '../../src/selfplay/selection/pool.ts';
import { currentPolicy } from '../../src/selfplay/versions.ts';
import { OVERRIDES, openFakeRun } from './fake-run.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-refresh-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const open = (...overrides: string[]) =>
  openFakeRun(
    mkdtempSync(join(root, 'run-')),
    loadConfig({ overrides: [...OVERRIDES, ...overrides] }).config,
  );

test('a refresh comes every so many rounds, in the last of several, and when the watch asks for it', () => {
  const due = (run: ReturnType<typeof open>) => [1, 2, 3, 4].map((round) => isRefresh(run, round));
  expect(due(open())).toEqual([false, false, false, false]);
  expect(due(open('learn.refreshEvery=2'))).toEqual([false, true, false, true]);
  expect(due(open('learn.refreshLast=true', 'run.rounds=3'))).toEqual([false, false, true, false]);
  expect(due(open('learn.refreshLast=true', 'run.rounds=1'))).toEqual([false, false, false, false]);
  const asked = open();
  asked.ledger.facts.set(refreshFact(3), true);
  expect(due(asked)).toEqual([false, false, true, false]);
});

test('after a refresh the policy descends from the first one, and learned proofs and conjectures of every round', async () => {
  const run = open('learn.refreshEvery=2', 'select.window.high=0.9', 'select.requireLemma=false');
  for (const round of [1, 2]) await playRound(run, round);
  const refreshed = currentPolicy(run.ledger);
  expect(refreshed?.parent).toBe('initial');
  expect(run.policy.version).toBe(refreshed?.version);
  const weights = run.ledger.bundles.weights(refreshed?.bundleHash ?? '');
  const proofs = weights.filter((w) => w.role === 'prover');
  const conjectures = weights.filter((w) => w.role === 'conjecturer');
  const roundsOf = (ids: readonly { sampleId: string }[]) =>
    new Set(ids.map((w) => w.sampleId.split('/')[1]));
  expect(weights.every((w) => w.objective === 'retrain')).toBe(true);
  expect(proofs.every((w) => w.reward === 1 && w.weight > 0)).toBe(true);
  expect(roundsOf(proofs)).toEqual(new Set(['r1', 'r2']));
  // Replayed however few rounds the conjecturer's buffer has: the refresh puts nobody back to the beginning.
  const older = conjectureExamples(run.ledger, 1, 1).map((c) => c.id);
  expect(older.length).toBeGreaterThan(0);
  expect(conjectures.map((w) => w.sampleId)).toEqual(expect.arrayContaining(older));
});

test('what is verified is each distinct proof once; of a conjecture only while it was barely provable, as selection estimates it', async () => {
  const run = open('prove.maxSamples=16');
  const stages = stageRules(run);
  for (const round of [1, 2]) await playRound(run, round);
  const { groups, sequences } = verifiedGroups(run.ledger, 2, 0.25, stages);
  const passRateOf = (round: number, id: string) =>
    candidatesOf(run.ledger, round, stages).find((c) => c.statementId === id)?.passRate;
  for (const { statementId, attempts } of groups) {
    const texts = attempts.map((a) => run.ledger.attempts.get(a.attemptId)?.text);
    expect(new Set(texts).size).toBe(texts.length);
    expect(attempts.every((a) => a.reward === 1 && sequences.has(a.attemptId))).toBe(true);
    if (!statementId.startsWith('conjecture:')) continue;
    for (const { attemptId } of attempts) {
      const round = Number(/r(\d+)/.exec(attemptId)?.[1]);
      expect(passRateOf(round, statementId)).toBeLessThanOrEqual(0.25);
    }
  }
  const verified = new Set(groups.map((g) => g.statementId));
  for (const round of [1, 2])
    for (const { statementId, proved, passRate } of candidatesOf(run.ledger, round, stages))
      expect([statementId, verified.has(statementId)]).toEqual([statementId, proved > 0 && passRate <= 0.25]);
  const everything = verifiedGroups(run.ledger, 2, 1, stages).groups.map((g) => g.statementId);
  expect(new Set(everything)).toEqual(new Set(run.ledger.proofs.ofRounds(1, 2).map((p) => p.statementId)));
});
