/** The watch in whole rounds of the fakes: what it leaves, and that an alarm stops, refreshes or only says. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/index.ts';
import { playNight } from '../../src/nightly/night.ts';
import { EXIT, exitCodeOf } from '../../src/ops/errors.ts';
import type { Bundle } from '../../src/policy/bundle.ts';
import type { LearnReport, Policy, Sequence } from '../../src/policy/policy.ts';
import { openPortfolio } from '../../src/policy/portfolio.ts';
import { playRound, STEPS } from '../../src/selfplay/round.ts';
import type { Run } from '../../src/selfplay/run.ts';
import { watch } from '../../src/selfplay/watch.ts';
import { emptyLog, parts } from '../nightly/virtual.ts';
import { OVERRIDES, openFakeRun } from './fake-run.ts';
import { FakePolicy } from './fakes.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-watch-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function open(
  alarms: string,
  policy?: Policy,
  overrides: readonly string[] = [],
): { run: Run; said: string[] } {
  const { config } = loadConfig({ overrides: [...OVERRIDES, `watch.alarms=${alarms}`, ...overrides] });
  const said: string[] = [];
  const run = openFakeRun(mkdtempSync(join(root, 'run-')), config, undefined, undefined, policy);
  return { run: { ...run, say: (message) => said.push(message) }, said };
}

test('a round leaves its figures: those of the sampler as it sampled, the drift under the weights it ended with', async () => {
  const { run } = open('[]');
  await playRound(run, 1);
  const metrics = run.ledger.metrics.get(1);
  expect(metrics['watch.samplerEntropy']).toBe(0.5); // the fake samples every token at log-prob −0.5
  expect(metrics['watch.conjecturerEntropy']).toBe(0.5);
  expect(metrics['watch.logprobDrift']).toBe(0.25); // and scores it at −0.25
  expect(metrics['watch.disjunctiveShare']).toBe(0);
  expect(metrics['watch.conclusionChars']).toBe('n + 0 = 0 + n'.length);
  expect(metrics['watch.duplicateShare']).toBeGreaterThan(0);
  const bins = Object.entries(metrics).filter(([name]) => name.startsWith('watch.passRateHistogram.'));
  expect(bins.reduce((sum, [, count]) => sum + count, 0)).toBe(
    run.ledger.statements.keptConjectures(1).length,
  );
  expect(run.ledger.facts.get('alarm.1')).toBeUndefined();
  run.ledger.close();
});

test('a stop ends the run once the round is whole, with a sentence and exit code 75; gone on with, it plays on', async () => {
  const { run } = open('[{ metric = "logprobDrift", max = 0.2, action = "stop" }]');
  const stopped = await playRound(run, 1).catch((error: unknown) => error);
  expect(exitCodeOf(stopped)).toBe(EXIT.stopped);
  expect(String(stopped)).toContain(
    'The watch stopped the run after round 1: watch.logprobDrift is 0.25, above 0.2.',
  );
  expect(run.ledger.facts.get('alarm.1')).toEqual([
    { metric: 'watch.logprobDrift', value: 0.25, bound: { max: 0.2 }, action: 'stop' },
  ]);
  expect(run.ledger.steps.isDone(1, 'report')).toBe(true);
  expect(readFileSync(join(run.dir, 'report.json'), 'utf8')).toContain('watch.logprobDrift');
  await expect(playRound(run, 1)).resolves.toBeUndefined();
  run.ledger.close();
});

/** Scores by how often it has learned: as it sampled, then otherwise. */
class Moving extends FakePolicy {
  #scored = -0.5;
  override async score(sequences: readonly Sequence[]): Promise<Float32Array[]> {
    return sequences.map((s) => new Float32Array(s.tokens.length).fill(this.#scored));
  }
  override learn(bundle: Bundle): Promise<LearnReport> {
    this.#scored = -0.25;
    return super.learn(bundle);
  }
}

test('the gap between sampler and learner is that before the update, the drift that after it', async () => {
  const { run } = open('[{ metric = "samplerGap", min = 0.1 }]', new Moving('initial'));
  await playRound(run, 1);
  expect(run.ledger.metrics.get(1)).toMatchObject({ 'watch.samplerGap': 0, 'watch.logprobDrift': 0.25 });
  expect(run.ledger.facts.get('alarm.1')).toMatchObject([{ metric: 'watch.samplerGap', value: 0 }]);
  run.ledger.close();
});

test.each(['prove.temperature=0.7', 'prove.topP=0.9', 'prove.topK=5', 'prove.minP=0.1'])(
  'under %s the sampler is another distribution, so neither gap nor drift is told',
  async (setting) => {
    const { run } = open('[]', undefined, [setting]);
    await playRound(run, 1);
    const names = Object.keys(run.ledger.metrics.get(1));
    expect(names).toContain('watch.samplerEntropy');
    expect(names.filter((name) => /samplerGap|logprobDrift/.test(name))).toEqual([]);
    run.ledger.close();
  },
);

/** Scores everything at no number. */
class Unscored extends FakePolicy {
  override score(sequences: readonly Sequence[]): Promise<Float32Array[]> {
    return Promise.resolve(sequences.map((s) => new Float32Array(s.tokens.length).fill(Number.NaN)));
  }
}

test.each([
  ['goes on', 'warn'],
  ['is stopped', 'stop'],
] as const)(
  'a figure that is no number is a note, no metric, and raises the alarm on it: under it the run %s',
  async (_, action) => {
    const { run } = open(
      `[{ metric = "logprobDrift", max = 1000, action = "${action}" }]`,
      new Unscored('initial'),
    );
    const end = await playRound(run, 1).catch((error: unknown) => error);
    if (action === 'stop') expect(String(end)).toContain('watch.logprobDrift is no finite number');
    else expect(end).toBeUndefined();
    expect(run.ledger.metrics.get(1)).not.toHaveProperty('watch.logprobDrift');
    expect(run.ledger.metrics.get(1)).toHaveProperty('watch.samplerEntropy');
    const { notes, alarms } = JSON.parse(readFileSync(join(run.dir, 'report.json'), 'utf8'));
    expect(notes[0].text).toContain('watch.logprobDrift is no finite number');
    expect(alarms.at(-1).text).toContain('watch.logprobDrift'); // the update was refused, which is another
    run.ledger.close();
  },
);

test('a stop that a kill came before is made up for by the night that goes on, once', async () => {
  const { run } = open('[{ metric = "logprobDrift", max = 0.2, action = "stop" }]');
  run.ledger.rounds.begin(1, run.policy.version);
  for (const [name, step] of Object.entries(STEPS)) {
    run.ledger.steps.begin(1, name);
    run.ledger.steps.finish(1, name, await step(run, 1));
  }
  // Killed here: the round is whole, and nobody has been stopped.
  const night = () => playNight(run, parts({ rounds: 1 }), emptyLog());
  await expect(night()).rejects.toThrow('The watch stopped the run after round 1');
  await expect(night()).resolves.toBeUndefined();
  run.ledger.close();
});

test('a refresh is asked of the next round, a warning only said', async () => {
  const { run, said } = open(
    '[{ metric = "samplerEntropy", min = 0.6, action = "refresh" }, { metric = "logprobDrift", max = 0.2 }]',
  );
  await playRound(run, 1);
  expect(said).toContain('watch: watch.samplerEntropy is 0.5, below 0.6 (refresh)');
  expect(said).toContain('watch: watch.logprobDrift is 0.25, above 0.2 (warn)');
  await playRound(run, 2);
  expect(said.join('\n')).toContain('refresh: the first policy learns from everything verified so far');
  run.ledger.close();
});

test('a policy that cannot score has no drift, and the watch says why', async () => {
  const { run, said } = open('[]');
  await playRound(run, 1);
  await watch({ ...run, policy: openPortfolio('single') }, 1);
  expect(said.at(-1)).toContain('watch: no logprobDrift (portfolio: has no model');
  run.ledger.close();
});
