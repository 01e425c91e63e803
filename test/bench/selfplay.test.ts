import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  beyond,
  byPool,
  commonCost,
  costsOf,
  heldoutDifference,
  heldoutOf,
  provedAt,
  provedByArm,
  shareByRound,
  variantProved,
  variantsOf,
} from '../../bench/selfplay/figures.ts';
import { type Outcome, outcomeOf, outcomeSchema } from '../../bench/selfplay/outcome.ts';
import { figuresPage } from '../../bench/selfplay/page.ts';
import { loadConfig } from '../../src/config/index.ts';
import { playRound } from '../../src/selfplay/round.ts';
import { OVERRIDES, openFakeRun } from '../selfplay/fake-run.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-experiment-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const outcome = (
  arm: string,
  seed: number,
  proved: readonly number[],
  rates: readonly number[],
): Outcome => ({
  arm,
  seed,
  command: '',
  toolchain: '',
  digest: '',
  open: 10,
  points: proved.map((newlyProved, i) => ({
    round: i + 1,
    sampledTokens: 100 * (i + 1),
    cpuSeconds: 2 * (i + 1),
    newlyProved,
    busy: 1,
  })),
  heldout: rates.map((c, i) => [`p${i}`, 4, c]),
  funnel: {},
  kept: [],
  proved: [],
});

describe('figures of the experiment', () => {
  const a = outcome('a', 1, [4, 6, 8], [4, 0, 2]);
  const b = outcome('b', 1, [2, 3], [2, 0, 0]);

  test('between two rounds the count is on a straight line, from nothing at no cost', () => {
    expect(provedAt(a.points, 'sampledTokens', 0)).toBe(0);
    expect(provedAt(a.points, 'sampledTokens', 50)).toBe(2);
    expect(provedAt(a.points, 'sampledTokens', 250)).toBe(7);
    expect(provedAt(a.points, 'cpuSeconds', 6)).toBe(8);
  });
  test('arms are compared at what the cheapest run spent', () => {
    expect(commonCost([a, b], 'sampledTokens')).toBe(200);
    const proved = provedByArm([a, b, outcome('a', 2, [4, 4, 4], [])], 'sampledTokens');
    expect(proved.get('a')).toEqual({ mean: 5, least: 4, most: 6 });
    expect(proved.get('b')).toEqual({ mean: 3, least: 3, most: 3 });
  });
  test('what the frozen model did not prove is counted seed by seed', () => {
    const run = (arm: string, seed: number, proved: string[]) => ({ ...outcome(arm, seed, [1], []), proved });
    const frozen = [run('sampling', 1, ['x', 'y']), run('sampling', 2, [])];
    expect(beyond([run('a', 1, ['x', 'z']), run('a', 2, ['x', 'y'])], frozen)).toBe(1.5);
    expect(beyond([run('a', 3, ['x'])], frozen)).toBeNaN(); // no such seed: nothing to compare with
  });
  test('held-out differences are paired by problem, and an arm differs from itself by nothing', () => {
    expect(heldoutOf([a], 1).estimate).toBeCloseTo(0.5, 12);
    expect(heldoutDifference([a], [b], 1).estimate).toBeCloseTo(1 / 3, 12);
    expect(heldoutDifference([a], [a], 1)).toEqual({ estimate: 0, low: 0, high: 0 });
  });
});

describe('variants of an arm', () => {
  const as = (o: Outcome, arm: string) => ({
    ...o,
    command: `lakatos run --arm ${arm} --set run.seed=${o.seed}`,
  });
  const stp = [outcome('stp', 1, [4, 8], [2]), outcome('stp', 2, [0, 0], [0])];
  const cheap = as(outcome('stp, few', 1, [1], [4]), 'stp');

  test('are beside the arm they were played as, seed by seed, at the cost that both reached', () => {
    const [variant] = variantsOf([...stp, cheap]);
    expect(variant).toMatchObject({ name: 'stp, few', arm: 'stp', runs: [cheap], against: [stp[0]] });
    expect(variant && variantProved(variant, 'sampledTokens')).toEqual({ spent: 100, variant: 1, arm: 4 });
  });
  test('of an arm that is no main one are beside stp; without a run of the same seed there is nothing to compare', () => {
    const [variant] = variantsOf([...stp, as(outcome('no-matching', 3, [1], []), 'no-matching')]);
    expect(variant).toMatchObject({ arm: 'stp', runs: [], against: [] });
  });
  test('change no figure of the main arms, however cheap they are', () => {
    const table = (outcomes: readonly Outcome[]) => figuresPage(outcomes).split('### Variants')[0];
    expect(table([...stp, cheap])).toBe(table(stp));
    expect(figuresPage([...stp, cheap])).toMatch(
      /\| stp, few \| stp \| 1 \| 1\.0 at 0k sampled tokens \| 4\.0 \|/,
    );
  });
});

test('runs on other problems are kept apart, the most of one kind first; older outcomes tell them by number', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((arm) => outcome(arm, 1, [1], []));
  if (!a || !b || !c) throw new Error('three were made');
  const other = { ...c, open: 11 };
  expect(byPool([other, a, b])).toEqual([[a, b], [other]]);
  expect(byPool([{ ...a, pool: 'x' }, b])).toHaveLength(1);
  expect(
    byPool([
      { ...a, pool: 'x' },
      { ...b, pool: 'y' },
    ]),
  ).toHaveLength(2);
  expect(figuresPage([outcome('stp', 1, [1], []), { ...outcome('stp', 2, [2], []), open: 11 }])).toContain(
    '### On other problems\n\n11 problems are open',
  );
});

test('the share proved by each round is a mean over seeds, up to the last round that all of them played', () => {
  expect(shareByRound([outcome('a', 1, [1, 3, 5], []), outcome('a', 2, [3, 5], [])])).toEqual([0.2, 0.4]);
});

test('judging time is compared only where every outcome tells it', () => {
  const old = outcome('stp', 1, [2], []);
  const timed = { ...old, seed: 2, points: old.points.map((p) => ({ ...p, judgingSeconds: 30 })) };
  expect(costsOf([old, timed])).toEqual(['sampledTokens', 'cpuSeconds']);
  expect(costsOf([timed])).toContain('judgingSeconds');
  expect(provedAt(timed.points, 'judgingSeconds', 15)).toBe(1);
  expect(figuresPage([timed])).toContain('at 30 s of judging');
});

test('an outcome counts from the ledger what was new, what it cost, and what became of the conjectures', async () => {
  const run = openFakeRun(mkdtempSync(join(root, 'run-')), loadConfig({ overrides: OVERRIDES }).config);
  for (const round of [1, 2]) await playRound(run, round);
  const found = outcomeSchema.parse({ arm: 'stp', seed: 1, command: '', ...outcomeOf(run.ledger) });
  const seeded = new Set(run.ledger.proofs.ofRounds(0, 0).map((p) => p.statementId));
  const fresh = run.ledger.proofs
    .ofRounds(1, 2)
    .map((p) => p.statementId)
    .filter((id) => id.startsWith('p:') && !seeded.has(id));
  expect(found.proved).toEqual([...new Set(fresh)].sort());
  expect(found.points.map((p) => p.round)).toEqual([1, 2]);
  expect(found.points.at(-1)?.newlyProved).toBe(found.proved.length);
  const tokens = [1, 2].map(
    (round) =>
      run.ledger.attempts.totals({ round, purpose: 'prove' }).tokens +
      run.ledger.conjectures.list(round).reduce((sum, c) => sum + c.tokens.length, 0),
  );
  expect(found.points.at(-1)?.sampledTokens).toBe(tokens.reduce((x, y) => x + y, 0));
  expect(found.funnel.proposed).toBe(24); // twelve a round
  expect(found.heldout).toHaveLength(4);
  const judged = [1, 2].map((round) => run.ledger.attempts.totals({ round, purpose: 'prove' }).attempts);
  const inspected = [1, 2].map((round) => run.ledger.metrics.get(round)['screen.seconds'] ?? 0);
  const ms = judged.reduce((x, y) => x + y, 0); // the fake judge takes one an attempt
  expect(found.points.at(-1)?.judgingSeconds).toBeCloseTo(
    ms / 1000 + inspected.reduce((x, y) => x + y, 0),
    9,
  );
  expect(outcomeOf(run.ledger).digest).toBe(found.digest);
  // The fake run's clock stands still: nothing was measured, and nothing is claimed.
  for (const point of found.points) expect(point).not.toHaveProperty('busy');
  run.ledger.close();
});
