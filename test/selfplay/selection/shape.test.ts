import { expect, test } from 'vitest';
import { shapeOf } from '../../../src/selfplay/selection/shape.ts';
import { readLeanCore } from '../../../src/statements/lean-core.ts';

test.each([
  ['theorem t (a b : Nat) : a + b = b', '=', ['+', 'variable'], 0, 'a + b = b'],
  ['theorem t {n m : Nat} (h : n ≤ m) : n - m = 0', '=', ['-', 'literal'], 1, 'n - m = 0'],
  ['theorem t {n m : Nat} : n ≠ 0 → m ≠ 0 → n * m ≠ 0', '≠', ['*', 'literal'], 2, 'n * m ≠ 0'],
  ['theorem t {a b : Int} : a * b = 0 ↔ a = 0 ∨ b = 0', '↔', ['=', '∨'], 0, 'a * b = 0 ↔ a = 0 ∨ b = 0'],
  ['theorem t {a b : Prop} (h : a) : a ∨ b ∧ a', '∨', ['variable', '∧'], 1, 'a ∨ b ∧ a'],
  ['theorem t (xs : List Nat) : (xs.map id).length = List.length xs', '=', ['length', 'length'], 0, null],
  ['theorem t {α β : Type _} (f : α → β) (a : α) : ∀ b, f a = b', '=', ['local', 'variable'], 0, 'f a = b'],
  ['theorem t {P : Nat → Prop} (H : P 0) : ∃ n, P n ∨ P 1', '∃', ['∃'], 1, '∃ n, P n ∨ P 1'],
  ['theorem t (m n : Nat) : (m * n).Coprime n', 'predicate', ['Coprime'], 0, null],
  ['theorem t.{u} {α : Sort u} (a : α) : (fun x : α => x) a = a', '=', ['fun', 'variable'], 0, null],
  ['theorem t (s : String) : s ++ ") : ∨" = s', '=', ['++', 'variable'], 0, null],
])('%s', (statement, form, heads, hypotheses, conclusion) => {
  const shape = shapeOf(statement);
  expect({ ...shape, conclusion: conclusion === null ? null : shape.conclusion }).toEqual({
    form,
    heads,
    hypotheses,
    conclusion,
  });
});

test.each([
  ['theorem t: "(n::nat) + 0 = n"', '=', ['+', 'variable'], 0],
  ['theorem t: "a + b = b + (a::nat)"', '=', ['+', '+'], 0],
  ['theorem t: "rev (rev xs) = xs"', '=', ['rev', 'variable'], 0],
  ['theorem t: "xs @ [] = xs"', '=', ['++', 'variable'], 0],
  ['theorem t: "P \\<or> \\<not> P"', '∨', ['variable', '¬'], 0],
  ['theorem t: "P \\<and> Q --> Q \\<and> P"', '∧', ['variable', 'variable'], 1],
  [
    'theorem t: "\\<lbrakk>a < b; b < c\\<rbrakk> \\<Longrightarrow> a \\<le> (c::nat)"',
    '≤',
    ['variable', 'variable'],
    2,
  ],
  ['theorem t: fixes x y :: nat assumes h: "x > 0" and "y > x" shows "x dvd y | x < y"', '∨', ['<', '∣'], 2],
  ['theorem t: "\\<forall>x::nat. \\<exists>y. y > x"', '∃', ['∃'], 0],
])('of Isabelle: %s', (statement, form, heads, hypotheses) => {
  expect(shapeOf(statement)).toMatchObject({ form, heads, hypotheses });
});

test('a string in a Lean statement does not make it one of Isabelle', () => {
  expect(shapeOf('theorem t : "a" = "b"').form).toBe('=');
  expect(shapeOf('theorem t (s : String) : "a" ++ s = "b"').form).toBe('=');
});

test('any text has a shape, the broken too', () => {
  for (const text of [
    '',
    'theorem',
    'theorem t',
    'theorem t (a : Nat',
    'theorem t : ∀ x',
    'theorem t : =',
    ') :',
  ])
    expect(shapeOf(text).heads.length).toBeLessThanOrEqual(2);
});

test('every tenth statement of lean-core has a conclusion, and no kind of statement is half of them', () => {
  const shapes = readLeanCore('data/lean-core', 'train')
    .filter((_, i) => i % 10 === 0)
    .map((p) => shapeOf(p.text));
  expect(shapes.filter((s) => s.conclusion === '')).toEqual([]);
  const kinds = Map.groupBy(shapes, (s) => [s.form, ...s.heads, s.hypotheses].join(' '));
  expect(Math.max(...[...kinds.values()].map((k) => k.length)) / shapes.length).toBeLessThan(0.5);
});
