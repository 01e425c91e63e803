import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import type { Checker } from '../../src/checkers/checker.ts';
import { loadConfig } from '../../src/config/index.ts';
import { openLedger } from '../../src/ledger/index.ts';
import { StoppedError } from '../../src/ops/errors.ts';
import { buildRunReport } from '../../src/reports/index.ts';
import { noteFact } from '../../src/selfplay/notes.ts';
import { playBaseline, playRound, STEPS } from '../../src/selfplay/round.ts';
import type { Run } from '../../src/selfplay/run.ts';
import { currentPolicy } from '../../src/selfplay/versions.ts';
import { OVERRIDES, openFakeRun, train } from './fake-run.ts';
import type { OnAnswer } from './fakes.ts';
import { contents } from './ledger-contents.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-round-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A token-level reward model too, with one step ahead of the policy's first: it is state that a resumed run needs. */
const { config } = loadConfig({
  overrides: [
    ...OVERRIDES,
    'learn.objectiveSettings.tokenWeights=prefix-mean',
    'learn.rewardModel.actorFrozenSteps=1',
  ],
});
const open = (dir: string, settings = config, onAnswer?: OnAnswer, signal?: AbortSignal) =>
  openFakeRun(dir, settings, onAnswer, signal);

async function play(run: Run): Promise<void> {
  await playBaseline(run);
  for (const round of [1, 2]) await playRound(run, round);
}

async function undisturbed(settings = config): Promise<{ dir: string; answers: number }> {
  const dir = mkdtempSync(join(root, 'whole-'));
  let answers = 0;
  const run = open(dir, settings, () => answers++);
  await play(run);
  run.ledger.close();
  return { dir, answers };
}

const whole = await undisturbed();

test('a round plays its eight steps in order and leaves a report', async () => {
  const ledger = openLedger(join(whole.dir, 'ledger.sqlite'), { readonly: true });
  const steps = ledger.steps.list(1);
  expect(Object.keys(STEPS)).toEqual(
    'propose screen prove judge select learn evaluate report'.split(' '), // the words of the design page
  );
  expect(new Set(steps.map((s) => s.step))).toEqual(new Set(Object.keys(STEPS)));
  expect(steps.every((s) => s.status === 'done')).toBe(true);
  ledger.close();
});

test('both rounds learn, and each starts from the policy the one before ended with', () => {
  const ledger = openLedger(join(whole.dir, 'ledger.sqlite'), { readonly: true });
  const [baseline, first, second] = ledger.rounds.list();
  expect(baseline?.policyIn).toBe('initial');
  expect(first?.policyOut).not.toBe('initial');
  expect(second?.policyIn).toBe(first?.policyOut);
  expect(ledger.policies.get(second?.policyOut ?? '')?.parent).toBe(first?.policyOut);
  expect(currentPolicy(ledger)?.version).toBe(second?.policyOut);
  ledger.close();
});

test('trivial and refuted conjectures are dropped with their reason, repeated ones as duplicates', () => {
  const ledger = openLedger(join(whole.dir, 'ledger.sqlite'), { readonly: true });
  const screenings = [1, 2].flatMap((round) => ledger.conjectures.screenings(round));
  const details = (outcome: string) =>
    new Set(screenings.filter((s) => s.outcome === outcome).map((s) => s.detail));
  expect(details('trivial')).toEqual(new Set(['rfl']));
  expect(details('refuted')).toEqual(new Set(['n = 0']));
  expect(details('duplicate').size).toBeGreaterThan(0);
  ledger.close();
});

test('held-out problems and failures are never what the prover is trained on as proofs', () => {
  const ledger = openLedger(join(whole.dir, 'ledger.sqlite'), { readonly: true });
  const weights = ledger.bundles.list().flatMap((b) => ledger.bundles.weights(b.hash));
  for (const { role, sampleId, reward, weight } of weights.filter((w) => w.role === 'prover')) {
    const attempt = ledger.attempts.get(sampleId);
    expect(role).toBe('prover');
    expect(attempt?.purpose).toBe('prove');
    expect(attempt?.statementId).not.toMatch(/^p:h/);
    expect(Math.sign(weight)).toBe(reward === 1 ? 1 : -1);
  }
  ledger.close();
});

/** As the report that the round left tells them. */
const notesIn = (dir: string) => JSON.parse(readFileSync(join(dir, 'report.json'), 'utf8')).notes;

/** The same loop with everything on that a later round reads from earlier ones. */
const FULL = [
  ...OVERRIDES,
  'prove.maxSamples=12',
  'prove.extendUnproved=true',
  'prove.replayShare=0.5',
  'learn.bufferRounds=2',
  'learn.refreshEvery=2',
  'propose.policy=first',
];

test.each([
  ['as shipped', OVERRIDES],
  ['with stages, replay, a buffer, a refresh and a frozen conjecturer', FULL],
])(
  'interrupted anywhere and run again, the ledger is that of an undisturbed run: %s',
  async (_, overrides) => {
    const settings = loadConfig({ overrides }).config;
    const { dir: wholeDir, answers } = await undisturbed(settings);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: answers }), { maxLength: 3 }), async (crashes) => {
        const dir = mkdtempSync(join(root, 'cut-'));
        for (const crash of crashes) {
          let left = crash;
          const run = open(dir, settings, () => {
            if (--left === 0) throw new Error('power cut');
          });
          await play(run).catch((error: Error) => expect(error.message).toBe('power cut'));
          run.ledger.close();
        }
        const run = open(dir, settings);
        await play(run);
        run.ledger.close();
        expect(contents(dir)).toEqual(contents(wholeDir));
      }),
      { numRuns: 12 },
    );
  },
);

test('asked to stop, the loop stops with the reason given and goes on later to the same end', async () => {
  const dir = mkdtempSync(join(root, 'stop-'));
  const controller = new AbortController();
  let left = 40;
  const stop = () => void (--left === 0 && controller.abort(new Error('asked')));
  const run = open(dir, config, stop, controller.signal);
  await expect(play(run)).rejects.toThrow('asked');
  run.ledger.close();
  const again = open(dir);
  await play(again);
  again.ledger.close();
  expect(contents(dir)).toEqual(contents(whole.dir));
});

test('what fails in a step because the run is being stopped ends it as the stop does', async () => {
  const controller = new AbortController();
  const reason = new StoppedError('asked to stop');
  const failing = () => {
    controller.abort(reason);
    throw new Error('a server that heard of it too');
  };
  const run = open(mkdtempSync(join(root, 'stopped-')), config, failing, controller.signal);
  await expect(playBaseline(run)).rejects.toBe(reason);
  run.ledger.close();
});

test('with nothing proved there is no seed: the round says so, proposes nothing and still ends', async () => {
  const dir = mkdtempSync(join(root, 'bare-'));
  const run = open(dir);
  const said: string[] = [];
  const noSeeds: Run = {
    ...run,
    problems: { ...run.problems, train: train.slice(8) },
    say: (message) => said.push(message),
  };
  await playRound(noSeeds, 1);
  expect(said.join('\n')).toContain('no seed to conjecture from');
  expect(notesIn(dir)).toContainEqual({
    round: 1,
    text: 'nothing is proved yet, so there is no seed to conjecture from',
  });
  expect(run.ledger.conjectures.list(1)).toEqual([]);
  expect(run.ledger.steps.isDone(1, 'report')).toBe(true);
  run.ledger.close();
});

/** A round 1 under another checker, and what it said. */
async function playedWith(change: (checker: Checker) => Partial<Checker>, ...overrides: readonly string[]) {
  const said: string[] = [];
  const settings = loadConfig({ overrides: [...OVERRIDES, ...overrides] }).config;
  const opened = open(mkdtempSync(join(root, 'odd-')), settings);
  const { checker } = opened;
  const real: Checker = {
    toolchain: 'fake',
    inspect: (statements, options) => checker.inspect(statements, options),
    judge: (attempts) => checker.judge(attempts),
    close: () => checker.close(),
  };
  const run: Run = {
    ...opened,
    checker: { ...real, ...change(checker) },
    say: (message) => void said.push(message),
  };
  await playRound(run, 1);
  return { ledger: run.ledger, said: said.join('\n') };
}

test('a round whose screen drops every conjecture says so, proves its problems and ends', async () => {
  const { ledger, said } = await playedWith((checker) => ({
    async *inspect(statements, options) {
      for await (const inspection of checker.inspect(statements, options))
        yield { ...inspection, refuted: 'n = 0' };
    },
  }));
  const outcomes = new Set(ledger.conjectures.screenings(1).map((s) => s.outcome));
  expect(outcomes.has('refuted') && !outcomes.has('kept')).toBe(true);
  expect(said).toContain('0 of 12 conjectures pass the screen');
  expect(said).toContain('no conjecture was tried: nothing to select from');
  expect(ledger.attempts.totals({ round: 1, purpose: 'prove' }).attempts).toBe(6 * 8);
  expect(ledger.steps.isDone(1, 'report')).toBe(true);
  ledger.close();
});

test.each([
  ['right', 'proved'],
  ['wrong', 'rejected'],
] as const)(
  'a round with every group all %s says that there is nothing to learn from, and leaves the policy as it is',
  async (_, verdict) => {
    const { ledger, said } = await playedWith(
      (checker) => ({
        async *judge(attempts) {
          for await (const answer of checker.judge(attempts)) yield { ...answer, verdict, reason: verdict };
        },
      }),
      'learn.objective=oreal-repo',
    );
    const nothing = 'nothing to learn from: no attempt that the objective weighs, no conjecture kept';
    expect(said).toContain(nothing);
    expect(ledger.facts.get(noteFact(1, 'learn'))).toContain(nothing);
    expect(buildRunReport(ledger).notes).toEqual([{ round: 1, text: expect.stringContaining(nothing) }]);
    const [first] = ledger.rounds.list();
    expect([first?.policyIn, first?.policyOut]).toEqual(['initial', 'initial']);
    expect(ledger.bundles.list()).toEqual([]);
    expect(ledger.steps.isDone(1, 'report')).toBe(true);
    ledger.close();
  },
);
