/** Every figure of a report, recomputed here from the plain facts that were put into the ledger. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openLedger } from '../../src/ledger/index.ts';
import { LakatosError } from '../../src/ops/errors.ts';
import { buildRunReport, renderReport, runReportSchema } from '../../src/reports/index.ts';
import { anonymous } from '../../src/reports/reasons.ts';
import { type Fact, ORIGIN, SAMPLES, smallRun } from './run-ledger.ts';

const dir = mkdtempSync(join(tmpdir(), 'lakatos-report-'));
const { ledger, facts } = smallRun(join(dir, 'ledger.sqlite'));
const report = buildRunReport(ledger);
afterAll(() => {
  ledger.close();
  rmSync(dir, { recursive: true });
});

const where = (round: number, purpose: Fact['purpose']) =>
  facts.filter((f) => f.round === round && f.purpose === purpose);
const count = (some: readonly Fact[], verdict: Fact['verdict']) =>
  some.filter((f) => f.verdict === verdict).length;
const proofsOf = (some: readonly Fact[], statementId: string) =>
  some.filter((f) => f.statementId === statementId && f.verdict === 'proved');

describe('held-out problems', () => {
  const solvedIn = (round: number) =>
    new Set(
      where(round, 'evaluate')
        .filter((f) => f.verdict === 'proved')
        .map((f) => f.statementId),
    );

  test('before is round 0 and after is the last round, each under its own policy', () => {
    expect(report.evaluation?.before).toMatchObject({
      round: 0,
      policyVersion: 'aaaaaaaaaaaa',
      problems: 12,
    });
    expect(report.evaluation?.after).toMatchObject({ round: 1, policyVersion: 'bbbbbbbbbbbb', problems: 12 });
    expect(report.run.roundsDone).toBe(1);
  });

  test.each([
    ['before', 0],
    ['after', 1],
  ] as const)('%s: pass@1 is the mean pass rate, pass@n the share solved, no k above n', (side, round) => {
    const figures = report.evaluation?.[side];
    const attempts = where(round, 'evaluate');
    expect(figures?.passAtK.map((row) => row.k)).toEqual([1, 2, 4]);
    expect(figures?.passAtK[0]?.estimate).toBeCloseTo(count(attempts, 'proved') / attempts.length, 12);
    expect(figures?.passAtK[2]?.estimate).toBeCloseTo(solvedIn(round).size / 12, 12);
    expect(figures?.solved).toBe(solvedIn(round).size);
    expect(figures?.attempts).toBe(12 * SAMPLES);
  });

  test('gained and lost are the two differences of the solved sets', () => {
    const [before, after] = [solvedIn(0), solvedIn(1)];
    const { gained, lost, difference } = report.evaluation?.comparison ?? { gained: [], lost: [] };
    expect(new Set(gained.map((t) => t.id))).toEqual(after.difference(before));
    expect(new Set(lost.map((t) => t.id))).toEqual(before.difference(after));
    const rate = (round: number) => count(where(round, 'evaluate'), 'proved') / (12 * SAMPLES);
    expect(difference).toBeCloseTo(rate(1) - rate(0), 12);
  });
});

describe('proofs', () => {
  test('newly proved are the problems proved in the run without a seed proof, with their shortest proof', () => {
    const proved = where(1, 'prove').filter(
      (f) => f.verdict === 'proved' && f.statementId.startsWith('train'),
    );
    const expected = new Set(proved.map((f) => f.statementId));
    expect(expected.delete('train0')).toBe(true);
    expect(new Set(report.newlyProved.map((t) => t.id))).toEqual(expected);
    for (const { id, proof, name, proved: proofs } of report.newlyProved) {
      const found = proofsOf(where(1, 'prove'), id);
      expect(proof.length).toBe(Math.min(...found.map((f) => f.text.length)));
      expect([proofs, name]).toEqual([found.length, `Nat.${id}`]);
    }
  });

  test('verdicts are counted by purpose, and add up to what was judged', () => {
    for (const { purpose, verdict, count: counted } of report.verdicts)
      expect(counted).toBe(
        count(
          facts.filter((f) => f.purpose === purpose),
          verdict,
        ),
      );
    expect(report.verdicts.reduce((sum, v) => sum + v.count, 0)).toBe(facts.length);
  });

  test('axioms are counted once a proof, seed proofs left out', () => {
    const proofs = facts.filter((f) => f.purpose !== 'seed' && f.verdict === 'proved' && f.axioms.length > 0);
    expect(report.axioms).toEqual([{ axiom: 'propext', proofs: proofs.length }]);
  });

  test('like reasons count together, whatever names and numbers they carry', () => {
    const rejected = facts.filter((f) => f.verdict === 'rejected').length;
    expect(report.reasons[0]).toEqual({
      verdict: 'rejected',
      reason: 'rejected: unknown identifier … at line …',
      count: rejected,
    });
    expect(anonymous(`type mismatch ${'x'.repeat(200)}`)).toHaveLength(100);
  });

  test('a pass rate leaves faults out: train0 has 2 proofs in 3 judged attempts', () => {
    const bins = Object.fromEntries(report.passRates.map((bin) => [bin.label, bin]));
    expect(bins['to ¼']?.conjectures).toBe(1);
    expect(bins['1']?.conjectures).toBe(1);
    expect(bins['0']?.conjectures).toBe(1);
    expect(bins['to ¾']?.problems).toBeGreaterThanOrEqual(1);
    expect(report.passRates.reduce((sum, bin) => sum + bin.problems, 0)).toBe(6);
  });
});

describe('conjectures', () => {
  test('the funnel loses what the screen and the selection dropped', () => {
    expect(report.funnel.map((s) => [s.stage, s.count])).toEqual([
      ['proposed', 8],
      ['parsed', 7],
      ['elaborates', 5],
      ['novel', 5],
      ['says something', 4],
      ['not refuted', 3],
      ['proved', 2],
      ['barely provable', 1],
      ['kept', 1],
    ]);
    expect(report.funnel[2]?.dropped).toEqual([{ reason: 'ill-formed', count: 2 }]);
  });

  test('a kept conjecture comes with its proof, its lemma and its seed', () => {
    expect(report.kept).toHaveLength(1);
    expect(report.kept[0]).toMatchObject({
      id: 'conj-barely',
      proved: 1,
      judged: 4,
      lemma: 'Nat.le_of_lt',
      seedStatement: 'theorem train0 (a b : Nat) (h : a < b) : a ≤ b',
      proof: proofsOf(where(1, 'prove'), 'conj-barely')[0]?.text,
    });
  });
});

describe('learning, cost, provenance', () => {
  test('an update counts its weights by kind and puts its losses in step order', () => {
    expect(report.updates).toEqual([
      expect.objectContaining({
        round: 1,
        objective: 'oreal-repo',
        policyIn: 'aaaaaaaaaaaa',
        policyOut: 'bbbbbbbbbbbb',
      }),
    ]);
    expect(report.updates[0]).toMatchObject({
      positives: 1,
      negatives: 2,
      conjectures: 1,
      rows: 4,
      losses: [2, 1, 0.5],
    });
  });

  test('rates are units over the seconds of that work, and steps are in the order of a round', () => {
    const { cost } = report;
    expect(cost.steps.map((s) => s.step)).toEqual([
      'propose',
      'prove',
      'judge',
      'select',
      'learn',
      'evaluate',
    ]);
    expect(cost.steps.at(-1)?.seconds).toBe(40);
    expect(cost.seconds).toBe(100);
    expect([cost.sampledTokensPerSecond, cost.trainedTokensPerSecond, cost.verdictsPerSecond]).toEqual([
      500, 50, 5.5,
    ]);
    expect(cost.verdicts).toBe(facts.filter((f) => f.purpose !== 'seed').length);
    expect(cost.peakRssBytes).toBe(2 ** 31);
    expect(cost.secondsPerNewProof).toBeCloseTo(100 / report.newlyProved.length, 12);
  });

  test('the slower of sampler and judge is busy for its share of the time both work; unknown where no round measured it', () => {
    expect(report.cost.busyShare).toBe(39 / 40);
    const { busyShare: _, ...older } = report.cost;
    expect(runReportSchema.parse({ ...report, cost: older }).cost.busyShare).toBeNull();
  });

  test('the round’s row agrees with its attempts', () => {
    const tried = where(1, 'prove');
    expect(report.rounds[1]).toMatchObject({
      attempts: tried.length - count(tried, 'fault'),
      proved: count(tried, 'proved'),
      proposed: 8,
      kept: 1,
      newlyProved: report.newlyProved.length,
      seconds: 80,
    });
    expect(report.rounds[0]).toMatchObject({ attempts: 0, seconds: 20 });
  });

  test('provenance names policies, problem set and seed, and the fingerprints are those noted when the run began', () => {
    expect(report.provenance).toMatchObject({ dataset: 'lean-core', seed: 1, toolchain: 'lean 4' });
    expect(report.provenance.policies.map((p) => p.parent)).toEqual([null, 'aaaaaaaaaaaa']);
    expect(report.provenance.datasetFingerprint).toEqual(ORIGIN.dataset);
  });
});

test('the report is valid against its schema, survives JSON, and is the same when built again', () => {
  const again = runReportSchema.parse(JSON.parse(JSON.stringify(report)));
  expect(again).toEqual(buildRunReport(ledger));
  expect(renderReport(again)).toContain('small-run');
});

test('a run that an older version began has a report, its problem set without fingerprints', () => {
  const path = join(dir, 'older.sqlite');
  const { ledger: older } = smallRun(path);
  const { tokenizer, prompts, machine } = ORIGIN;
  older.facts.set('origin', { tokenizer, prompts, machine });
  const { provenance } = buildRunReport(older);
  expect([provenance.datasetFingerprint, provenance.tokenizer]).toEqual([null, ORIGIN.tokenizer]);
  expect(renderReport(buildRunReport(older))).toContain('<dd>lean-core</dd>');
  older.close();
});

test('a ledger without a run is refused by name', () => {
  const path = join(dir, 'empty.sqlite');
  const empty = openLedger(path);
  expect(() => buildRunReport(empty)).toThrow(LakatosError);
  expect(() => buildRunReport(empty)).toThrow(/empty\.sqlite: expected the ledger of a run/);
  empty.close();
});

test('a run that has only begun has a report, with nothing in it', () => {
  const begun = openLedger(join(dir, 'begun.sqlite'));
  const run = ledger.run.read();
  if (run) begun.run.begin(run);
  const early = buildRunReport(begun);
  expect([early.evaluation, early.newlyProved, early.funnel[0]?.count]).toEqual([null, [], 0]);
  expect(renderReport(early)).toContain('Nothing has been evaluated');
  begun.close();
});
