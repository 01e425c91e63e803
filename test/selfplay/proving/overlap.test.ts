import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Attempt, Checker, Source, Verdict } from '../../../src/checkers/checker.ts';
import { loadConfig } from '../../../src/config/index.ts';
import type { Completion, SampleRequest } from '../../../src/policy/policy.ts';
import { attemptAndJudge } from '../../../src/selfplay/proving/overlap.ts';
import type { Run } from '../../../src/selfplay/run.ts';
import { OVERRIDES, openFakeRun, train } from '../fake-run.ts';
import { FakeChecker, FakePolicy } from '../fakes.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-overlap-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const SAMPLER = { temperature: 1, topP: 1, topK: 0, maxTokens: 8 };
const { config } = loadConfig({ overrides: OVERRIDES });

function openRun(parts: Partial<Pick<Run, 'policy' | 'checker' | 'signal' | 'now'>>): Run {
  const run = { ...openFakeRun(mkdtempSync(join(root, 'run-')), config), ...parts };
  run.ledger.statements.insert(train.map((p) => ({ ...p, source: 'dataset' as const, dataset: 'test' })));
  return run;
}

const attempted = (run: Run, samples: number) =>
  attemptAndJudge(run, 1, train, { from: 0, to: samples }, SAMPLER);
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test('attempts are judged while others are still sampled', async () => {
  const order: string[] = [];
  const run = openRun({ policy: new FakePolicy('initial', () => order.push('sample')) });
  const checker = new FakeChecker(() => order.push('verdict'));
  await attempted({ ...run, checker }, 8);
  expect(order.filter((o) => o === 'verdict')).toHaveLength(train.length * 8);
  expect(order.indexOf('verdict')).toBeLessThan(order.lastIndexOf('sample'));
  expect(run.ledger.metrics.get(1)).toHaveProperty('overlap.judgingSeconds');
});

test('a judge that takes nothing holds the sampler up, so that little is waiting', async () => {
  let sampled = 0;
  const run = openRun({ policy: new FakePolicy('initial', () => sampled++) });
  const ready = Promise.withResolvers<void>();
  class Slow extends FakeChecker {
    override async *judge(attempts: Source<Attempt>): AsyncGenerator<Verdict> {
      await ready.promise;
      yield* super.judge(attempts);
    }
  }
  const all = attempted({ ...run, checker: new Slow() }, 200); // 4,000 attempts
  for (let before = -1; before !== sampled; ) {
    before = sampled;
    for (let i = 0; i < 100; i++) await turn();
  }
  expect(sampled).toBeGreaterThan(2000);
  expect(sampled).toBeLessThan(2500);
  ready.resolve();
  await all;
  expect(sampled).toBe(4000);
  expect([...run.ledger.attempts.pending({ round: 1, purpose: 'prove' })]).toEqual([]);
});

test('when the judge fails the sampler stops, and the failure told is the judge’s', async () => {
  let sampled = 0;
  const run = openRun({ policy: new FakePolicy('initial', () => sampled++) });
  const checker: Checker = new FakeChecker(() => {
    throw new Error('the judge broke');
  });
  await expect(attempted({ ...run, checker }, 400)).rejects.toThrow('the judge broke');
  expect(sampled).toBeLessThan(8000);
});

test('when the sampler fails what was stored is still judged up to a clean point, and the failure is told', async () => {
  class Broken extends FakePolicy {
    override async *sample(requests: readonly SampleRequest[]): AsyncGenerator<Completion> {
      yield* super.sample(requests.slice(0, 10));
      throw new Error('the engine broke');
    }
  }
  const run = openRun({ policy: new Broken('initial') });
  await expect(attempted(run, 8)).rejects.toThrow('the engine broke');
  const stored = run.ledger.attempts.ids({ round: 1, purpose: 'prove' });
  expect(stored.size).toBeGreaterThan(0);
  await attempted({ ...run, policy: new FakePolicy('initial') }, 8);
  expect(run.ledger.attempts.ids({ round: 1, purpose: 'prove' }).size).toBe(train.length * 8);
  expect([...run.ledger.attempts.pending({ round: 1, purpose: 'prove' })]).toEqual([]);
});

test('a judge that is still at work when the phase is stopped was busy until then', async () => {
  let seconds = 0;
  const stop = new AbortController();
  const policy = new FakePolicy('initial', () => {
    if (++seconds === 100) stop.abort(new Error('stopped'));
  });
  class Stuck extends FakeChecker {
    override async *judge(): AsyncGenerator<Verdict> {
      await new Promise((resolve) => stop.signal.addEventListener('abort', resolve));
    }
  }
  const run = openRun({ policy, checker: new Stuck(), signal: stop.signal, now: () => 1000 * seconds });
  await attempted(run, 8);
  // It had something to do from the first stored batch, 64 attempts, on.
  expect(run.ledger.metrics.get(1)).toMatchObject({
    'overlap.seconds': 100,
    'overlap.samplingSeconds': 100,
    'overlap.judgingSeconds': 36,
  });
});
