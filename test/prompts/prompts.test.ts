import { expect, test } from 'vitest';
import { conjectureOf, proofOf } from '../../src/prompts/completions.ts';
import { loadPrompts } from '../../src/prompts/prompts.ts';
import type { Statement } from '../../src/statements/statement.ts';

const statement: Statement = {
  id: 's',
  language: 'lean',
  header: 'open Nat\n',
  text: 'theorem t (n : Nat) : n + 0 = n',
  forbidden: [],
};
const input = { seed: statement, seedProof: 'simp', lemma: 'theorem Nat.add_zero (n : Nat) : n + 0 = n' };

for (const style of ['compact', 'stp']) {
  const prompts = loadPrompts(`prompts/${style}.toml`);

  test(`${style}: the training text of a proof begins with exactly the prompt that is sampled from`, () => {
    const example = prompts.proverExample(statement, 'simp');
    expect(example.prompt).toBe(prompts.prover(statement));
    expect(proofOf(example.completion, prompts.stops.prover)).toBe('simp');
  });

  test(`${style}: the header stands in the prover's and in the conjecturer's prompt`, () => {
    expect(prompts.prover(statement)).toContain('open Nat');
    expect(prompts.conjecturer(input)).toContain('open Nat');
    expect(prompts.conjecturerExample(input, statement.text).prompt).toBe(prompts.conjecturer(input));
  });

  test(`${style}: a conjecture survives being written as a completion and read back`, () => {
    const example = prompts.conjecturerExample(input, 'theorem Nat.foo (a : Nat) : a * 1 = a');
    expect(conjectureOf(example.completion, prompts.stops.conjecturer)).toBe(
      'theorem t (a : Nat) : a * 1 = a',
    );
  });
}

const theory: Statement = {
  id: 'i',
  language: 'isabelle',
  header: 'imports Complex_Main',
  text: 'lemma swap: "A \\<and> B \\<longrightarrow> B \\<and> A"',
  forbidden: [],
};
const theoryInput = { seed: theory, seedProof: 'by blast', lemma: 'theorem true: "True"' };

for (const style of ['compact', 'stp']) {
  const prompts = loadPrompts(`prompts/${style}.toml`, 'isabelle');

  test(`${style}, Isabelle: both prompts show header and statement, the conjecturer’s its proof and lemma too`, () => {
    for (const part of [theory.header, theory.text]) {
      expect(prompts.prover(theory)).toContain(part);
      expect(prompts.conjecturer(theoryInput)).toContain(part);
    }
    for (const part of [theoryInput.seedProof, theoryInput.lemma])
      expect(prompts.conjecturer(theoryInput)).toContain(part);
    expect(proofOf(prompts.proverExample(theory, 'by blast').completion, prompts.stops.prover)).toBe(
      'by blast',
    );
  });

  test.each([
    ['theorem u: "P"', 'theorem t: "P"'],
    ['theorem u : "P"', 'theorem t : "P"'],
    [theory.text, theory.text.replace('lemma swap', 'theorem t')],
    ['corollary u:\n  fixes x :: nat\n  shows "x = x"', 'theorem t: fixes x :: nat shows "x = x"'],
  ])(`${style}, Isabelle: a conjecture keeps its colon as a completion and read back: %s`, (text, read) => {
    const { completion } = prompts.conjecturerExample(theoryInput, text);
    expect(conjectureOf(completion, prompts.stops.conjecturer, 'isabelle')).toBe(read);
  });
}

test('samplers are told the end marker of each role, without the blanks that a model may leave out', () => {
  expect(loadPrompts('prompts/stp.toml').stops).toEqual({
    prover: ['```'],
    conjecturer: ['</hard theorem>'],
  });
  expect(loadPrompts('prompts/compact.toml').stops).toEqual({ prover: ['</s>'], conjecturer: ['</s>'] });
});

test('a value that holds braces is not expanded a second time', () => {
  const prompts = loadPrompts('prompts/compact.toml');
  expect(prompts.prover({ ...statement, header: '', text: 'theorem t : {{proof}}' })).toContain('{{proof}}');
});

test('a Lean statement with its colon at its name keeps the colon', () => {
  const { completion } = loadPrompts('prompts/compact.toml').conjecturerExample(input, 'theorem u: 1 = 1');
  expect(conjectureOf(completion, ['</s>'])).toBe('theorem t: 1 = 1');
});

test('a conjecture is cut at the top-level := and not at one inside a binder', () => {
  expect(conjectureOf(' (n : Nat := 3) : n = n := by simp', [])).toBe('theorem t (n : Nat := 3) : n = n');
});

test('a completion with nothing before the proof is no conjecture', () => {
  expect(conjectureOf('  := by simp', [])).toBeNull();
});

test('a completion ends at the end marker of its own template and at no other', () => {
  const written = ' : s = "</s>" := by';
  expect(conjectureOf(written, ['</hard theorem>'])).toBe('theorem t : s = "</s>"');
  expect(conjectureOf(' : 1 = 1\n</hard theorem>\n : 2 = 2', ['</hard theorem>'])).toBe('theorem t : 1 = 1');
  expect(proofOf('simp\n```\nand so on', ['```'])).toBe('simp');
  expect(proofOf('exact f "</s>"', ['```'])).toBe('exact f "</s>"');
});

test('a conjecture stands on one line without its comments, and its strings as they were written', () => {
  expect(conjectureOf(' (n : Nat) -- any number\n  : /- the same -/ n =\n\tn', [])).toBe(
    'theorem t (n : Nat) : n = n',
  );
  expect(conjectureOf(' : "a  --  b".length = 8', [])).toBe('theorem t : "a  --  b".length = 8');
  expect(conjectureOf(" (c' : Char) : c'  =  ' '", [])).toBe("theorem t (c' : Char) : c' = ' '");
  expect(conjectureOf(': "P  -->  Q"\n', [], 'isabelle')).toBe('theorem t: "P --> Q"');
});
