import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { replayCommand } from '../../src/cli/replay-command.ts';
import { loadConfig } from '../../src/config/index.ts';
import { exitCodeOf } from '../../src/ops/errors.ts';
import { OVERRIDES, openFakeRun } from '../selfplay/fake-run.ts';

const dir = mkdtempSync(join(tmpdir(), 'lakatos-replay-command-'));
openFakeRun(dir, loadConfig({ overrides: OVERRIDES }).config).ledger.close();
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test.each([
  ['learn.learningRate=0.1', /a replay updates no model/],
  ['learn.rewardModel.actorFrozenSteps=0', /a replay updates no model/],
  ['learn.objectiveSettings.clipHigh=0.3', /a replay updates no model/],
  ['prove.samples=5', /only select\.\* and learn\.\* can differ/],
])('--set %s, which a replay cannot compute, is bad usage that names the key', async (setting, why) => {
  const refused = await replayCommand(dir, { set: [setting], embed: false }).catch((error: unknown) => error);
  expect(exitCodeOf(refused)).toBe(2);
  expect(refused).toMatchObject({ message: expect.stringMatching(why), keyPath: setting.split('=')[0] });
});

test('settings that decide what is learned from are accepted', async () => {
  for (const setting of ['learn.refreshEvery=1', 'learn.frozen=true', 'learn.epochs=2'])
    await expect(replayCommand(dir, { set: [setting], embed: false })).resolves.toBeUndefined();
});
