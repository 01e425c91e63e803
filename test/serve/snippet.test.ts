import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readSnippet } from '../../src/serve/snippet.ts';

function attemptsIn(code: string) {
  const snippet = readSnippet(code);
  if (snippet.kind !== 'attempts') throw new Error(`${snippet.kind}: ${snippet.reason}`);
  return snippet;
}
const only = (code: string) => {
  const { header, attempts } = attemptsIn(code);
  expect(attempts).toHaveLength(1);
  return { header, ...attempts[0] };
};

test('the usual file: imports, options, opens, a comment with quotes, one theorem', () => {
  const code = `import Mathlib
import Aesop

set_option maxHeartbeats 400000

open BigOperators Real Nat Topology Rat

/- say "cheese": theorem not_me : False := by -/
theorem foo (x : ℝ) (h : x = (let y := 1; y)) : x ^ 2 ≥ 0 := by
  -- theorem nor_me
  exact sq_nonneg x
`;
  expect(only(code)).toEqual({
    header: 'import Mathlib\nimport Aesop\nopen BigOperators Real Nat Topology Rat',
    statement: 'theorem foo (x : ℝ) (h : x = (let y := 1; y)) : x ^ 2 ≥ 0',
    proof: ' by\n  -- theorem nor_me\n  exact sq_nonneg x',
    line: 9,
  });
});

test('options and opens that hold for one theorem are taken off it', () => {
  const code =
    'open Nat in\nset_option maxRecDepth 10000 in -- deep\n/-- It is true. -/\ntheorem t : True := trivial';
  expect(only(code)).toMatchObject({
    header: 'open Nat',
    statement: 'theorem t : True',
    proof: ' trivial',
    line: 4,
  });
});

test('lemma and example are theorems', () => {
  expect(only('lemma a : True := trivial').statement).toBe('theorem a : True');
  expect(only('example (n : Nat) : n = n := rfl').statement).toBe('theorem judged_example (n : Nat) : n = n');
});

test('what may follow a theorem is left out of its proof', () => {
  const { proof } = only('namespace A\ntheorem t : True := trivial\n#print axioms t\n#check t\nend A\n');
  expect(proof).toBe(' trivial');
});

test('every theorem is an attempt of its own; those before it are at the head of its proof, in brackets', () => {
  const { attempts } = attemptsIn(
    'lemma a (n : Nat) : n = n := rfl -- so\n\ntheorem b : 1 = 1 := by\n  exact a 1\n',
  );
  expect(attempts.map((a) => [a.statement, a.proof, a.line])).toEqual([
    ['theorem a (n : Nat) : n = n', ' rfl -- so', 1],
    ['theorem b : 1 = 1', 'have a (n : Nat) : n = n := ( rfl -- so\n);\n by\n  exact a 1', 3],
  ]);
});

test('a later theorem’s variables cannot change what an earlier one says: each statement stands alone', () => {
  const code =
    'theorem target (n : Nat) : f n = 0 := h n\ntheorem b (f : Nat → Nat) (h : ∀ n, f n = 0) : True := trivial';
  expect(attemptsIn(code).attempts.map((a) => a.statement)).toEqual([
    'theorem target (n : Nat) : f n = 0',
    'theorem b (f : Nat → Nat) (h : ∀ n, f n = 0) : True',
  ]);
});

test.each([
  'axiom cheat : False',
  'macro "x" : term => `(1)',
  'notation "ℕ" => Int',
  'local infixl:65 " + " => f',
  'elab "x" : tactic => pure ()',
  '#eval 1',
  'run_cmd pure ()',
  'unsafe def x := 1',
  'opaque x : Nat',
  'initialize pure ()',
  '  notation "a" => 1',
])('%s is not allowed, before the theorem or after it', (command) => {
  for (const code of [`${command}\ntheorem t : True := trivial`, `theorem t : True := trivial\n${command}`])
    expect(readSnippet(code).kind).not.toBe('attempts');
  const { kind } = readSnippet(`open Nat\n${command}\ntheorem t : True := trivial`);
  expect(kind).toBe(command.startsWith('local') ? 'unsupported' : 'forbidden');
});

test.each([
  ['def f := 1\ntheorem t : f = 1 := rfl', 'def is not read here', 1],
  ['@[simp] theorem t : True := trivial', '@[ is not read here', 1],
  ['private def f := 1\ntheorem t : f = 1 := rfl', 'private is not read here', 1],
  ['private /- ( -/ open Nat\ntheorem t : True := trivial', 'private is not read here', 1],
  ['theorem t : ∀ n : Nat, n = n\n  | _ => rfl', 'by cases or fields', 1],
  ['theorem t : ∀ n : Nat, n = n\n  | n => calc\n    n = n := rfl', 'by cases or fields', 1],
  ['theorem t : True ∧ True where\n  left := trivial\n  right := trivial', 'by cases or fields', 1],
  [
    'namespace A\ntheorem a : True := trivial\ntheorem b : True := A.a\nend A',
    'a by a name with dots is not read here',
    3,
  ],
  ['theorem t : True := aux\nwhere\n  aux : True := trivial', 'where after a theorem', 2],
  ['theorem a : True := trivial\nopen Nat\ntheorem b : True := trivial', 'open after a theorem', 2],
  ['theorem a : True := trivial\nend A\ntheorem b : True := trivial', 'theorem after an end', 3],
  [
    'variable (n : Nat)\ntheorem a : n = n := rfl\ntheorem b : n = n := rfl',
    'variable with more than one',
    1,
  ],
  ['open Nat in\ntheorem a : True := trivial\ntheorem b : True := trivial', 'open with more than one', 1],
  ['theorem A.a : True := trivial\ntheorem b : True := trivial', 'a dot in its name', 1],
  ['variable (s : "x" = "x")\ntheorem a : True := trivial', 'a string in the header', 1],
  ['set_option x (sneaky)\ntheorem a : True := trivial', 'set_option is not read here', 1],
  ['theorem a : True := trivial /-- doc -/ garbage', '/-- after a theorem is not read here', 1],
])('%j is refused with the reason and the line', (code, reason, line) => {
  expect(readSnippet(code)).toEqual({ kind: 'unsupported', reason: expect.stringContaining(reason), line });
});

test.each([
  ['-- nothing\n', 'there is no theorem to judge', 1],
  ['', 'there is no theorem to judge', 1],
  ['import Mathlib\nopen Nat', 'there is no theorem to judge', 1],
  ['open Nat\ntheorem t (n : Nat) : n = n', 'this theorem has no := before its proof', 2],
  ['lemma a : 1 = 1 := rfl\n\nlemma', 'this lemma has no := before its proof', 3],
  ['```lean4\ntheorem t : True := trivial\n```', 'expected a command, found "```lean4"', 1],
  ['Here is the proof.\ntheorem t : True := trivial', 'expected a command, found "Here is the proof."', 1],
  ['(theorem a : True := trivial)', 'expected a command, found "("', 1],
])('%j proves nothing, in Lean as here, and that is said', (code, reason, line) => {
  expect(readSnippet(code)).toEqual({ kind: 'rejected', reason, line });
});

test('private and protected are taken off a theorem', () => {
  const { attempts } = attemptsIn(
    'private lemma a : True := trivial\nprotected /- so -/ theorem b : True := a',
  );
  expect(attempts.map((a) => a.statement)).toEqual(['theorem a : True', 'theorem b : True']);
});

test('a file too long to be a proof is refused', () => {
  expect(readSnippet(`theorem t : True := ${'x'.repeat(1_000_000)}`)).toMatchObject({
    kind: 'forbidden',
    line: 1,
  });
});

test('names, strings, characters and comments that look like commands are none', () => {
  const proofs = [
    'by exact Foo.theorem',
    'by simp ["axiom x"]',
    "by exact 'x'",
    'by /- def -/ simp',
    'by exact «notation»',
    'by simp [h.end, xopen]',
    'by\n  open Nat in simp',
  ];
  for (const proof of proofs) expect(only(`theorem t : P := ${proof}`).proof).toBe(` ${proof}`);
});

test('no text of a theorem is lost or invented: statement and proof are its own characters, around the :=', () => {
  const piece = fc.constantFrom(
    ' ',
    '\n',
    'x',
    '(',
    ')',
    '"',
    "'",
    '--',
    '/-',
    '-/',
    ':',
    '=',
    ':=',
    'by',
    'let',
    '«',
    '»',
    '\\',
    'ℕ',
    'r#"',
    '#',
    '{',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const code = `theorem t : P ${pieces.join('')}`;
      const snippet = readSnippet(code);
      fc.pre(snippet.kind === 'attempts' && !/\/-[-!]/.test(code)); // documentation is left out
      if (snippet.kind !== 'attempts') return;
      const [attempt] = snippet.attempts;
      const rebuilt = `${attempt?.statement}:=${attempt?.proof}`;
      expect(rebuilt.replace(/\s/g, '')).toBe(code.replaceAll('\r\n', '\n').replace(/\s/g, ''));
    }),
    { numRuns: 2000 },
  );
});
