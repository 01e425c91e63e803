/**
 * Every figure of both pages, derived a second time from the ledger by other code: report.json must be equal key by key,
 * the page must be the one that the derived figures give, and every number on it must be one of them or one of the few
 * that the page works out itself, which are worked out here again.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, test } from 'vitest';
import { evaluateInto } from '../../src/cli/eval.ts';
import { openLedger } from '../../src/ledger/index.ts';
import { renderEvalReport } from '../../src/reports/eval-html.ts';
import { bytes, decimal, duration, percent, points, whole } from '../../src/reports/format.ts';
import { type EvalReport, renderReport, writeEvalReport, writeRunReport } from '../../src/reports/index.ts';
import { flags, problemFile, typeHashOf, world } from '../cli/eval-world.ts';
import { staticChecks } from './page-checks.ts';
import { expectSameFigures } from './rederive.ts';
import { evalFigures } from './rederived-eval.ts';
import { runFigures } from './rederived-run.ts';
import { smallRun } from './run-ledger.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-rederive-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const report = (dir: string): unknown => JSON.parse(readFileSync(join(dir, 'report.json'), 'utf8'));
const page = (dir: string) => readFileSync(join(dir, 'report.html'), 'utf8');

/** Numbers on a page, labels for the blind included; what is quoted (statements, proofs, names, settings) left out. */
function numbersOn(markup: string): ReadonlySet<string> {
  const text = markup
    .replace(/<(style|pre|code|h1|time)\b[\s\S]*?<\/\1>/g, ' ')
    .replace(/<p class="(origin|when)">[\s\S]*?<\/p>/g, ' ')
    .replace(/<dl class="facts">[\s\S]*?<\/dl>/g, (facts) => (facts.includes('Seed') ? ' ' : facts))
    .replace(/aria-label="([^"]*)"/g, '>$1<')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&[^;]+;/g, ' ');
  return new Set([...text.matchAll(/\d[\d\u202f]*(?:\.\d+)?(?:e-\d+)?/g)].map(([number]) => number));
}

/** Every way in which the page may write a number. */
function waysToWrite(value: number): string[] {
  const texts = [
    ...[whole, decimal, percent, points, bytes, duration].map((format) => format(value)),
    ...[percent(value, 0), percent(value, 2), value.toFixed(3), value.toExponential(1), String(value)],
  ];
  return texts.flatMap((text) =>
    [...text.matchAll(/\d[\d\u202f]*(?:\.\d+)?(?:e-\d+)?/g)].map(([number]) => number),
  );
}

function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  if (Array.isArray(value)) return [value.length, ...value.flatMap(numbersIn)];
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(numbersIn);
  return typeof value === 'string' ? [...value.matchAll(/\d+(?:\.\d+)?/g)].map(([n]) => Number(n)) : [];
}

/** Numbers of the page's own words ("95 %", "pass@1", bins, "16 attempts" of a plot), and ticks of axes: round, and of the loss. */
const WORDS = [
  '95',
  '1',
  '2',
  '3',
  '4',
  '5',
  '6',
  '8',
  '12',
  '15',
  '16',
  '25',
  '75',
  '0.5',
  '1.5',
  '1.8',
  '2.5',
].concat(Array.from({ length: 11 }, (_, i) => String(10 * i)));

function unexplained(markup: string, figures: unknown, workedOut: readonly number[]): string[] {
  const known = new Set([...WORDS, ...[...numbersIn(figures), ...workedOut].flatMap(waysToWrite)]);
  return [...numbersOn(markup)].filter((number) => !known.has(number));
}

describe('an evaluation', async () => {
  const names = [
    'mathd_algebra_314',
    'mathd_algebra_2',
    'imo_1',
    'imo_2',
    'amc12a_9',
    'aime_7',
    'induction_3',
  ];
  problemFile(join(root, 'problems.jsonl'), names, (name) => `${name.length} = ${name.length}`);
  const out = join(root, 'out');
  await evaluateInto(
    flags(root, { n: '16', k: '1,2,4,16', out }),
    world({
      verdict: (name, proof) =>
        (name.length * proof.length + Number(proof.slice(1))) % 5 === 0 ? 'proved' : 'rejected',
      refusal: (text) => (text.includes('aime') ? 'Unknown identifier `ℝ`' : null),
      write: (index) => `s${index % 13}${'!'.repeat(4 * (index % 7))}`,
    }),
  );
  const path = join(out, 'ledger.sqlite');
  scatter(path);
  writeAgain();

  test('report.json is what the rows of its ledger give, key by key', () => {
    expectSameFigures(report(out), evalFigures(path));
  });

  test('the page is that of the figures derived here, and holds no number besides', () => {
    expectSamePage(out, evalFigures(path));
  });

  test('so it is when faults withhold the headline', () => {
    const db = new Database(path);
    db.exec(
      "UPDATE verdicts SET verdict = 'fault', axioms = '[]' WHERE attempt_id LIKE '%imo_2/3' OR attempt_id LIKE '%amc12a_9/4'",
    );
    db.close();
    writeAgain();
    const withheld =
      '2 of 96 attempts (2.08 %) ended in a checker fault, more than 0.5 %: the bounds are what pass@k would be had all of them failed, or all been proofs. Run the same command again to have them judged again; until then it is compared with no other evaluation.';
    const derived = evalFigures(path, { withheld });
    expectSameFigures(report(out), derived);
    expectSamePage(out, derived);
    expect(page(out)).toContain(withheld);
  });

  function writeAgain(): void {
    const ledger = openLedger(path, { readonly: true });
    writeEvalReport(ledger, out);
    ledger.close();
  }
});

describe.each([
  {
    kind: 'all attempts made',
    over: { n: '16', k: '1,4,16' },
    sentence:
      'More than noise: the pass rates rose and the solved set changed with them (8 gained, 1 lost of 21).',
  },
  {
    kind: 'attempts stopped at first proofs',
    over: { n: '16', k: '16', adaptive: true },
    sentence: 'More than noise: the solved set changed (8 gained, 1 lost of 21).',
  },
])('an evaluation compared with an earlier one and held against a run, $kind', async (given) => {
  const { over, sentence } = given;
  const dir = mkdtempSync(join(root, 'pair-'));
  const names = Array.from({ length: 21 }, (_, i) => (i === 0 ? 'mathd_algebra_314' : `imo_${i}`));
  problemFile(join(dir, 'problems.jsonl'), names);
  const runDir = join(dir, 'run');
  plantRun(runDir);
  const [before, after] = [join(dir, 'before'), join(dir, 'after')];
  /** Of each problem's sixteen attempts some are proofs, the second time more of them, and at other problems. */
  const proving = (shift: number) => (name: string, proof: string) =>
    (names.indexOf(name) * (5 + shift) + 3 * Number(proof.slice(1))) % 37 < 1 + shift ? 'proved' : 'rejected';
  await evaluateInto(flags(dir, { ...over, out: before }), world({ verdict: proving(0) }));
  await evaluateInto(
    flags(dir, { ...over, out: after, against: before, run: runDir }),
    world({ verdict: proving(1), version: 'bbbbbbbbbbbb' }),
  );
  const derived = () =>
    evalFigures(join(after, 'ledger.sqlite'), {
      before: { path: join(before, 'ledger.sqlite'), sentence },
      run: join(runDir, 'ledger.sqlite'),
    });

  test('report.json is what the rows of the three ledgers give, key by key', () => {
    expectSameFigures(report(after), derived());
    expect(derived().contamination?.matches.map((m) => [m.name, m.as, m.by])).toEqual([
      ['imo_4', 'conjecture', 'text'],
      ['imo_3', 'training problem', 'type'],
    ]);
    expect(derived().comparison).toMatchObject({ gained: { length: 8 }, lost: { length: 1 } });
  });

  test('the page is that of the figures derived here, and holds no number besides', () => {
    expectSamePage(after, derived());
  });

  describe('the page', () => staticChecks(() => page(after), over.k === '16' ? 2 : 5));
});

/** A run that tried to prove imo_3 under another name and wrote imo_4 as a conjecture. */
function plantRun(dir: string): void {
  mkdirSync(dir);
  const path = join(dir, 'ledger.sqlite');
  smallRun(path).ledger.close();
  const db = new Database(path);
  db.prepare("UPDATE statements SET type_hash = ? WHERE id = 'train3'").run(
    typeHashOf('theorem imo_3 : imo_3 = imo_3'),
  );
  db.exec("UPDATE statements SET text = 'theorem conj :  imo_4 = imo_4' WHERE id = 'conj-hard'");
  db.close();
}

/** The page is the one that these figures give, and every number on it is one of them or worked out of them here. */
function expectSamePage(dir: string, derived: EvalReport): void {
  expect(page(dir)).toBe(renderEvalReport(derived));
  const { cost, verdicts, attempts, problems, excluded } = derived;
  const workedOut = [
    problems + excluded,
    cost.sampleSeconds + cost.judgeSeconds,
    ...Object.values(verdicts).map((count) => count / attempts),
  ];
  expect(unexplained(page(dir), derived, workedOut)).toEqual([]);
}

/** Times, axioms, reasons and metrics that differ from row to row, so that no figure is right by being constant. */
function scatter(path: string): void {
  const db = new Database(path);
  const ids = db.prepare('SELECT attempt_id FROM verdicts ORDER BY 1').pluck().all();
  const update = db.prepare(
    `UPDATE verdicts SET ms = @ms, axioms = CASE verdict WHEN 'proved' THEN @axioms ELSE '[]' END,
       verdict = CASE WHEN verdict = 'rejected' THEN @failed ELSE verdict END, reason = @reason WHERE attempt_id = @id`,
  );
  for (const [i, id] of ids.entries())
    update.run({
      id,
      ms: 3 + ((i * 37) % 101) / 4,
      axioms: ['[]', '["propext"]', '["propext","Quot.sound"]'][i % 3],
      failed: ['rejected', 'rejected', 'timeout', 'forbidden', 'memory'][i % 5],
      reason: ['unsolved goals n : Nat ⊢ n = 1', '`simp` made no progress', `took ${i} s`][i % 3],
    });
  const metrics = db.prepare('INSERT OR REPLACE INTO metrics (round, name, value) VALUES (0, ?, ?)');
  const values = {
    'survey.seconds': 12.5,
    'sample.seconds': 33.25,
    'judge.seconds': 71.75,
    'sample.cpuSeconds': 61.3,
    'judge.cpuSeconds': 139.4,
  };
  for (const [name, value] of Object.entries(values)) metrics.run(name, value);
  db.close();
}

describe('a run', () => {
  const dir = mkdtempSync(join(root, 'run-'));
  const path = join(dir, 'ledger.sqlite');
  const { ledger } = smallRun(path);
  ledger.close();
  const db = new Database(path);
  // A reason of the screen that nobody foresaw, and a training problem that is a held-out one by type.
  db.exec("UPDATE screenings SET outcome = 'too-baroque' WHERE outcome = 'trivial'");
  db.exec("UPDATE statements SET type_hash = 'abc' WHERE id IN ('train3', 'held5')");
  db.close();
  const again = openLedger(path, { readonly: true });
  writeRunReport(again, dir);
  again.close();

  test('report.json is what the rows of its ledger give, key by key', () => {
    expectSameFigures(report(dir), runFigures(path));
  });

  test('the page is that of the figures derived here, and holds no number besides', () => {
    const derived = runFigures(path);
    expect(page(dir)).toBe(renderReport(derived));
    const { rounds, funnel, cost, verdicts } = derived;
    const tried = verdicts.filter((v) => v.purpose === 'prove');
    const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
    const workedOut = [
      sum(rounds.map((r) => r.attempts)),
      sum(rounds.map((r) => r.proved)),
      ...funnel.map((s) => s.count / (funnel[0]?.count ?? 1)),
      ...funnel.flatMap((s) => s.dropped.map((d) => d.count / (funnel[0]?.count ?? 1))),
      ...tried.map((v) => v.count / sum(tried.map((t) => t.count))),
      ...cost.steps.map((s) => s.seconds / cost.seconds),
    ];
    expect(unexplained(page(dir), derived, workedOut)).toEqual([]);
    expect(page(dir)).toContain('too-baroque');
  });

  test('so it is when faults withhold the figures after, even those of a problem that lost every attempt', () => {
    const db = new Database(path);
    db.exec(
      "UPDATE verdicts SET verdict = 'fault', axioms = '[]' WHERE attempt_id LIKE '1/evaluate/held7/%'",
    );
    db.close();
    const withFaults = openLedger(path, { readonly: true });
    writeRunReport(withFaults, dir);
    withFaults.close();
    const derived = runFigures(path);
    expectSameFigures(report(dir), derived);
    const { after, comparison } = derived.evaluation ?? {};
    expect([after?.problems, after?.passAtK.length, after?.passAtK[0]?.estimate, comparison]).toEqual([
      12,
      1,
      null,
      null,
    ]);
    expect(page(dir)).toBe(renderReport(derived));
    expect(page(dir)).toContain(
      'On 12 held-out problems pass@1 after round 1 is withheld: 8.33 % of the attempts ended in a checker fault, more than 0.5 %.',
    );
  });

  test('every judged attempt but the seeds is in samples.jsonl', () => {
    const lines = readFileSync(join(dir, 'samples.jsonl'), 'utf8').trim().split('\n');
    const db = new Database(path, { readonly: true });
    const judged = "SELECT count(*) FROM verdicts JOIN attempts ON id = attempt_id WHERE purpose <> 'seed'";
    expect(lines).toHaveLength(Number(db.prepare(judged).pluck().get()));
    db.close();
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      round: 0,
      purpose: 'evaluate',
      statement: 'held0',
      index: 0,
    });
  });
});

test('a number that is not in the ledger would be found', () => {
  expect(unexplained('<p>pass@1 is 31.4 % of 37</p>', { problems: 37 }, [])).toEqual(['31.4']);
});
