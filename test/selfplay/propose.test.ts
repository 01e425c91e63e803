import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/index.ts';
import { propose } from '../../src/selfplay/propose.ts';
import { playRound } from '../../src/selfplay/round.ts';
import { OVERRIDES, openFakeRun } from './fake-run.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-propose-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Round 2's seeds, with the pass rates they had in round 1, in which every proved problem was proved again. */
async function seedRates(seedPassRate: number): Promise<(number | undefined)[]> {
  const { config } = loadConfig({
    overrides: [
      ...OVERRIDES,
      'prove.replayShare=1',
      'propose.conjectures=40',
      `propose.seedPassRate=${seedPassRate}`,
    ],
  });
  const run = openFakeRun(mkdtempSync(join(root, 'run-')), config);
  await playRound(run, 1);
  run.ledger.rounds.begin(2, run.policy.version);
  (await propose(run, 2))();
  const rates = run.ledger.verdicts.passRates({ round: 1, purpose: 'prove' });
  const seeds = new Set(run.ledger.conjectures.list(2).map((c) => c.seedId));
  const found = [...seeds].map((id) => {
    const rate = rates.find((r) => r.statementId === id);
    return rate && rate.proved / rate.judged;
  });
  run.ledger.close();
  return found;
}

test('every proved problem may be a seed, unless propose.seedPassRate asks for a best pass rate', async () => {
  expect((await seedRates(0)).some((rate) => rate !== undefined && rate < 0.35)).toBe(true);
  const rates = await seedRates(0.35);
  expect(rates.length).toBeGreaterThan(0);
  expect(rates.filter((rate) => rate !== undefined && rate < 0.35)).toEqual([]);
});
