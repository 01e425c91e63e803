/** A test set that is named when a run is on its way: what it tried of it before is learned from no more, and that is said. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/index.ts';
import type { StatementRecord } from '../../../src/ledger/index.ts';
import { buildRunReport } from '../../../src/reports/index.ts';
import { conjectureExamples } from '../../../src/selfplay/learning/conjecturing.ts';
import { trainingGroups } from '../../../src/selfplay/learning/groups.ts';
import { leftOut, recordProtection } from '../../../src/selfplay/learning/left-out.ts';
import { verifiedGroups } from '../../../src/selfplay/learning/refresh.ts';
import { stageRules } from '../../../src/selfplay/prove.ts';
import { replayRounds } from '../../../src/selfplay/replay/replay.ts';
import { summariseRound } from '../../../src/selfplay/replay/replay-summary.ts';
import { playRound } from '../../../src/selfplay/round.ts';
import { OVERRIDES, openFakeRun } from '../fake-run.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-left-out-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const { config } = loadConfig({
  overrides: [
    ...OVERRIDES,
    'learn.bufferRounds=3',
    'learn.refreshEvery=3',
    'select.window.high=1',
    'select.requireLemma=false',
  ],
});

test('from the round in which a set is named nothing that states it is learned from, be it proof, failure or conjecture; a replay sees the same', async () => {
  const run = openFakeRun(mkdtempSync(join(root, 'run-')), config);
  const { ledger } = run;
  const stages = stageRules(run);
  const name = (sets: readonly string[], isProtected: (s: StatementRecord) => boolean) =>
    recordProtection(ledger, { sets, dropped: 0, isProtected });
  name(['a:test:p'], () => false); // from the beginning
  await playRound(run, 1);
  const verified = (round: number) => verifiedGroups(ledger, round, { high: 1, stages, seed: 1 }).groups;
  const kept = conjectureExamples(ledger, 1, 1);
  const conjecture = kept[0]?.statementId;
  const seed = kept.find((k) => k.statementId !== conjecture)?.seedId;
  const problem = verified(1).find(({ statementId }) => statementId.startsWith('p:'))?.statementId;
  expect([conjecture, seed, problem]).not.toContain(undefined);
  const late = new Set([conjecture, seed, problem]);

  name(['a:test:p', 'b:test:q'], (s) => late.has(s.id));
  name(['a:test:p', 'b:test:q'], () => false); // opened once more, under the same sets
  expect(leftOut(ledger, 1)).toEqual(new Set()); // what was learned was learned
  expect(leftOut(ledger, 2)).toEqual(late);
  for (const round of [2, 3]) await playRound(run, round);
  for (const { statementId } of [...trainingGroups(ledger, 2, 2).groups, ...verified(3)])
    expect(late).not.toContain(statementId);
  for (const { statementId, seedId } of conjectureExamples(ledger, 3, 3)) {
    expect(late).not.toContain(statementId);
    expect(late).not.toContain(seedId);
  }
  expect(verified(1).map((g) => g.statementId)).toContain(problem);

  expect(buildRunReport(ledger).notes).toEqual([
    {
      round: 2,
      text: 'b:test:q is protected from round 2 on; rounds before it may have learned from its problems',
    },
  ]);
  const input = { ledger, recorded: config, wanted: config, rounds: [1, 2, 3] };
  const replayed = await Array.fromAsync(replayRounds(input));
  expect(replayed.every((r) => (r.weights.before ?? []).length > 0)).toBe(true);
  expect(replayed.map(summariseRound).every((s) => s.same)).toBe(true);

  name(['a:test:p'], () => false); // named no more
  expect(leftOut(ledger, 4)).toEqual(new Set());
  ledger.close();
});
