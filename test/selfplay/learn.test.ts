/** What becomes of a round whose update is refused: for a number that is none, it would be refused every time. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/index.ts';
import { UpdateRefusedError } from '../../src/policy/errors.ts';
import type { Sequence } from '../../src/policy/policy.ts';
import { refusedFact } from '../../src/selfplay/learn.ts';
import { rewardModelFact } from '../../src/selfplay/learning/reward-model.ts';
import { playRound } from '../../src/selfplay/round.ts';
import type { Run } from '../../src/selfplay/run.ts';
import { OVERRIDES, openFakeRun } from './fake-run.ts';
import { FakePolicy, FakeRewardModel } from './fakes.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-learn-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const TOKEN_WEIGHTS = [
  'learn.objectiveSettings.tokenWeights=prefix-mean',
  'learn.rewardModel.actorFrozenSteps=0',
];
const WHY = 'update refused: loss NaN; the weights are unchanged';

class Refusing extends FakePolicy {
  readonly #why: Error;

  constructor(version: string, why: Error = new UpdateRefusedError(WHY)) {
    super(version);
    this.#why = why;
  }

  override learn(): Promise<never> {
    return Promise.reject(this.#why);
  }
}

class RefusingRewardModel extends FakeRewardModel {
  override step(): Promise<never> {
    return Promise.reject(new UpdateRefusedError(WHY));
  }
}

function open(policy: FakePolicy, over: Partial<Run> = {}, overrides = TOKEN_WEIGHTS) {
  const { config } = loadConfig({ overrides: [...OVERRIDES, ...overrides] });
  const dir = mkdtempSync(join(root, 'run-'));
  const said: string[] = [];
  const run = openFakeRun(dir, config, undefined, undefined, policy);
  return { run: { ...run, say: (message: string) => void said.push(message), ...over }, said };
}

test('a refused update leaves the policy as it is and the run goes on; the ledger and the report say why', async () => {
  const { run, said } = open(new Refusing('initial'));
  await playRound(run, 1);
  expect(said).toContain(`the policy stays as it is: ${WHY}`);
  expect(run.ledger.facts.get(refusedFact(1))).toBe(WHY);
  expect(run.ledger.metrics.get(1)).toMatchObject({ 'learn.refused': 1 });
  expect(run.ledger.bundles.list()).toEqual([]);
  expect(run.ledger.rounds.list()[0]).toMatchObject({ policyIn: 'initial', policyOut: 'initial' });
  // The token-level reward model learned from the same attempts, and nobody refused that.
  expect(run.ledger.facts.get(rewardModelFact(1))).toBeDefined();
  const report = JSON.parse(readFileSync(join(run.dir, 'report.json'), 'utf8'));
  expect(report.alarms).toContainEqual({ round: 1, text: WHY });
  await playRound(run, 2);
  expect(run.ledger.rounds.list()[1]).toMatchObject({ policyIn: 'initial', policyOut: 'initial' });
});

test('a token-level reward model whose update is refused stays as it is too, and with it the policy', async () => {
  const openRewardModel = async () => new RefusingRewardModel('fresh', () => {});
  const { run, said } = open(new FakePolicy('initial'), { openRewardModel });
  await playRound(run, 1);
  expect(said).toContain(`the policy stays as it is: ${WHY}`);
  expect(run.ledger.facts.get(refusedFact(1))).toBe(WHY);
  expect(run.ledger.facts.get(rewardModelFact(1))).toBeUndefined();
  expect(run.ledger.rounds.list()[0]?.policyOut).toBe('initial');
});

test('a round whose weights are no numbers updates nothing either: its bundle is refused', async () => {
  class Unscored extends FakePolicy {
    override score(sequences: readonly Sequence[]): Promise<Float32Array[]> {
      return Promise.resolve(sequences.map((s) => new Float32Array(s.tokens.length).fill(Number.NaN)));
    }
  }
  const { run } = open(new Unscored('initial'), {}, ['learn.objective=prime', 'watch.driftRows=0']);
  await playRound(run, 1);
  expect(run.ledger.facts.get(refusedFact(1))).toMatch(
    /expected finite numbers in weights of row .* found NaN/,
  );
  expect(run.ledger.rounds.list()[0]?.policyOut).toBe('initial');
});

test('any other failure of an update ends the run', async () => {
  const { run } = open(new Refusing('initial', new Error('out of memory')));
  await expect(playRound(run, 1)).rejects.toThrow('out of memory');
  expect(run.ledger.facts.get(refusedFact(1))).toBeUndefined();
});
