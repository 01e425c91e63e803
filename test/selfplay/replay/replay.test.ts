/** Rounds of the fakes, played under many settings and replayed from nothing but their ledgers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type Config, loadConfig } from '../../../src/config/index.ts';
import { type Ledger, openLedger } from '../../../src/ledger/index.ts';
import { rewardModelFact } from '../../../src/selfplay/learning/reward-model.ts';
import { type ReplayedRound, replayRounds } from '../../../src/selfplay/replay/replay.ts';
import { summariseRound } from '../../../src/selfplay/replay/replay-summary.ts';
import { playRound } from '../../../src/selfplay/round.ts';
import { OVERRIDES, openFakeRun } from '../fake-run.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-replay-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const ROUNDS = [1, 2, 3];
const KEEPS = ['select.window.high=0.6', 'select.requireLemma=false', 'watch.alarms=[]'];
/** The policy takes no part in the first two steps of the first round, and in all later ones. */
const TOKEN_WEIGHTS = [
  'learn.objectiveSettings.tokenWeights=prefix-mean',
  'learn.rewardModel.actorFrozenSteps=2',
  'learn.batchRows=2',
];
const configOf = (overrides: readonly string[]) =>
  loadConfig({ overrides: [...OVERRIDES, ...KEEPS, ...overrides] }).config;

/** Plays three rounds and gives the ledger, opened again for reading. */
async function played(...overrides: readonly string[]): Promise<{ ledger: Ledger; recorded: Config }> {
  const dir = mkdtempSync(join(root, 'run-'));
  const recorded = configOf(overrides);
  const run = openFakeRun(dir, recorded);
  for (const round of ROUNDS) await playRound(run, round);
  run.ledger.close();
  return { ledger: openLedger(join(dir, 'ledger.sqlite'), { readonly: true }), recorded };
}

async function replay(
  ledger: Ledger,
  recorded: Config,
  wanted: Config,
  rounds = ROUNDS,
): Promise<ReplayedRound[]> {
  return Array.fromAsync(replayRounds({ ledger, recorded, wanted, rounds }));
}

/** Most tests replay the same run. */
const shipped = await played();
afterAll(() => shipped.ledger.close());

test.each([
  ['as shipped', []],
  ['matching', ['select.strategy=matching']],
  ['facility location', ['select.strategy=facility-location']],
  ['the archive', ['select.strategy=archive']],
  ['relabelling', ['select.requireLemma=true', 'select.relabelUnused=true']],
  [
    'stages, a buffer and replay',
    ['prove.maxSamples=16', 'learn.bufferRounds=2', 'prove.replayShare=0.5', 'learn.conjecturerRounds=2'],
  ],
  ['a refresh', ['learn.refreshEvery=2']],
  ['a refresh of the last round', ['learn.refreshLast=true', 'run.rounds=3']],
  ['a frozen model', ['learn.frozen=true']],
  ['another objective', ['learn.objective=stp']],
  ['weights that compare with the first policy', ['learn.objective=prime']],
  ['no conjecture learned', ['learn.conjecturerShare=0']],
  ['guarded conjectures of no weight', ['select.guardedWeight=0', 'select.shortProofChars=100']],
  ['a reward model that learns first', TOKEN_WEIGHTS],
])('under its own settings a run with %s comes out as recorded, number for number', async (_, overrides) => {
  const { ledger, recorded } = await played(...overrides);
  const rounds = await replay(ledger, recorded, recorded);
  for (const { selections, weights } of rounds) {
    expect(selections.after).toEqual(selections.before);
    expect(weights.after).toEqual(weights.before ?? weights.after);
  }
  expect(rounds.some((r) => (r.weights.before ?? []).length > 0)).toBe(!recorded.learn.frozen);
  expect(rounds.map(summariseRound).every((s) => s.same && s.gained.length + s.lost.length === 0)).toBe(true);
  ledger.close();
});

test('of a round in which the policy waited for some steps only, what it learned later is replayed', async () => {
  const { ledger, recorded } = await played(...TOKEN_WEIGHTS);
  const [first] = await replay(ledger, recorded, recorded, [1]);
  expect(ledger.facts.get(rewardModelFact(1))).toMatchObject({ frozen: 2 });
  const withoutWait = configOf([]);
  const [all] = await replay(ledger, recorded, withoutWait, [1]);
  const ids = (round?: ReplayedRound) => (round?.weights.after ?? []).map((w) => w.sampleId);
  expect(ids(first).length).toBeGreaterThan(0);
  expect(ids(first).length).toBeLessThan(ids(all).length);
  expect(ids(all)).toEqual(expect.arrayContaining(ids(first)));
  ledger.close();
});

test('a wider window gains, a narrower one loses, and the summary says which and from what', async () => {
  const { ledger, recorded } = await played('select.window.high=0.3');
  const summaries = async (high: number) =>
    (await replay(ledger, recorded, configOf([`select.window.high=${high}`]))).map(summariseRound);
  const wide = await summaries(1);
  expect(wide.flatMap((s) => s.gained).map((c) => c.before.outcome)).toContain('too-easy');
  expect(wide.flatMap((s) => s.lost)).toEqual([]);
  const narrow = await summaries(0.12);
  const lost = narrow.flatMap((s) => s.lost);
  expect(lost.length).toBeGreaterThan(0);
  for (const { before, after } of lost)
    expect([before.outcome, after.outcome]).toEqual(['selected', 'too-easy']);
  for (const s of narrow) {
    if (s.lost.length > 0) expect(s.same).toBe(false); // a later round may differ too: it learns what earlier ones kept
    expect(s.selection.after.kept).toBe(s.selection.before.kept - s.lost.length);
  }
  ledger.close();
});

test('another objective changes the weights and not what is kept', async () => {
  const { ledger, recorded } = shipped;
  const [first] = (await replay(ledger, recorded, configOf(['learn.objective=raft']))).map(summariseRound);
  expect(first?.update.before?.negatives).toBeGreaterThan(0);
  expect(first?.update.after?.negatives).toBe(0);
  expect(first?.selection.after).toEqual(first?.selection.before);
  expect(first?.same).toBe(false);
});

test('rounds before those asked for count as recorded', async () => {
  const { ledger, recorded } = await played('select.strategy=archive');
  const [last] = await replay(ledger, recorded, recorded, [3]);
  expect(last?.selections.after).toEqual(ledger.selections.list(3));
  ledger.close();
});

test('a run that stored no embeddings is refused a strategy that compares them, unless they can be computed', async () => {
  const { ledger, recorded } = shipped;
  const wanted = configOf(['select.strategy=matching']);
  await expect(replay(ledger, recorded, wanted)).rejects.toThrow(/round 1 recorded none.*--embed/);
  const embed = async (_: number, texts: readonly string[]) => texts.map(() => Float32Array.of(1));
  const rounds = await Array.fromAsync(replayRounds({ ledger, recorded, wanted, rounds: ROUNDS, embed }));
  expect(rounds.flatMap((r) => r.selections.after).some((s) => s.outcome === 'unmatched')).toBe(true);
});

test('weights that depend on what the first policy was not asked are left out, and what the sampler alone decides is replayed', async () => {
  const { ledger, recorded } = shipped;
  const weights = async (...overrides: readonly string[]) =>
    (await replay(ledger, recorded, configOf(['learn.objective=prime', ...overrides])))[0]?.weights.after;
  expect(await weights()).toBeNull();
  expect((await weights('learn.objectiveSettings.klReference=sampler'))?.length).toBeGreaterThan(0);
});

test('under other settings a round is a refresh or none, and one that would have been frozen learns from nothing', async () => {
  const { ledger, recorded } = shipped;
  const replayed = async (was: Config, ...overrides: readonly string[]) =>
    replay(ledger, was, configOf(overrides));
  const objectivesOf = (rounds: readonly ReplayedRound[]) =>
    rounds.map((r) => r.weights.after?.find((w) => w.role === 'prover')?.objective);
  const plain = 'oreal-repo';
  const every = await replayed(recorded, 'learn.refreshEvery=2');
  expect(objectivesOf(every)).toEqual([plain, 'retrain', plain]);
  expect(every.map((r) => summariseRound(r).same)).toEqual([true, false, true]);
  expect(objectivesOf(await replayed(recorded, 'learn.refreshLast=true'))).toEqual([plain, plain, 'retrain']);
  const frozen = await replayed(recorded, 'learn.frozen=true');
  expect(frozen.map((r) => r.weights.after)).toEqual([[], [], []]);
  expect(frozen.map((r) => summariseRound(r).same)).toEqual([false, false, false]);
  // And the other way round: what a frozen run learned from was nothing, what it would have learned from is something.
  const thawed = await replayed(configOf(['learn.frozen=true']));
  expect(thawed.map((r) => r.weights.before)).toEqual([[], [], []]);
  expect(thawed.map((r) => summariseRound(r).same)).toEqual([false, false, false]);
});

test('a ledger whose verdicts were altered no longer comes out as recorded', async () => {
  const { ledger, recorded } = shipped;
  const kept = ledger.selections.list(1).find((s) => s.outcome === 'selected');
  if (kept === undefined) throw new Error('nothing was kept in round 1');
  const altered: Ledger = {
    ...ledger,
    verdicts: {
      ...ledger.verdicts,
      passRates: (set) =>
        ledger.verdicts
          .passRates(set)
          .map((r) => (r.statementId === kept.statementId ? { ...r, proved: r.judged } : r)),
    },
  };
  const [first] = (await replay(altered, recorded, recorded)).map(summariseRound);
  expect(first?.same).toBe(false);
  expect(first?.lost.map((c) => c.statementId)).toEqual([kept.statementId]);
});
