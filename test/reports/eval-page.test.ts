import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, test } from 'vitest';
import { evaluateInto } from '../../src/cli/eval.ts';
import { renderEvalReport } from '../../src/reports/eval-html.ts';
import type { EvalReport } from '../../src/reports/index.ts';
import { flags, problemFile, world } from '../cli/eval-world.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-eval-page-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const names = ['mathd_algebra_314', 'mathd_algebra_2', 'imo_1', '<script>alert(1)</script>', 'aime_9'];
problemFile(join(root, 'problems.jsonl'), names, (name) => `"${name}" = '<b>'`);

const report = await evaluateInto(
  { ...flags(root, { n: '8', k: '1,2,8' }) },
  world({
    verdict: (name, proof) =>
      name.includes('314') || name.includes('script') ? (proof === 's3' ? 'proved' : 'rejected') : 'timeout',
    refusal: (text) => (text.includes('aime') ? 'Unknown identifier `ℝ`' : null),
    write: (index) => (index === 3 ? 's3' : `s${index}<img src=x onerror=alert(1)>`),
  }),
);
const page = readFileSync(join(root, 'out', 'report.html'), 'utf8');
/** What a reader sees, with plain spaces. */
const textOf = (markup: string) =>
  markup
    .replace(/<style>[\s\S]*?<\/style>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/[\u00a0\u202f\s]+/g, ' ');
const plain = textOf(page);

test('the page is a function of the report', () => {
  expect(renderEvalReport(report)).toBe(page);
});

test('what models and data sets wrote is text, never markup', () => {
  expect(page).not.toMatch(/<script|<img|onerror=alert\(1\)>[^&]/);
  expect(plain).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
});

test('a reader is told what was left out, what is known to be wrong and what was not checked', () => {
  expect(plain).toContain('1 of 5 problems of the split was left out');
  expect(plain).toContain('This is the part of the set that elaborates here. It is not the benchmark');
  expect(plain).toContain('Unknown identifier `ℝ`');
  expect(plain).toMatch(/mathd_algebra_314 .*0 = 0.* yes: look at the proof/);
  expect(plain).toContain('Contamination was not checked');
});

test('a withheld headline is nowhere shown as a number', () => {
  const withheld: EvalReport = {
    ...report,
    withheld: '3 of 40 attempts (7.50 %) ended in a checker fault',
    faultRate: 0.075,
    passAtK: report.passAtK.map((row) => ({
      ...row,
      estimate: null,
      low: 0.1,
      high: 0.2,
      method: 'fault-bounds',
    })),
  };
  const text = textOf(renderEvalReport(withheld));
  expect(text).toContain('pass@1 withheld between 10.0–20.0 %');
  expect(text).toContain('The headline is withheld');
  expect(text).not.toContain('pass@1 is');
});

test('of a list of tactics it is said that there is no spread over attempts', () => {
  expect(plain).not.toContain('fixed list of tactics');
  const { settings } = report;
  const portfolio = { ...settings, policy: { ...settings.policy, uri: 'portfolio:single' } };
  expect(textOf(renderEvalReport({ ...report, settings: portfolio }))).toContain(
    'The policy is a fixed list of tactics, tried in order',
  );
});

test('the page stays under 3 MB whatever was solved, gained, lost or trained on', () => {
  const [example] = report.results;
  if (example === undefined) throw new Error('the fixture has results');
  const long = '∀'.repeat(100_000);
  const solved = Array.from({ length: 5000 }, (_, i) => ({
    ...example,
    name: `p_${i}`,
    statement: `theorem p_${i} : ${long}`,
    c: 1,
    proof: { text: `"${long}`, axioms: [] },
  }));
  const [as, by] = ['conjecture', 'text'] as const;
  const huge: EvalReport = {
    ...report,
    results: solved,
    comparison: {
      ...{ before: 'a', after: 'b', measure: 'pass-rate', problems: 5000, difference: 0, low: 0, high: 0 },
      ...{ pValue: 1, sentence: '', differences: [], notes: [], gained: solved, lost: solved },
    },
    contamination: {
      ...{ run: 'r', policies: [], ofThisRun: true, problems: 5000, conjectures: 0 },
      matches: solved.map(({ name }) => ({ name, as, statementId: 'conjecture:0123456789abcdef', by })),
    },
  };
  const markup = renderEvalReport(huge);
  expect(Buffer.byteLength(markup)).toBeLessThan(3e6);
  expect(Buffer.byteLength(markup)).toBeGreaterThan(1e6);
  const text = textOf(markup);
  expect(text).toMatch(/98 0\d\d more characters in report\.json/);
  expect(text.match(/and 4 \d{3} more in report\.json/g)).toHaveLength(4);
});

test('a single k that faults leave open is no reason to call the headline withheld', () => {
  const open = { estimate: null, low: 0.4, high: 0.6, method: 'fault-bounds' } as const;
  const text = textOf(
    renderEvalReport({
      ...report,
      withheld: '1 of 400 attempts (0.25 %) left some problem with too few judged attempts for k = 8',
      faultRate: 0.0025,
      passAtK: report.passAtK.map((row) => (row.k === 8 ? { ...row, ...open } : row)),
    }),
  );
  expect(text).toMatch(/pass@1 is \d/);
  expect(text).not.toContain('The headline is withheld');
  expect(text).toContain('pass@8 withheld between 40.0–60.0 %');
});

describe('figures against the ledger, counted by plain SQL', () => {
  const db = new Database(join(root, 'out', 'ledger.sqlite'), { readonly: true });
  afterAll(() => db.close());
  const value = (sql: string) => db.prepare(sql).pluck().get();
  const JUDGED = 'attempts a JOIN verdicts v ON v.attempt_id = a.id';

  test('attempts, verdicts, problems, solved problems and tokens', () => {
    expect(report.attempts).toBe(value('SELECT count(*) FROM attempts'));
    expect(report.problems).toBe(value('SELECT count(DISTINCT statement_id) FROM attempts'));
    for (const [verdict, count] of Object.entries(report.verdicts))
      expect(count, verdict).toBe(value(`SELECT count(*) FROM verdicts WHERE verdict = '${verdict}'`));
    expect(report.solved).toBe(
      value(`SELECT count(DISTINCT statement_id) FROM ${JUDGED} WHERE verdict = 'proved'`),
    );
    expect(report.cost.tokens).toBe(value('SELECT sum(length(tokens)) / 4 FROM attempts'));
    expect(report.excluded).toBe(
      value(`SELECT count(*) FROM statements WHERE id NOT IN (SELECT statement_id FROM attempts)`),
    );
  });

  test('pass@1 is the mean of the pass rates, pass@n the share of solved problems', () => {
    const rates = `SELECT avg(verdict = 'proved') AS rate FROM ${JUDGED} GROUP BY statement_id`;
    expect(report.passAtK[0]?.estimate).toBeCloseTo(Number(value(`SELECT avg(rate) FROM (${rates})`)), 12);
    expect(report.passAtK[2]?.estimate).toBeCloseTo(
      Number(value(`SELECT avg(rate > 0) FROM (${rates})`)),
      12,
    );
  });

  test('histograms, reasons and axioms add up to the attempts they are of', () => {
    const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
    expect(total(report.passRates.map((b) => b.problems))).toBe(report.problems);
    expect(total(report.proofLengths.map((b) => b.proofs))).toBe(report.verdicts.proved);
    expect(total(report.reasons.map((r) => r.count))).toBe(report.attempts - report.verdicts.proved);
    expect(report.axioms).toEqual([{ axiom: 'propext', proofs: report.verdicts.proved }]);
    expect(total(report.families.map((f) => f.problems))).toBe(report.problems);
  });
});
