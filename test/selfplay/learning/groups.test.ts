/** The groups an update learns from: rounds pooled by statement, a proof's repeats told from its first. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/index.ts';
import { trainingGroups } from '../../../src/selfplay/learning/groups.ts';
import { playRound } from '../../../src/selfplay/round.ts';
import { OVERRIDES, openFakeRun } from '../fake-run.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-groups-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('three rounds are pooled by statement, the fourth before is not in it, and each text of a proof is new once', async () => {
  const run = openFakeRun(root, loadConfig({ overrides: [...OVERRIDES, 'prove.replayShare=1'] }).config);
  for (const round of [1, 2, 3, 4]) await playRound(run, round);
  const { groups, sequences } = trainingGroups(run.ledger, 4, 3);
  const roundsOf = (ids: readonly string[]) => new Set(ids.map((id) => id.split('/')[1]));
  expect(roundsOf([...sequences.keys()])).toEqual(new Set(['r2', 'r3', 'r4']));
  expect(new Set(groups.map((g) => g.statementId)).size).toBe(groups.length);
  const pooled = groups.filter((g) => roundsOf(g.attempts.map((a) => a.attemptId)).size === 3);
  expect(pooled.length).toBeGreaterThan(0);

  const texts = new Map(
    [2, 3, 4].flatMap((round) =>
      [...run.ledger.attempts.judgedGroups({ round, purpose: 'prove' })].flatMap(({ attempts }) =>
        attempts.map((a) => [a.id, a.text] as const),
      ),
    ),
  );
  let repeats = 0;
  for (const { attempts } of groups) {
    const proofs = attempts.filter((a) => a.reward === 1);
    const fresh = proofs.filter((a) => !a.repeated).map((a) => texts.get(a.attemptId));
    expect(fresh.length).toBe(new Set(fresh).size);
    expect(new Set(fresh)).toEqual(new Set(proofs.map((a) => texts.get(a.attemptId))));
    expect(attempts.some((a) => a.reward !== 1 && a.repeated)).toBe(false);
    repeats += proofs.length - fresh.length;
  }
  expect(repeats).toBeGreaterThan(0);
});
