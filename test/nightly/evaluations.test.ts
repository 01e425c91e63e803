/** Nights of the fakes that evaluate made-up sets, through `lakatos eval` itself with fake policy and checker. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readEvalReport } from '../../src/cli/compare.ts';
import { requireStrict } from '../../src/cli/eval-plan.ts';
import { evaluateCurrent } from '../../src/cli/evaluate-current.ts';
import { evaluationsOf } from '../../src/nightly/evaluations.ts';
import { playNight } from '../../src/nightly/night.ts';
import { UsageError } from '../../src/ops/errors.ts';
import { problemFile } from '../cli/eval-world.ts';
import { configWith, emptyLog, openVirtualRun, parts, VirtualClock } from './virtual.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-evaluations-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const fresh = () => mkdtempSync(join(root, 'run-'));
const file = problemFile(join(root, 'problems.jsonl'), ['a', 'b', 'c', 'd', 'e', 'f']);
const config = configWith(
  `nightly.evaluate=["minif2f:valid:${file}"]`,
  'nightly.samples=4',
  'nightly.k=[1,4]',
  'nightly.profile=partial',
);
const hooks = { check: requireStrict, evaluate: evaluateCurrent, readReport: readEvalReport };

/** One night more in that directory: up to `rounds` in all. */
async function night(dir: string, rounds: number, settings = config, secondsLeft = 1e6) {
  const clock = new VirtualClock();
  const { run, said, close } = openVirtualRun(dir, settings, clock);
  const log = emptyLog();
  const evaluations = evaluationsOf(settings, dir, hooks);
  const deadline = clock.deadline(secondsLeft);
  try {
    await playNight(run, parts({ rounds, evaluations, deadline }), log);
  } finally {
    close();
  }
  const { version } = run.policy;
  return { log, said, version };
}

test('a night evaluates the policy it ended with, the next compares with it, and one without a new policy does nothing', async () => {
  const dir = fresh();
  const first = await night(dir, 1);
  const names = () => readdirSync(join(dir, 'evaluations', 'minif2f-valid'));
  expect(names()).toEqual([`00001-${first.version}`]);
  expect(first.log.evaluated).toMatchObject([
    { label: 'minif2f-valid', kind: 'evaluated', report: { problems: 6, attempts: 24, comparison: null } },
  ]);

  const second = await night(dir, 2);
  expect(names()).toEqual([`00001-${first.version}`, `00002-${second.version}`]);
  expect(second.log.evaluated).toMatchObject([
    { report: { comparison: { before: `00001-${first.version}`, after: `00002-${second.version}` } } },
  ]);
  expect(second.said.at(-1)).toMatch(/^minif2f-valid: (Within|More than) noise|^minif2f-valid: The/);

  const third = await night(dir, 2);
  expect(third.log.evaluated).toMatchObject([
    { kind: 'evaluated', report: { id: `00002-${second.version}` } },
  ]);
  expect(third.said.join()).not.toContain('evaluating');
});

test('its problems are checked against what the run learned from', async () => {
  const { log } = await night(fresh(), 1);
  expect(log.evaluated).toMatchObject([{ report: { contamination: { ofThisRun: true, matches: [] } } }]);
});

test('an evaluation that was cut off is gone on with, not begun again', async () => {
  const dir = fresh();
  await night(dir, 1, configWith());
  const clock = new VirtualClock();
  let left = 30;
  const { run, close } = openVirtualRun(dir, config, clock, () => {
    if (--left === 0) throw new Error('power cut');
  });
  const evaluations = evaluationsOf(config, dir, hooks);
  await expect(playNight(run, parts({ rounds: 1, evaluations }), emptyLog())).rejects.toThrow('power cut');
  close();
  const before = clock.seconds;
  expect(before).toBe(30);
  const again = openVirtualRun(dir, config, clock);
  await playNight(again.run, parts({ rounds: 1, evaluations }), emptyLog());
  // 6 inspections, 24 samples and 24 verdicts in all; what was sampled before the cut is not sampled again.
  expect(clock.seconds - before).toBeLessThan(6 + 24 + 24);
  again.close();
});

test('an evaluation that the time left does not hold is skipped, and that is said', async () => {
  const dir = fresh();
  await night(dir, 1, configWith());
  const { log, said } = await night(dir, 1, config, 5);
  expect(log.evaluated).toMatchObject([
    {
      label: 'minif2f-valid',
      kind: 'skipped',
      why: expect.stringMatching(/^it takes about \d+ s, and 5 s are left$/),
    },
  ]);
  expect(said.at(-1)).toContain('minif2f-valid is not evaluated');
});

test('other samples than last night: the night is not lost, only the comparison, and the reason is said', async () => {
  const dir = fresh();
  await night(dir, 1);
  const { log, said } = await night(
    dir,
    2,
    configWith(
      `nightly.evaluate=["minif2f:valid:${file}"]`,
      'nightly.samples=2',
      'nightly.k=[1]',
      'nightly.profile=partial',
    ),
  );
  expect(log.evaluated).toMatchObject([{ report: { attempts: 12, comparison: null } }]);
  expect(said.join('\n')).toMatch(/no comparison: .* are not of a kind: samples is 4 and 2/);
});

test('a fixed evaluation is compared with instead of the last, and one that is missing is bad usage in the evening', async () => {
  const dir = fresh();
  await night(dir, 1);
  const fixed = join(
    dir,
    'evaluations',
    'minif2f-valid',
    readdirSync(join(dir, 'evaluations', 'minif2f-valid'))[0] ?? '',
  );
  await night(dir, 2);
  const { nightly, ...rest } = config;
  const against = { ...rest, nightly: { ...nightly, compareWith: fixed } };
  const { log } = await night(dir, 3, against);
  expect(log.evaluated).toMatchObject([{ report: { comparison: { before: fixed.split('/').at(-1) } } }]);
  const missing = { ...rest, nightly: { ...nightly, compareWith: join(root, 'nowhere') } };
  expect(() => evaluationsOf(missing, dir, hooks)).toThrow(UsageError);
});

test('sets that are misspelt, missing or named twice are bad usage before anything is started', () => {
  const of = (...sets: readonly string[]) =>
    evaluationsOf({ ...config, nightly: { ...config.nightly, evaluate: sets } }, root, hooks);
  expect(() => of('minif2f')).toThrow('nightly.evaluate: expected name:split:path');
  expect(() => of('minif2f:valid:nowhere.jsonl')).toThrow(UsageError);
  const fast = {
    ...config,
    checker: { ...config.checker, lean: { ...config.checker.lean, tier: 'fast' as const } },
  };
  expect(() => evaluationsOf(fast, root, hooks)).toThrow('checker.lean.tier: an evaluation counts only');
  expect(() => of(`minif2f:valid:${file}`, `minif2f:valid:${file}`)).toThrow('found minif2f-valid twice');
});
