import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { refuseStatement } from '../../src/checkers/isabelle/policy.ts';
import { UsageError } from '../../src/ops/errors.ts';
import { cutBeforeProof } from '../../src/statements/before-proof.ts';
import { loadDataset } from '../../src/statements/datasets.ts';
import { defectOf } from '../../src/statements/defects.ts';
import { datasetFingerprint, namelessHash, statementHash } from '../../src/statements/identity.ts';
import type { Problem } from '../../src/statements/statement.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-datasets-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function file(path: string, content: string): string {
  const place = join(root, path);
  mkdirSync(dirname(place), { recursive: true });
  writeFileSync(place, content);
  return place;
}

const lines = (...rows: readonly unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return error instanceof Error ? error.message : '';
  }
  throw new Error('nothing was refused');
}

describe('miniF2F', () => {
  const row = (name: string, split: string) => ({
    name,
    split,
    formal_statement: `theorem ${name} (n : ℕ) : n = n := by\n`,
    header: 'import Mathlib\n\nopen Nat\n\n',
  });

  test('as JSON lines: the asked split, each with its own header and without its proof', () => {
    const path = file(
      'mini.jsonl',
      lines(row('a', 'valid'), row('b', 'test'), { ...row('c', 'valid'), header: '' }),
    );
    const { problems } = loadDataset({ name: 'minif2f', path, split: 'valid' });
    expect(problems.map((p) => [p.name, p.header, p.text])).toEqual([
      ['a', 'import Mathlib\n\nopen Nat\n\n', 'theorem a (n : ℕ) : n = n'],
      ['c', '', 'theorem c (n : ℕ) : n = n'],
    ]);
  });

  test('as a checkout: one Lean file a theorem, the split named by its folder, comments and proofs left out', () => {
    file(
      'checkout/MiniF2F/Test/aime_1.lean',
      'import Mathlib\n\nset_option maxHeartbeats 0\n\nopen Real Nat\n\n/-- Show that\ntheorem fake : False -/\ntheorem aime_1\n  (x : ℝ) -- a comment\n  (h : x = 1) :\n  x + "--".length = 3 := by\n  have y := 1\n  simp',
    );
    file('checkout/MiniF2F/Valid/imo_1.lean', 'theorem imo_1 : 1 = 1 := by sorry');
    file('checkout/MiniF2F/Test.lean', 'import MiniF2F.Test.aime_1\n');
    const { problems } = loadDataset({ name: 'minif2f', path: join(root, 'checkout'), split: 'test' });
    expect(problems).toEqual([
      {
        id: 'minif2f:aime_1',
        name: 'aime_1',
        split: 'test',
        language: 'lean',
        header: 'import Mathlib\n\nset_option maxHeartbeats 0\n\nopen Real Nat\n',
        text: 'theorem aime_1\n  (x : ℝ) \n  (h : x = 1) :\n  x + "--".length = 3',
        forbidden: [],
      },
    ]);
  });

  test('as Isabelle theories: the statement up to its proof, whatever proof it has, imports as its header', () => {
    const theory = (name: string, proof: string) =>
      `(* Authors: by someone *)\n\ntheory ${name} imports\n  Complex_Main\n  "HOL-Number_Theory.Number_Theory"\nbegin\n\ntheorem ${name}:\n  fixes a b :: nat\n  assumes h0 : "0 < a \\<and> by b" (* using *)\n  shows "19 \\<le> a"\n  ${proof}\nend`;
    file('isa/valid/p1.thy', theory('p1', 'sorry'));
    file('isa/valid/p2.thy', theory('p2', 'using h0 proof -\n  show ?thesis by auto\nqed'));
    const { problems } = loadDataset({ name: 'minif2f', path: join(root, 'isa'), split: 'valid' });
    expect(problems.map((p) => [p.name, p.language, p.header])).toEqual([
      ['p1', 'isabelle', 'imports Complex_Main "HOL-Number_Theory.Number_Theory"'],
      ['p2', 'isabelle', 'imports Complex_Main "HOL-Number_Theory.Number_Theory"'],
    ]);
    expect(problems[0]?.text).toBe(
      'theorem p1:\n  fixes a b :: nat\n  assumes h0 : "0 < a \\<and> by b" (* using *)\n  shows "19 \\<le> a"',
    );
    expect(problems[1]?.text).toBe(problems[0]?.text.replace('p1', 'p2'));
  });

  test('as Isabelle theories: what a file defines before its theorem stays, and makes the statement one that is refused', () => {
    const theory = (name: string, before: string) =>
      `theory ${name} imports Main\nbegin\n\n${before}\ntheorem ${name}: "digits x = inv x" .\n\nend`;
    file('own/valid/talk.thy', theory('talk', 'section \\<open>On i\\<close> term \\<i> text ‹theorem›'));
    const definition = 'definition inv :: "nat \\<Rightarrow> nat" where "inv x = x"';
    file('own/valid/own.thy', theory('own', definition));
    const { problems } = loadDataset({ name: 'minif2f', path: join(root, 'own'), split: 'valid' });
    const texts = new Map(problems.map((p) => [p.name, p.text]));
    expect(texts.get('talk')).toBe('theorem talk: "digits x = inv x"');
    expect(texts.get('own')).toBe(`${definition}\ntheorem own: "digits x = inv x"`);
    expect(refuseStatement(texts.get('talk') ?? '')).toBeUndefined();
    expect(refuseStatement(texts.get('own') ?? '')).toEqual({
      verdict: 'rejected',
      reason: expect.stringMatching(/^the statement must begin with theorem.*found "definition"$/),
    });
  });

  test('as lines in Isabelle: a proof of one dot is cut, headings are left out, declarations are not', () => {
    expect(cutBeforeProof('isabelle', 'theorem t: "x = x" .')).toBe('theorem t: "x = x"');
    expect(cutBeforeProof('isabelle', 'text ‹Easy.› theorem t: "x = x" ..')).toBe('theorem t: "x = x"');
    const own = cutBeforeProof('isabelle', 'fun f where "f x = x" theorem t: "f 0 = 0" by simp');
    expect(refuseStatement(own)?.reason).toContain('found "fun"');
  });

  test('a theorem whose name is also that of a wrong one is flagged, with the source that says so', () => {
    expect(defectOf('minif2f', 'mathd_algebra_314')?.reason).toContain('0 = 0');
    expect(defectOf('minif2f', 'mathd_algebra_314')?.source).toContain('DeepSeek');
    expect(defectOf('minif2f', 'mathd_algebra_10')).toBeNull();
    expect(defectOf('lean-core', 'mathd_algebra_314')).toBeNull();
  });
});

describe('other sets', () => {
  test('ProofNet in the JSON-lines shapes it is passed on in', () => {
    const header = 'import Mathlib\n\nopen Nat Finset\nopen scoped BigOperators\n\n';
    const path = file(
      'proofnet.jsonl',
      lines(
        {
          name: 'Hardy_exercise_1_1a',
          split: 'valid',
          informal_prefix: '/-- There are two numbers. -/',
          formal_statement: 'theorem Hardy_exercise_1_1a : ∃ a b : ℕ, a < b :=',
          header,
        },
        {
          name: 'Hardy_exercise_1_2',
          source: 'Hardy.lean',
          header,
          formal_statement: 'theorem Hardy_exercise_1_2 {n : ℕ}\n  (h : n + n = 4) : n = 2 := sorry',
          formal_proof: null,
          informal_stmt: 'If twice $n$ is 4, $n$ is 2.',
        },
        {
          id: 'Hardy|exercise_1_3',
          nl_statement: 'One is one.',
          lean4_src_header: header,
          lean4_formalization: 'theorem exercise_1_3 :\n  (1 : ℕ) = 1 :=',
        },
      ),
    );
    const { problems } = loadDataset({ name: 'proofnet', path, split: 'valid' });
    expect(problems.map((p) => [p.name, p.header, p.text])).toEqual([
      ['Hardy_exercise_1_1a', header, 'theorem Hardy_exercise_1_1a : ∃ a b : ℕ, a < b'],
      ['Hardy_exercise_1_2', header, 'theorem Hardy_exercise_1_2 {n : ℕ}\n  (h : n + n = 4) : n = 2'],
      ['Hardy|exercise_1_3', header, 'theorem exercise_1_3 :\n  (1 : ℕ) = 1'],
    ]);
  });

  test('ProofNet as a checkout: every theorem of a book under its book, with what the file says before it', () => {
    file(
      'books/formal/Hardy-Wright.lean',
      [
        'import Mathlib',
        '',
        'open Nat Finset',
        'open scoped BigOperators',
        'noncomputable section',
        '',
        'theorem exercise_1_1a :',
        '  ∃ a b : ℕ, a < b :=',
        'sorry',
        '',
        '/-- Not one: theorem exercise_9 : False := sorry -/',
        'def twice (n : ℕ) := n + n',
        '',
        'theorem exercise_1_2 {n : ℕ}',
        '[NeZero n] (h : twice n = 4) : n = 2:=',
        '  by',
        'sorry',
        '',
        'instance exercise_1_3 : Group ℤ :=',
        'sorry',
        '',
        'theorem exercise_1_4 : 0 < 1 :=',
        'sorry',
        '',
      ].join('\n'),
    );
    file('books/formal/Apostol.lean', 'import Mathlib\n\ntheorem exercise_1_2 : 1 = 1 :=\nsorry\n');
    file('books/script/Other.lean', 'def main := 1\n');
    const { problems } = loadDataset({ name: 'proofnet', path: join(root, 'books'), split: 'formal' });
    const header = 'import Mathlib\n\nopen Nat Finset\nopen scoped BigOperators\nnoncomputable section\n';
    expect(problems.map((p) => [p.name, p.header, p.text])).toEqual([
      ['Apostol_exercise_1_2', 'import Mathlib\n', 'theorem exercise_1_2 : 1 = 1'],
      ['Hardy-Wright_exercise_1_1a', header, 'theorem exercise_1_1a :\n  ∃ a b : ℕ, a < b'],
      [
        'Hardy-Wright_exercise_1_2',
        `${header}\ndef twice (n : ℕ) := n + n\n`,
        'theorem exercise_1_2 {n : ℕ}\n[NeZero n] (h : twice n = 4) : n = 2',
      ],
      [
        'Hardy-Wright_exercise_1_4',
        `${header}\ndef twice (n : ℕ) := n + n\n`,
        'theorem exercise_1_4 : 0 < 1',
      ],
    ]);
  });

  const putnam =
    'import Mathlib\n\nopen Set\n\nnoncomputable abbrev putnam_1_a1_solution : Set ℤ := sorry\n-- {n : ℤ | n = 3}\n/--\nFind the integers $n$ with $2 n = 6$.\n-/\ntheorem putnam_1_a1\n    (n : ℤ) :\n    n ∈ putnam_1_a1_solution ↔ 2 * n = 6 :=\n  sorry\n';

  test('PutnamBench as JSON lines: a whole file in a field, its answer put back', () => {
    const path = file(
      'putnam.jsonl',
      lines(
        {
          name: 'putnam_1_a1',
          lean4_statement: putnam,
          informal_statement: 'Find the integers',
          tags: ['algebra'],
        },
        { name: 'putnam_1_a2', split: 'test', formal_statement: 'theorem putnam_1_a2 : 1 = 1 := by' },
      ),
    );
    const { problems } = loadDataset({ name: 'putnam', path, split: 'test' });
    expect(problems.map((p) => [p.name, p.header, p.text])).toEqual([
      [
        'putnam_1_a1',
        'import Mathlib\n\nopen Set\n\nnoncomputable abbrev putnam_1_a1_solution : Set ℤ := {n : ℤ | n = 3}\n',
        'theorem putnam_1_a1\n    (n : ℤ) :\n    n ∈ putnam_1_a1_solution ↔ 2 * n = 6',
      ],
      ['putnam_1_a2', '', 'theorem putnam_1_a2 : 1 = 1'],
    ]);
  });

  test('plain JSON lines by split, and lean-core from its folder', () => {
    const path = file(
      'plain.jsonl',
      lines(
        { id: 'a', statement: 'theorem x : 1 = 1 := rfl', split: 'mine', header: 'open Nat' },
        { statement: 'theorem y : 2 = 2' },
      ),
    );
    const plain = loadDataset({ name: 'jsonl', path, split: 'mine' });
    expect(plain.problems.map((p) => [p.name, p.header, p.text])).toEqual([
      ['a', 'open Nat', 'theorem x : 1 = 1'],
    ]);
    expect(refusal(() => loadDataset({ name: 'jsonl', path, split: 'yours' }))).toMatch(
      /split "yours"; its splits: mine, \(none given\)/,
    );
    const core = loadDataset({ name: 'lean-core', path: 'data/lean-core', split: 'heldout' });
    expect(core.problems).toHaveLength(1045);
    expect(core.fingerprint).toMatch(/^[0-9a-f]{16}$/);
  });

  test("PutnamBench's files get their answers back, since a statement about an unknown sorry says nothing", () => {
    file(
      'putnam/src/putnam_easy.lean',
      'import Mathlib\n\nabbrev putnam_easy_solution : ℕ := sorry\n-- 2\n\n/-- What is 1 + 1 -/\ntheorem putnam_easy : 1 + 1 = putnam_easy_solution := sorry\n',
    );
    const { problems } = loadDataset({ name: 'putnam', path: join(root, 'putnam'), split: 'src' });
    expect(problems[0]?.header).toBe('import Mathlib\n\nabbrev putnam_easy_solution : ℕ := 2\n');
    expect(problems[0]?.text).toBe('theorem putnam_easy : 1 + 1 = putnam_easy_solution');
  });
});

describe('what cannot be used is one sentence that says what is wrong', () => {
  test('a set nobody knows', () => {
    expect(refusal(() => loadDataset({ name: 'minif3f', path: 'x', split: 'valid' }))).toMatch(
      /--dataset: expected one of minif2f, .*found minif3f/,
    );
    expect(refusal(() => loadDataset({ name: 'toString', path: 'x', split: 'valid' }))).toContain(
      'found toString',
    );
  });

  test('a line without a statement', () => {
    const path = file('bad.jsonl', lines({ name: 'a', split: 'valid' }));
    expect(refusal(() => loadDataset({ name: 'minif2f', path, split: 'valid' }))).toMatch(
      /bad\.jsonl line 1: field "formal_statement"/,
    );
  });

  test('two problems of one name', () => {
    const twin = { name: 'a', split: 'valid', formal_statement: 'theorem a : 1 = 1' };
    const path = file('twins.jsonl', lines(twin, twin));
    expect(refusal(() => loadDataset({ name: 'minif2f', path, split: 'valid' }))).toContain(
      'two problems are called "a"',
    );
  });

  test('a split that does not exist, with those that do', () => {
    const path = file(
      'split.jsonl',
      lines({ name: 'a', split: 'valid', formal_statement: 'theorem a : 1 = 1' }),
    );
    expect(refusal(() => loadDataset({ name: 'minif2f', path, split: 'tset' }))).toMatch(
      /split "tset"; its splits: valid/,
    );
    expect(
      refusal(() => loadDataset({ name: 'minif2f', path: join(root, 'checkout'), split: 'tset' })),
    ).toMatch(/folder "tset".*folders with such files: .*Test/);
  });

  test('a file that is not there', () => {
    expect(
      refusal(() => loadDataset({ name: 'jsonl', path: join(root, 'none.jsonl'), split: '' })),
    ).toContain('none.jsonl');
  });

  test('two theorems in one file of a checkout', () => {
    file('two/test/both.lean', 'theorem a : 1 = 1 := rfl\ntheorem b : 2 = 2 := rfl\n');
    expect(refusal(() => loadDataset({ name: 'minif2f', path: join(root, 'two'), split: 'test' }))).toMatch(
      /both\.lean: expected one theorem, found 2/,
    );
  });
});

describe('identity', () => {
  const problem = (over: Partial<Problem>): Problem => ({
    id: 'x',
    name: 'x',
    split: 'test',
    language: 'lean',
    header: 'open Nat\n',
    text: 'theorem x (n : ℕ) : n = n',
    forbidden: [],
    ...over,
  });

  test('blanks and ids do not count, words and headers do', () => {
    const hash = statementHash(problem({}));
    expect(hash).toMatch(/^[0-9a-f]{16}$/);
    expect(
      statementHash(problem({ id: 'y', text: 'theorem x  (n : ℕ)\n : n = n ', header: 'open   Nat' })),
    ).toBe(hash);
    expect(statementHash(problem({ header: '' }))).not.toBe(hash);
    expect(statementHash(problem({ text: 'theorem x (m : ℕ) : m = m' }))).not.toBe(hash);
  });

  test('without the name, a renamed theorem is the same', () => {
    const renamed = problem({ text: 'theorem other(n : ℕ) : n = n', header: '' });
    expect(namelessHash(problem({ text: 'theorem x(n : ℕ) : n = n' }))).toBe(namelessHash(renamed));
    expect(namelessHash(problem({ text: 'lemma x(n : ℕ) : n = n' }))).toBe(namelessHash(renamed));
  });

  test('a set’s fingerprint does not depend on its order', () => {
    const [a, b] = [
      { name: 'a', hash: '1' },
      { name: 'b', hash: '2' },
    ];
    expect(datasetFingerprint([a, b])).toBe(datasetFingerprint([b, a]));
    expect(datasetFingerprint([a])).not.toBe(datasetFingerprint([a, b]));
  });
});
