/**
 * Every weight that was used can be computed again from the ledger: verdicts, the run's configuration, the objective's
 * settings of the round. Compared exactly, with the weights table and with the rows of the bundle on disk.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Config, loadConfig } from '../../src/config/index.ts';
import { openLedger } from '../../src/ledger/index.ts';
import {
  type Group,
  OBJECTIVE_NAMES,
  type ObjectiveName,
  objectives,
  tokenWeightsOf,
} from '../../src/objectives/index.ts';
import { readBundle } from '../../src/policy/bundle-file.ts';
import { settingsFact } from '../../src/selfplay/learn.ts';
import { objectiveSettings } from '../../src/selfplay/learning/planning.ts';
import { playRound } from '../../src/selfplay/round.ts';
import { OVERRIDES, openFakeRun } from './fake-run.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-weights-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Two rounds with that objective; the folder they are in. */
async function played(objective: ObjectiveName, settings: readonly string[] = []): Promise<string> {
  const dir = mkdtempSync(join(root, `${objective}-`));
  const overrides = [...OVERRIDES, `learn.objective=${objective}`, ...settings];
  const run = openFakeRun(dir, loadConfig({ overrides }).config);
  for (const round of [1, 2]) await playRound(run, round);
  run.ledger.close();
  return dir;
}

interface VerdictRow {
  readonly id: string;
  readonly statement: string;
  readonly verdict: string;
  readonly ms: number;
  readonly tokens: number;
  readonly text: string;
  readonly chars: number;
  readonly finish: string;
}

/** The round's verdicts by statement, straight from the tables. */
function groupsOf(dir: string, round: number): Map<string, VerdictRow[]> {
  const db = new Database(join(dir, 'ledger.sqlite'), { readonly: true });
  try {
    const rows = db.prepare<[number], VerdictRow>(
      `SELECT a.id, a.statement_id AS statement, v.verdict, v.ms, length(a.tokens) / 4 AS tokens,
         a.text, length(a.text) AS chars, a.finish
       FROM attempts a JOIN verdicts v ON v.attempt_id = a.id
       WHERE a.purpose = 'prove' AND a.round = ? ORDER BY a.statement_id, a.sample_index`,
    );
    return Map.groupBy(rows.all(round), (row) => row.statement);
  } finally {
    db.close();
  }
}

/** The log-prob that the fake policies sample every token at. */
const SAMPLED = -0.5;

type Scores = ReadonlyMap<string, readonly number[]>;

const groupOf = (
  rows: readonly VerdictRow[],
  statementId: string,
  references: Scores,
  scores: Scores = new Map(),
): Group => ({
  statementId,
  attempts: rows.map((row, i) => ({
    attemptId: row.id,
    reward: row.verdict === 'fault' ? null : row.verdict === 'proved' ? 1 : 0,
    tokens: row.tokens,
    chars: row.chars,
    verifySeconds: row.ms / 1000,
    truncated: row.finish === 'length',
    repeated: rows.slice(0, i).some((r) => r.verdict === 'proved' && r.text === row.text),
    policyLogprobs: Array(row.tokens).fill(SAMPLED),
    refLogprobs: references.get(row.id) ?? [],
    ...(scores.has(row.id) && { tokenScores: scores.get(row.id) ?? [] }),
  })),
});

/** What a round's ledger says was learned, and the configuration it kept. */
function learned(dir: string, round: number) {
  const ledger = openLedger(join(dir, 'ledger.sqlite'), { readonly: true });
  try {
    const bundle = ledger.bundles.list().find((b) => b.round === round);
    const config: Config = JSON.parse(ledger.run.read()?.config ?? '{}');
    return {
      config,
      settings: ledger.facts.get(settingsFact(round)),
      weights: ledger.bundles.weights(bundle?.hash ?? ''),
      scores: ledger.bundles.tokenScores(bundle?.hash ?? ''),
      references: ledger.bundles.referenceLogprobs(bundle?.hash ?? ''),
      bundle: readBundle(join(dir, bundle?.path ?? '')),
    };
  } finally {
    ledger.close();
  }
}

/** The policy's first update comes in the first round, so that both rounds have one. */
const TOKEN_WEIGHTS = ['learn.rewardModel.actorFrozenSteps=1', 'learn.batchRows=4'];

const EVERY: readonly (readonly [ObjectiveName, readonly string[]])[] = [
  ['oreal-repo', []],
  ['oreal-paper', ['learn.objectiveSettings.failureRate=leave-one-out', 'learn.objectiveSettings.eta=0.7']],
  ['grpo', ['learn.objectiveSettings.deviation=sample', 'learn.klCoef=0.1']],
  ['rloo', ['learn.objectiveSettings.truncated=mask']],
  ['stp', ['learn.objectiveSettings.charDecay=0.01']],
  ['prime', ['learn.objectiveSettings.minPassRate=0.1']],
  ['topr', []],
  ['raft', []],
  ['raft++', []],
  ['expert-iteration', []],
  ['reinforce-rej', []],
  ['rlvr', ['learn.objectiveSettings.verifiedReward=3']],
  ['dr-grpo', ['learn.objectiveSettings.maxTokens=96']],
  ['dapo', ['learn.objectiveSettings.truncated=mask']],
  ['w-reinforce', ['learn.objectiveSettings.lambda=0.3']],
  ['oreal-paper', [...TOKEN_WEIGHTS, 'learn.objectiveSettings.tokenWeights=per-token']],
  ['oreal-repo', [...TOKEN_WEIGHTS, 'learn.objectiveSettings.tokenWeights=prefix-mean']],
];

test('every objective there is has been played', () => {
  expect(new Set(EVERY.map(([name]) => name))).toEqual(new Set(OBJECTIVE_NAMES));
});

describe.each(EVERY)('%s %j', (name, overrides) => {
  let dir = '';
  beforeAll(async () => {
    dir = await played(name, overrides);
  });

  test.each([1, 2])('round %i: weights and rows follow from verdicts and settings', (round) => {
    const { config, settings, weights, bundle, scores, references } = learned(dir, round);
    const inForce = { ...objectives[name].defaults, ...objectiveSettings(config, round) };
    expect(settings).toEqual({ objective: name, ...inForce });

    const verdicts = groupsOf(dir, round);
    const groups = [...verdicts].map(([statement, rows]) => groupOf(rows, statement, references));
    const inBundle = new Set(bundle.steps.flat().map((row) => row.id));
    const attempts = objectives[name]
      .weigh(groups, inForce)
      .attempts.filter((a) => inBundle.has(a.attemptId));
    expect(attempts.length).toBeGreaterThan(0);
    const prover = weights.filter((w) => w.role === 'prover');
    const fields = ({ reward, c, k, weight }: (typeof attempts)[number] | (typeof prover)[number]) => [
      reward,
      c,
      k,
      weight,
    ];
    expect(new Map(prover.map((w) => [w.sampleId, fields(w)]))).toEqual(
      new Map(attempts.map((a) => [a.attemptId, fields(a)])),
    );

    const statementOf = new Map(attempts.map((a) => [a.attemptId, a.statementId]));
    expect(scores.length > 0).toBe(inForce.tokenWeights !== 'none');
    expect(references.size > 0).toBe(name === 'prime');
    bundle.steps.forEach((rows, i) => {
      const ofStep = new Map(scores.filter((s) => s.step === i).map((s) => [s.sampleId, s.scores]));
      const proofs = rows.filter((row) => statementOf.has(row.id));
      const statements = [...new Set(proofs.map((row) => statementOf.get(row.id) ?? ''))];
      const step = statements.map((id) => groupOf(verdicts.get(id) ?? [], id, references, ofStep));
      const again = objectives[name].weigh(step, inForce).attempts;
      const share = proofs.length < rows.length ? 1 - config.learn.conjecturerShare : 1;
      expect(proofs.map((row) => [row.id, row.weights, row.klCoef, row.ratio])).toEqual(
        again.map((a) => [a.attemptId, tokenWeightsOf(a).map((w) => w * share), a.klCoef * share, a.ratio]),
      );
    });
  });
});

test('the weights of oreal-repo in the ledger are 2(K−c)/(K−1) and −c/(K−1) of the verdicts counted', async () => {
  const dir = await played('oreal-repo');
  const verdicts = groupsOf(dir, 1);
  const rows = [...verdicts.values()].flat();
  const { weights } = learned(dir, 1);
  for (const { sampleId, weight } of weights.filter((w) => w.role === 'prover')) {
    const row = rows.find((r) => r.id === sampleId);
    const judged = (verdicts.get(row?.statement ?? '') ?? []).filter((r) => r.verdict !== 'fault');
    const [k, c] = [judged.length, judged.filter((r) => r.verdict === 'proved').length];
    expect(weight).toBeCloseTo((row?.verdict === 'proved' ? 2 * (k - c) : -c) / (k - 1), 12);
  }
});
