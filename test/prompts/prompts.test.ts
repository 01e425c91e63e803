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
    expect(proofOf(example.completion)).toBe('simp');
  });

  test(`${style}: the header stands in the prover's and in the conjecturer's prompt`, () => {
    expect(prompts.prover(statement)).toContain('open Nat');
    expect(prompts.conjecturer(input)).toContain('open Nat');
    expect(prompts.conjecturerExample(input, statement.text).prompt).toBe(prompts.conjecturer(input));
  });

  test(`${style}: a conjecture survives being written as a completion and read back`, () => {
    const example = prompts.conjecturerExample(input, 'theorem Nat.foo (a : Nat) : a * 1 = a');
    expect(conjectureOf(example.completion)).toBe('theorem t (a : Nat) : a * 1 = a');
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

test('a conjecture is cut at the top-level := and not at one inside a binder', () => {
  expect(conjectureOf(' (n : Nat := 3) : n = n := by simp')).toBe('theorem t (n : Nat := 3) : n = n');
});

test('a completion with nothing before the proof is no conjecture', () => {
  expect(conjectureOf('  := by simp')).toBeNull();
});
