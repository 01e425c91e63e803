import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { VerdictKind } from '../../src/checkers/checker.ts';
import { evaluateInto } from '../../src/cli/eval.ts';
import { reportCommand } from '../../src/cli/report-command.ts';
import { openLedger } from '../../src/ledger/index.ts';
import { exitCodeOf, StoppedError, UsageError } from '../../src/ops/errors.ts';
import { evalReportSchema } from '../../src/reports/index.ts';
import { flags, problemFile, typeHashOf, world } from './eval-world.ts';
import { ledgerContents } from './ledger-contents.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-eval-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const names = ['mathd_algebra_1', 'mathd_algebra_2', 'imo_1', 'aime_1'];

function place(): string {
  const dir = mkdtempSync(join(root, 'case-'));
  problemFile(join(dir, 'problems.jsonl'), names);
  return dir;
}

const read = (dir: string, file: string) => readFileSync(join(dir, 'out', file), 'utf8');

/** Samples 0 and 2 prove mathd_algebra_1, sample 1 proves imo_1. */
const verdict = (name: string, proof: string): VerdictKind =>
  (name === 'mathd_algebra_1' && (proof === 's0' || proof === 's2')) || (name === 'imo_1' && proof === 's1')
    ? 'proved'
    : 'rejected';

describe('an evaluation', () => {
  test('reports the unbiased pass@k of its samples, over all problems that were evaluated', async () => {
    const dir = place();
    const report = await evaluateInto(flags(dir), world({ verdict }));
    // c = 2, 0, 1, 0 of n = 4.
    expect(report.passAtK.map((row) => [row.k, row.estimate])).toEqual([
      [1, expect.closeTo((2 / 4 + 1 / 4) / 4, 12)],
      [2, expect.closeTo((1 - 1 / 6 + (1 - 3 / 6)) / 4, 12)],
      [4, expect.closeTo(2 / 4, 12)],
    ]);
    expect(report).toMatchObject({ problems: 4, excluded: 0, solved: 2, attempts: 16, withheld: null });
    expect(report.verdicts).toMatchObject({ proved: 3, rejected: 13, fault: 0 });
    expect(report.results.find((r) => r.name === 'imo_1')).toMatchObject({
      n: 4,
      c: 1,
      statement: 'theorem imo_1 : imo_1 = imo_1',
      proof: { text: 's1', axioms: ['propext'] },
    });
    expect(report.families.map((f) => [f.family, f.problems, f.solved])).toEqual([
      ['mathd_algebra', 2, 1],
      ['aime', 1, 0],
      ['imo', 1, 1],
    ]);
  });

  test('leaves the same figures in every file, and every attempt in samples.jsonl', async () => {
    const dir = place();
    const report = await evaluateInto(flags(dir), world({ verdict }));
    expect(evalReportSchema.parse(JSON.parse(read(dir, 'report.json')))).toEqual(report);
    const samples = read(dir, 'samples.jsonl')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(samples).toHaveLength(16);
    expect(samples.filter((s) => s.verdict === 'proved').map((s) => [s.problem, s.index, s.proof])).toEqual([
      ['imo_1', 1, 's1'],
      ['mathd_algebra_1', 0, 's0'],
      ['mathd_algebra_1', 2, 's2'],
    ]);
    expect(read(dir, 'metrics.csv')).toContain(`\npass_at_k/1,0,${report.passAtK[0]?.estimate}\n`);
    expect(read(dir, 'metrics.prom')).toContain(
      `lakatos_pass_at_k{evaluation="out",dataset="minif2f",split="valid",k="1"} ${report.passAtK[0]?.estimate}\n`,
    );
    expect(readdirSync(join(dir, 'out')).filter((file) => file.endsWith('.partial'))).toEqual([]);
  });

  test('can be reported on again from its ledger alone, to the same figures', async () => {
    const dir = place();
    const report = await evaluateInto(flags(dir), world({ verdict }));
    rmSync(join(dir, 'out', 'report.json'));
    await reportCommand(join(dir, 'out'));
    expect(JSON.parse(read(dir, 'report.json'))).toEqual(report);
  });

  test('counts repeated attempts, and says how many there were', async () => {
    const report = await evaluateInto(flags(place()), world({ write: () => 's0' }));
    expect(report).toMatchObject({ duplicates: 12, solved: 4 });
    expect(report.results.map((r) => [r.n, r.c, r.distinctProofs])).toEqual(names.map(() => [4, 4, 1]));
  });

  test('cut off anywhere and started again, it ends with the ledger of an undisturbed one', async () => {
    const undisturbed = place();
    let answers = 0;
    await evaluateInto(flags(undisturbed), world({ verdict, onAnswer: () => answers++ }));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: answers }), { maxLength: 3 }), async (cuts) => {
        const dir = place();
        for (const cut of cuts) {
          let left = cut;
          const onAnswer = () => {
            if (--left === 0) throw new Error('power cut');
          };
          await evaluateInto(flags(dir), world({ verdict, onAnswer })).catch((e: Error) =>
            expect(e.message).toBe('power cut'),
          );
        }
        await evaluateInto(flags(dir), world({ verdict }));
        const ledger = (at: string) => ledgerContents(join(at, 'out', 'ledger.sqlite'), at);
        expect(ledger(dir)).toEqual(ledger(undisturbed));
      }),
      { numRuns: 20 },
    );
  });

  test('resumed, it keeps the higher peak of memory', async () => {
    const dir = place();
    await evaluateInto(flags(dir), { ...world({ verdict }), peakMemory: () => 5e9 });
    const again = await evaluateInto(flags(dir), { ...world({ verdict }), peakMemory: () => 2e8 });
    expect(again.cost.peakRssBytes).toBe(5e9);
  });

  test('asked to stop, it stops resumable, and no report is there, nor made by `lakatos report`', async () => {
    const dir = place();
    const controller = new AbortController();
    let left = 12;
    const onAnswer = () => void (--left === 0 && controller.abort(new StoppedError('asked')));
    const stopped = await evaluateInto(flags(dir), world({ verdict, onAnswer }, controller.signal)).catch(
      (e) => e,
    );
    expect(exitCodeOf(stopped)).toBe(75);
    const refused = await reportCommand(join(dir, 'out')).catch((e) => e);
    expect(exitCodeOf(refused)).toBe(75);
    expect(refused.message).toMatch(
      /was cut off .*give the same `lakatos eval` command once more, with --out/,
    );
    expect(existsSync(join(dir, 'out', 'report.json'))).toBe(false);
    const report = await evaluateInto(flags(dir), world({ verdict }));
    expect(report.attempts).toBe(16);
  });
});

describe('problems that do not elaborate', () => {
  const refusal = (text: string) => (text.includes('aime') ? 'Unknown identifier `ℝ`' : null);

  test('are left out of every average, counted, and each told with its reason', async () => {
    const report = await evaluateInto(flags(place(), { profile: 'core' }), world({ verdict, refusal }));
    expect(report).toMatchObject({ problems: 3, excluded: 1 });
    expect(report.exclusions).toEqual([
      { name: 'aime_1', hash: expect.any(String), reason: 'Unknown identifier `ℝ`' },
    ]);
    expect(report.passAtK[2]?.estimate).toBeCloseTo(2 / 3, 12);
    expect(report.droppedLines).toEqual([
      { line: 'import Mathlib', problems: 4, reason: expect.stringContaining('core library') },
    ]);
  });

  test('stop an evaluation of the full set, which leaves nothing behind', async () => {
    const dir = place();
    const error = await evaluateInto(flags(dir, { profile: 'full' }), world({ refusal })).catch((e) => e);
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toMatch(
      /1 of 4 problems do not elaborate on fake Lean 1 \(aime_1: Unknown identifier `ℝ`\)/,
    );
    expect(existsSync(join(dir, 'out'))).toBe(false);
  });

  test('are not those that the checker failed on: it is asked again, then the evaluation stops, resumable', async () => {
    let failures = 1;
    const once = (text: string) =>
      text.includes('aime') && failures-- > 0 ? 'fault: the worker died' : null;
    expect((await evaluateInto(flags(place()), world({ refusal: once }))).excluded).toBe(0);
    const always = (text: string) => (text.includes('aime') ? 'fault: the worker died' : null);
    const error = await evaluateInto(flags(place()), world({ refusal: always })).catch((e) => e);
    expect(exitCodeOf(error)).toBe(75);
    expect(error.message).toMatch(
      /failed on 1 of 4 problems before anything was sampled \(fault: the worker died\)/,
    );
  });
});

describe('checker faults', () => {
  test('are asked about once more, and count as what they then are', async () => {
    let failures = 2;
    const flaky = (name: string, proof: string) => (failures-- > 0 ? 'fault' : verdict(name, proof));
    const report = await evaluateInto(flags(place()), world({ verdict: flaky }));
    expect(report).toMatchObject({ faultRate: 0, withheld: null, solved: 2 });
  });

  test('above half a per cent withhold the headline; bounds are what failures, or proofs, would have made of it', async () => {
    const broken = (name: string, proof: string) =>
      name === 'aime_1' && proof === 's3' ? 'fault' : verdict(name, proof);
    const report = await evaluateInto(flags(place()), world({ verdict: broken }));
    expect(report.withheld).toMatch(
      /1 of 16 attempts \(6\.25 %\) ended in a checker fault, more than 0\.5 %/,
    );
    expect(report.verdicts).toMatchObject({ fault: 1, rejected: 12 });
    expect(report.passAtK[0]).toMatchObject({ estimate: null, method: 'fault-bounds' });
    expect(report.passAtK[0]?.low).toBeCloseTo(3 / 16, 12);
    expect(report.passAtK[0]?.high).toBeCloseTo(4 / 16, 12);
  });

  test('that are gone when the same command is given again give the headline back', async () => {
    const dir = place();
    const broken = (name: string, proof: string) =>
      name === 'aime_1' && proof === 's3' ? 'fault' : verdict(name, proof);
    await evaluateInto(flags(dir), world({ verdict: broken }));
    const again = await evaluateInto(flags(dir), world({ verdict }));
    expect(again.withheld).toBeNull();
    expect(again.passAtK[0]?.estimate).toBeCloseTo(3 / 16, 12);
  });
});

test('a family’s pass@1 leaves out the problems that no attempt was judged at', async () => {
  const broken = (name: string, proof: string) =>
    name === 'mathd_algebra_2' ? 'fault' : verdict(name, proof);
  const report = await evaluateInto(flags(place()), world({ verdict: broken }));
  expect(report.families[0]).toMatchObject({ family: 'mathd_algebra', problems: 2, passAt1: 0.5 });
});

describe('stopping at the first proof', () => {
  test('samples solved problems less and reports only "any of n"', async () => {
    const dir = place();
    const report = await evaluateInto(
      flags(dir, { n: '8', k: '8', adaptive: true }),
      world({
        verdict: (name, proof) => (name === 'imo_1' && proof === 's7' ? 'proved' : verdict(name, proof)),
      }),
    );
    // A quarter first: two attempts prove mathd_algebra_1 and imo_1; only the others get the remaining six.
    expect(report.results.map((r) => [r.name, r.n])).toEqual([
      ['mathd_algebra_1', 2],
      ['mathd_algebra_2', 8],
      ['imo_1', 2],
      ['aime_1', 8],
    ]);
    expect(report.passAtK).toEqual([expect.objectContaining({ k: 8, estimate: 0.5, method: 'wilson' })]);
    // What c of n would say of an attempt's chance is biased upward by stopping.
    expect(report).toMatchObject({ curve: [], passRates: [] });
    expect(report.families.map((f) => [f.solved, f.passAt1])).toEqual([
      [1, null],
      [0, null],
      [1, null],
    ]);
  });

  test('is refused for any other k, which it would bias', async () => {
    const error = await evaluateInto(flags(place(), { adaptive: true, k: '1,4' }), world()).catch((e) => e);
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toMatch(/leaves only pass@4 \("any of 4"\) unbiased, found --k 1,4/);
  });
});

describe('what was trained on', () => {
  test('is looked for in a run, by elaborated type and by text, and the result is in the report', async () => {
    const dir = place();
    const runDir = join(dir, 'run');
    plantRun(runDir);
    const report = await evaluateInto(flags(dir, { run: runDir }), world({ verdict }));
    expect(report.contamination).toEqual({
      run: 'nightly',
      policies: ['v1'],
      ofThisRun: true,
      problems: 2,
      conjectures: 0,
      matches: [
        { name: 'aime_1', as: 'training problem', statementId: 'train:same-text', by: 'text' },
        { name: 'imo_1', as: 'training problem', statementId: 'train:same-type', by: 'type' },
      ],
    });
    expect(read(dir, 'report.html')).toContain('Contaminated');
  });
});

function plantRun(dir: string): void {
  mkdirSync(dir);
  const ledger = openLedger(join(dir, 'ledger.sqlite'));
  const common = {
    source: 'dataset',
    dataset: 'train',
    language: 'lean',
    header: '',
    forbidden: [],
    split: 'train',
  } as const;
  ledger.run.begin({ id: 'nightly', config: '{}', seed: 1, toolchain: 'fake', versions: {}, startedAt: 0 });
  ledger.rounds.begin(1, 'v1');
  ledger.policies.insert({ version: 'v1', parent: null, bundleHash: null, path: 'x', createdAt: 0 });
  const typeHash = typeHashOf('theorem imo_1 : imo_1 = imo_1');
  ledger.statements.insert([
    { ...common, id: 'train:same-type', name: 'a', text: 'theorem a : whatever', typeHash },
    { ...common, id: 'train:same-text', name: 'b', text: 'theorem b  : aime_1 = aime_1' },
  ]);
  const attempt = (statementId: string) => ({
    id: `prove/${statementId}`,
    round: 1,
    purpose: 'prove' as const,
    statementId,
    index: 0,
    policyVersion: 'v1',
    prompt: '',
    promptTokens: [],
    text: '',
    tokens: [],
    logprobs: [],
    finish: 'stop' as const,
    sampler: { temperature: 1, topP: 1, topK: 0, maxTokens: 1 },
    seed: 0,
  });
  ledger.attempts.insert([attempt('train:same-type'), attempt('train:same-text')]);
  ledger.close();
}

describe('bad usage is one sentence, exit code 2, and leaves nothing behind', () => {
  const refused = async (over: Parameters<typeof flags>[1], expected: RegExp) => {
    const dir = place();
    const error = await evaluateInto(flags(dir, over), world()).catch((e) => e);
    expect(error.message).toMatch(expected);
    expect(exitCodeOf(error)).toBe(2);
    expect(readdirSync(dir)).toEqual(['problems.jsonl']);
  };

  test('k above n', () => refused({ k: '1,32' }, /pass@32 needs at least 32 attempts a problem, found -n 4/));
  test('k that is no number', () =>
    refused({ k: '1,two' }, /--k: expected a whole number of at least 1, found "two"/));
  test('more attempts than a list of tactics holds', () =>
    refused(
      { policy: 'portfolio:single', n: '17', k: '1' },
      /-n: portfolio:single is a list of 16 tactics, each worth one attempt, found -n 17; ask for at most 16/,
    ));
  test('a split that does not exist', () => refused({ split: 'tset' }, /split "tset"; its splits: valid/));
  test('a profile nobody knows', () =>
    refused({ profile: 'kern' }, /--profile: expected one of full, partial, core/));
  test('a tier that no verifier stands behind', () =>
    refused(
      { set: ['checker.lean.tier="fast"'] },
      /checker\.lean\.tier: an evaluation counts only what the strict tier confirms, found "fast"/,
    ));
  test('a run that is none', () => refused({ run: 'no/such/run' }, /--run: no\/such\/run holds no run/));

  test.each([
    [
      'a line without a statement',
      { name: 'a', split: 'valid' },
      /problems\.jsonl line 5: field "formal_statement"/,
    ],
    [
      'two problems of one name',
      { name: 'imo_1', split: 'valid', formal_statement: 'theorem imo_1 : 1 = 1' },
      /two problems are called "imo_1"/,
    ],
  ])('%s', async (_, row, expected) => {
    const dir = place();
    appendFileSync(join(dir, 'problems.jsonl'), JSON.stringify(row));
    const error = await evaluateInto(flags(dir), world()).catch((e) => e);
    expect(error.message).toMatch(expected);
    expect(exitCodeOf(error)).toBe(2);
    expect(readdirSync(dir)).toEqual(['problems.jsonl']);
  });

  test('an output directory that cannot be made', async () => {
    const dir = place();
    writeFileSync(join(dir, 'file'), '');
    const error = await evaluateInto(flags(dir, { out: join(dir, 'file', 'out') }), world()).catch((e) => e);
    expect(error.message).toMatch(/--out: .* cannot be written: .*file is a file; choose another place/);
    expect(exitCodeOf(error)).toBe(2);
  });

  test('a policy that cannot be opened', async () => {
    const dir = place();
    const { openPolicy } = await import('../../src/policy/open.ts');
    const opening = { ...world(), openPolicy: (uri: string) => openPolicy(uri, { threads: 1 }) };
    const error = await evaluateInto(flags(dir, { policy: 'onnx:nowhere' }), opening).catch((e) => e);
    expect(error.message).toMatch(/policy\.uri: nowhere\/config\.json: cannot read it/);
    expect(exitCodeOf(error)).toBe(2);
    expect(readdirSync(dir)).toEqual(['problems.jsonl']);
  });

  test('a directory that holds an evaluation under other settings', async () => {
    const dir = place();
    await evaluateInto(flags(dir), world());
    const error = await evaluateInto(flags(dir, { n: '8' }), world()).catch((e) => e);
    expect(error.message).toMatch(/holds an evaluation with other settings \(samples\)/);
    expect(exitCodeOf(error)).toBe(2);
  });

  test('a policy that answers nothing, or not enough: resumable, since nothing that came is lost', async () => {
    const dir = place();
    const silent = await evaluateInto(flags(dir), world({ write: () => null })).catch((e) => e);
    expect(silent.message).toMatch(/answered none of 16 requests/);
    expect(exitCodeOf(silent)).toBe(75);
    const hoarse = await evaluateInto(flags(dir), world({ write: (i) => (i === 3 ? null : `s${i}`) })).catch(
      (e) => e,
    );
    expect(hoarse.message).toMatch(/answered 12 of 16 requests/);
    expect((await evaluateInto(flags(dir), world({ verdict }))).attempts).toBe(16);
  });
});
