import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { VerdictKind } from '../../src/checkers/checker.ts';
import { comparisonText, readEvalReport } from '../../src/cli/compare.ts';
import { evaluateInto } from '../../src/cli/eval.ts';
import { mcnemarExact } from '../../src/evaluation/index.ts';
import { UsageError } from '../../src/ops/errors.ts';
import { compareEvaluations, type EvalReport } from '../../src/reports/index.ts';
import { flags, problemFile, world } from './eval-world.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-compare-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const names = Array.from({ length: 20 }, (_, i) => `p_${i}`);
problemFile(join(root, 'problems.jsonl'), names);

/** Problems below `solved` are proved by every second attempt. */
const solving =
  (solved: number, from = 0) =>
  (name: string, proof: string): VerdictKind => {
    const number = Number(name.slice(2));
    return number >= from && number < solved && /[02]$/.test(proof) ? 'proved' : 'rejected';
  };

function evaluate(out: string, behaviour: Parameters<typeof world>[0], over = {}): Promise<EvalReport> {
  return evaluateInto(flags(root, { out: join(root, out), ...over }), world(behaviour));
}

const few = await evaluate('few', { verdict: solving(4), version: 'night1' });
const more = await evaluate('more', { verdict: solving(14), version: 'night2' });
const other = await evaluate('other', { verdict: solving(5, 1), version: 'night3' });

test('gained and lost problems come with their proofs, the difference with its interval, the flips with McNemar', () => {
  const comparison = compareEvaluations(few, more, { force: false });
  expect(comparison.problems).toBe(20);
  expect(comparison.gained.map((p) => p.name)).toEqual(names.slice(4, 14));
  expect(comparison.gained[0]?.proof?.text).toBe('s0');
  expect(comparison.lost).toEqual([]);
  expect(comparison.difference).toBeCloseTo((10 * 0.5) / 20, 12);
  expect(comparison.low).toBeGreaterThan(0);
  expect(comparison.pValue).toBe(mcnemarExact(10, 0));
  expect(comparison.sentence).toMatch(/^More than noise: the pass rates rose .*10 gained, 0 lost of 20/);
  const back = compareEvaluations(more, few, { force: false });
  expect(back.lost.map((p) => p.proof?.text)).toEqual(names.slice(4, 14).map(() => 's0'));
});

test('one problem gained and one lost is noise, and said to be', () => {
  const comparison = compareEvaluations(few, other, { force: false });
  expect([comparison.gained.length, comparison.lost.length]).toEqual([1, 1]);
  expect(comparison.pValue).toBe(1);
  const text = comparisonText(comparison);
  expect(text).toContain('Within noise');
  expect(text).toMatch(/Gained: 1\n {2}p_4 \(2 of 4\)\n {6}s0/);
  expect(text).toMatch(/Lost \(the earlier proof\): 1\n {2}p_0/);
});

describe('evaluations that are not of a kind are refused, naming what differs', () => {
  const refused = (a: EvalReport, b: EvalReport) => {
    expect(() => compareEvaluations(a, b, { force: false })).toThrow(UsageError);
    try {
      compareEvaluations(a, b, { force: false });
    } catch (error) {
      return error instanceof Error ? error.message : '';
    }
    return '';
  };

  test('another number of attempts, another sampler, other limits, another judge', async () => {
    const samples = await evaluate('samples', {}, { n: '8' });
    expect(refused(few, samples)).toMatch(
      /few and samples are not of a kind: samples is 4 and 8\. .*--force/,
    );
    const hot = await evaluate('hot', {}, { set: ['evaluate.temperature=0.5'] });
    expect(refused(few, hot)).toContain('sampler.temperature is 1 and 0.5');
    const slow = await evaluate('slow', {}, { set: ['checker.lean.wallSeconds=60'] });
    expect(refused(few, slow)).toMatch(/checker\.wallSeconds is \d+ and 60/);
    const judge = await evaluate('judge', { toolchain: 'fake Lean 2' });
    expect(refused(few, judge)).toContain('toolchain is "fake Lean 1" and "fake Lean 2"');
  });

  test('other problems; on request they are compared where they agree, and it says so', async () => {
    const file = problemFile(join(root, 'changed.jsonl'), names, (name) =>
      name === 'p_0' ? '1 = 2' : `${name} = ${name}`,
    );
    const changed = await evaluate('changed', { verdict: solving(4) }, { file });
    expect(refused(few, changed)).toContain('dataset.fingerprint is');
    const forced = compareEvaluations(few, changed, { force: true });
    expect(forced.problems).toBe(19);
    expect(forced.differences).toEqual([expect.stringContaining('dataset.fingerprint')]);
    expect(forced.notes).toEqual(['Left out: 2 problems without a judged attempt on one side or the other.']);
    expect(comparisonText(forced)).toMatch(/^Not of a kind, compared on request: dataset\.fingerprint/);
  });

  test('an evaluation asked to compare itself with one of another kind starts nothing', async () => {
    await expect(evaluate('against', {}, { n: '8', against: join(root, 'few') })).rejects.toThrow(
      /samples is 4 and 8/,
    );
  });
});

describe('faults', () => {
  /** Of 20 problems with 16 attempts each, `count` attempts at p_0 end in a fault and the rest at it in nothing. */
  const faulty = (count: number) => (name: string, proof: string) =>
    name !== 'p_0' ? solving(4)(name, proof) : Number(proof.slice(1)) < count ? 'fault' : 'rejected';

  test('a problem without a proof that has some is not called lost, and that is said', async () => {
    const sound = await evaluate('sound', { verdict: solving(4) }, { n: '16' });
    const shaky = await evaluate('shaky', { verdict: faulty(1), version: 'v2' }, { n: '16' });
    expect(shaky.faultRate).toBeLessThan(0.005);
    for (const comparison of [
      compareEvaluations(sound, shaky, { force: false }),
      compareEvaluations(shaky, sound, { force: false }),
    ]) {
      expect(comparison).toMatchObject({ problems: 20, gained: [], lost: [], pValue: 1, differences: [] });
      expect(comparisonText(comparison)).toContain(
        'Neither gained nor lost: 1 problem without a proof where a checker fault leaves open',
      );
    }
  });

  test('that withhold a headline keep it from being compared, unless on request, and then it says so', async () => {
    const sound = readEvalReport(join(root, 'sound'));
    const broken = await evaluate(
      'broken',
      { verdict: faulty(3) },
      { n: '16', against: join(root, 'sound') },
    );
    expect(broken.comparison).toBeNull();
    expect(broken.withheld).toContain('until then it is compared with no other evaluation');
    for (const [a, b] of [
      [sound, broken],
      [broken, sound],
    ] as const)
      expect(() => compareEvaluations(a, b, { force: false })).toThrow(
        /the headline of broken is withheld, 0\.94\s% of its attempts ended in a checker fault/,
      );
    const forced = compareEvaluations(sound, broken, { force: true });
    expect(comparisonText(forced)).toMatch(/^Not of a kind, compared on request: the headline of broken/);
    await expect(evaluate('later', {}, { n: '16', against: join(root, 'broken') })).rejects.toThrow(
      /the headline of broken is withheld/,
    );
    // Judged again without faults it is compared after all.
    const mended = await evaluate(
      'broken',
      { verdict: solving(4) },
      { n: '16', against: join(root, 'sound') },
    );
    expect(mended.comparison).toMatchObject({ problems: 20, lost: [] });
  });

  test('that leave a problem no judged attempt leave it out; nobody asked for that', () => {
    const results = more.results.map((r) => (r.name === 'p_0' ? { ...r, n: 0, c: 0, faults: 4 } : r));
    const comparison = compareEvaluations(few, { ...more, results }, { force: false });
    expect(comparison).toMatchObject({ problems: 19, differences: [] });
    expect(comparison.notes).toEqual([
      'Left out: 1 problem without a judged attempt on one side or the other.',
    ]);
  });
});

test('evaluations that stop at first proofs are compared by what they solved, and with their like only', async () => {
  const adaptive = { k: '4', adaptive: true };
  const before = await evaluate('first4', { verdict: solving(4) }, adaptive);
  const after = await evaluate('first14', { verdict: solving(14), version: 'night2' }, adaptive);
  const comparison = compareEvaluations(before, after, { force: false });
  expect(comparison).toMatchObject({ measure: 'solved', difference: 0.5, pValue: mcnemarExact(10, 0) });
  expect(comparison.sentence).toBe('More than noise: the solved set changed (10 gained, 0 lost of 20).');
  expect(comparisonText(comparison)).toContain('The share of solved problems moved by +50.0 points');
  expect(() => compareEvaluations(few, after, { force: false })).toThrow(/adaptive is false and true/);
  expect(compareEvaluations(few, after, { force: true })).toMatchObject({
    measure: 'solved',
    difference: 0.5,
  });
});

test('five problems that all rose are no more than noise', async () => {
  const nine = await evaluate('nine', { verdict: solving(9), version: 'night2' });
  const comparison = compareEvaluations(few, nine, { force: false });
  expect(comparison.low).toBeGreaterThan(0);
  expect(comparison.sentence).toMatch(/^Within noise: .*5 gained, 0 lost of 20/);
});

test('other prompts are no hindrance, but said', () => {
  const prompts = { style: 'chat', hash: 'abc' };
  const chat = { ...more, settings: { ...more.settings, prompts } };
  expect(compareEvaluations(few, chat, { force: false }).notes).toEqual([
    expect.stringMatching(/^The prompts differ: compact \(\w+\) before, chat \(abc\) after\.$/),
  ]);
});

test('given again without --against, an evaluation holds no comparison any more', async () => {
  const behaviour = { verdict: solving(14), version: 'night2' };
  const first = await evaluate('again', behaviour, { against: join(root, 'few') });
  expect(first.comparison).not.toBeNull();
  expect((await evaluate('again', behaviour)).comparison).toBeNull();
  expect(readEvalReport(join(root, 'again')).comparison).toBeNull();
});

test('an evaluation compared with an earlier one shows it in its report', async () => {
  const report = await evaluate(
    'after',
    { verdict: solving(14), version: 'night2' },
    { against: join(root, 'few') },
  );
  expect(report.comparison).toEqual({
    ...compareEvaluations(few, report, { force: false }),
    before: 'few',
    after: 'after',
  });
  expect(readEvalReport(join(root, 'after')).comparison?.gained).toHaveLength(10);
});

test('what is no finished evaluation is refused, saying what was expected', () => {
  expect(() => readEvalReport(join(root, 'nowhere'))).toThrow(
    /expected a finished evaluation with its report\.json/,
  );
  const file = join(root, 'run.json');
  writeFileSync(file, '{"kind": "lakatos.run"}');
  expect(() => readEvalReport(file)).toThrow(/kind lakatos\.evaluation, version 1\); kind/);
});
