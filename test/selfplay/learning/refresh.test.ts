import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/index.ts';
import type { Ledger } from '../../../src/ledger/index.ts';
import { conjectureExamples } from '../../../src/selfplay/learning/conjecturing.ts';
import {
  isRefresh,
  refreshFact,
  retrain,
  retrainSettings,
  verifiedGroups,
} from '../../../src/selfplay/learning/refresh.ts';
import { stageRules } from '../../../src/selfplay/prove.ts';
import { playRound } from '../../../src/selfplay/round.ts';
import { candidatesOf } from '../../../src/selfplay/selection/pool.ts';
import { currentPolicy } from '../../../src/selfplay/versions.ts';
import { OVERRIDES, openFakeRun } from '../fake-run.ts';

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
  const verified = (high: number) => verifiedGroups(run.ledger, 2, { high, stages, seed: 1 });
  const { groups, sequences } = verified(0.25);
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
  const ids = new Set(groups.map((g) => g.statementId));
  for (const round of [1, 2])
    for (const { statementId, proved, passRate } of candidatesOf(run.ledger, round, stages))
      expect([statementId, ids.has(statementId)]).toEqual([statementId, proved > 0 && passRate <= 0.25]);
  const everything = verified(1).groups.map((g) => g.statementId);
  expect(new Set(everything)).toEqual(new Set(run.ledger.proofs.ofRounds(1, 2).map((p) => p.statementId)));
});

/** Two rounds that proved one statement so many times each, every time otherwise; what a refresh takes by that seed. */
function provedOften(times: number): (seed: number) => string[] {
  const run = open();
  const stages = stageRules(run);
  const judged = (round: number, index: number) => ({
    id: `r${round}/${index}`,
    text: `simp ${round} ${index}`,
    verdict: 'proved',
    tokens: [1],
    logprobs: [-1],
    promptTokens: [],
    index,
    ms: 1,
    finish: 'stop',
  });
  const ledger = {
    ...run.ledger,
    attempts: {
      ...run.ledger.attempts,
      *judgedGroups({ round }: { readonly round: number }) {
        yield { statementId: 'p:a0', attempts: Array.from({ length: times }, (_, i) => judged(round, i)) };
      },
    },
  } as unknown as Ledger; // the parts of an attempt that a refresh reads
  return (seed) => {
    const { groups } = verifiedGroups(ledger, 2, { high: 0.25, stages, seed });
    return groups.flatMap((g) => g.attempts.map((a) => a.attemptId));
  };
}

test('of many proofs of a statement a random sixteen are learned, not the oldest, and the same ones when asked again', () => {
  const chosenBy = provedOften(40);
  const chosen = chosenBy(1);
  expect(new Set(chosen).size).toBe(16);
  const late = chosen.filter((id) => id.startsWith('r2/'));
  expect(late.length).toBeGreaterThan(2); // half are of the later round; the oldest sixteen are all of the first
  expect(late.length).toBeLessThan(14);
  expect(chosenBy(1)).toEqual(chosen);
  expect(chosenBy(2)).not.toEqual(chosen);
});

test('what short proofs are worth more by in a refresh is what the settings say', () => {
  const attempt = { tokens: 1, verifySeconds: 0, truncated: false, reward: 1 as const };
  const group = { statementId: 's', attempts: [{ ...attempt, attemptId: 'a', chars: 100 }] };
  const weightUnder = (...overrides: string[]) =>
    retrain.weigh([group], retrainSettings(loadConfig({ overrides }).config)).attempts[0]?.weight;
  expect(weightUnder()).toBeCloseTo(Math.exp(-0.1), 12);
  expect(weightUnder('learn.objectiveSettings.charDecay=0')).toBe(1);
});

test('under learn.refreshLast the last of several rounds puts the first policy, taught anew, in place of the current one', async () => {
  const run = open('learn.refreshLast=true', 'run.rounds=2');
  for (const round of [1, 2]) await playRound(run, round);
  const objectives = run.ledger.bundles.list().map((b) => run.ledger.bundles.weights(b.hash)[0]?.objective);
  expect(objectives).toEqual(['oreal-repo', 'retrain']);
  expect(currentPolicy(run.ledger)?.parent).toBe('initial');
});
