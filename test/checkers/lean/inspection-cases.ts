/** What inspection must find in which statement. */
import type { Inspection } from '../../../src/checkers/checker.ts';

export interface InspectionCase {
  readonly title: string;
  readonly statement: string;
  readonly expected: Partial<Inspection>;
}

const finds = (title: string, statement: string, expected: Partial<Inspection>): InspectionCase => ({
  title,
  statement,
  expected,
});

export const INSPECTIONS: readonly InspectionCase[] = [
  finds('a library theorem under another name', 'theorem t (n m : Nat) : n + m = m + n', {
    ok: true,
    aliases: ['Nat.add_comm'],
    constants: ['Nat', 'Eq', 'HAdd.hAdd', 'instHAdd', 'instAddNat'],
  }),
  finds(
    'an alias whatever the universe, the variable and the binder are called',
    APPEND('w', '{β : Type w} (xs : List β)', 'xs'),
    {
      aliases: ['List.append_nil'],
    },
  ),
  finds('reflexive equations', 'theorem t (n : Nat) : n * 2 = n * 2', { hollow: 'reflexive' }),
  finds('reflexive equivalences', 'theorem t (p : Prop) : p ↔ p', { hollow: 'reflexive' }),
  finds('shadowed variables', 'theorem t (n : Nat) (n : Nat) : n < n + 1', { hollow: 'shadowed' }),
  finds('the goal among the hypotheses', 'theorem t (a b : Nat) (h : a < b) : a < b', {
    hollow: 'goal-is-hypothesis',
  }),
  finds('hypotheses that contradict each other', 'theorem t (n m : Nat) (h : n < m) (g : m < n) : n = 7', {
    hollow: 'vacuous',
  }),
  finds('a conclusion that mentions no variable', 'theorem t (n : Nat) : 2 + 2 = 4', {
    hollow: 'unused-everything',
  }),
  finds('nothing hollow in an impossibility', 'theorem t (n : Nat) (h : n * n + 1 = n) : False', {
    hollow: null,
  }),
  finds(
    'nothing hollow in an impossibility that a cheap tactic sees',
    'theorem t (n : Nat) (h : n < 0) : False',
    {
      hollow: null,
      trivial: 'omega',
    },
  ),
  finds(
    'nothing vacuous in hypotheses that only their last one makes impossible',
    'theorem t (a b c : Nat) (h : a < b) (g : b < c) : c < a → False',
    { hollow: null },
  ),
  finds(
    'nothing hollow in one closed proposition that follows from another',
    'theorem t (h : ∃ n : Nat, 5 < n * n) : ∃ m : Nat, 6 < m * m + 1',
    { hollow: null },
  ),
  finds(
    'nothing hollow in an existence for which the variables are the witness',
    'theorem t (f : Nat → Nat) (h : ∀ n, f (f n) = n + 1) (g : f 0 = 3) : ∃ k : Nat → Nat, ∀ n, k (k n) = n + 1',
    { hollow: null },
  ),
  finds('what the excluded middle closes', 'theorem t (p q : Prop) : (p ∧ q) ∨ ¬(p ∧ q)', {
    hollow: null,
    trivial: 'exact Classical.em _',
  }),
  finds(
    'nothing trivial or false for a variable of any sort',
    'theorem t.{u} (α : Sort u) (h : Nonempty α) : ∃ f : α → α, ∀ x y, f x = f y',
    {
      hollow: null,
      trivial: null,
      refuted: null,
    },
  ),
  finds('what rfl closes', 'theorem t (n : Nat) : n + 0 = n', {
    trivial: 'rfl',
    hollow: null,
    refuted: null,
  }),
  finds('what omega closes', 'theorem t (a b : Nat) (h : a < b) : a + 1 ≤ b', { trivial: 'omega' }),
  finds('nothing trivial where induction is needed', 'theorem t (n : Nat) : n < 2 ^ n', {
    trivial: null,
    refuted: null,
  }),
  finds('a counterexample in the naturals', 'theorem t (n : Nat) : n < 5', { refuted: 'n := 5' }),
  finds('a counterexample under a hypothesis', 'theorem t (n m : Nat) (h : n < m) : n + 1 < m', {
    refuted: 'n := 0, m := 1',
  }),
  finds('a counterexample in the integers', 'theorem t (a : Int) : 0 ≤ a', { refuted: 'a := -1' }),
  finds('a counterexample over any type', 'theorem t.{u} {α : Type u} (l : List α) : l.reverse = l', {
    refuted: 'α := Bool, l := [true, false]',
  }),
  finds('a counterexample with a function', 'theorem t (f : Nat → Nat) (a b : Nat) : f (a + b) = f a + f b', {
    refuted: 'f := fun x => x.succ, a := 1, b := 1',
  }),
  finds('a counterexample among propositions', 'theorem t (p q : Prop) : p ∨ q → p', {
    refuted: 'p := False, q := True',
  }),
  finds(
    'a counterexample with an instance',
    'theorem t.{u} {α : Type u} [DecidableEq α] (l : List α) (a : α) : a ∈ l.erase a',
    {
      refuted: 'α := Nat, l := [], a := 0',
    },
  ),
  finds(
    'a counterexample where a later type needs the hypothesis',
    'theorem t (l : List Nat) (i : Nat) (h : i < l.length) : l[i] = 0',
    {
      ok: true,
      refuted: 'l := [1, 2, 0], i := 0',
    },
  ),
  finds(
    'nothing in instances that take the kernel too long',
    'theorem t (n : Nat) : (List.range (2 ^ (n + 24))).length = n',
    { ok: true, refuted: null },
  ),
  finds('a negation that a cheap tactic proves', 'theorem t : ∃ n : Nat, n < n', {
    refuted: 'its negation, by simp',
  }),
];

export const UNFIT: readonly (readonly [title: string, statement: string, reason: RegExp])[] = [
  ['a text that does not parse', 'theorem t (n : Nat) : n + = n', /^statement: .*expected term/],
  ['an autobound variable', 'theorem t (x : α) : x = x', /^statement: Unknown identifier `α`/],
  ['a type error', 'theorem t (n : Nat) : n + "a" = n', /^statement: failed to synthesize/],
  ['a type that is no proposition', 'theorem t : Nat', /^statement: .*not a proposition/],
  ['a name of another library', 'theorem t (x : Real) : x = x', /^statement: Unknown identifier `Real`/],
];

export const SAME_TYPE: readonly (readonly [string, string])[] = [
  ['theorem a (n m : Nat) : n + m = m + n', 'theorem b (x y : ℕ) : x + y = y + x'],
  ['theorem a {n : Nat} : n + 0 = n', 'theorem b (k : Nat) : k + 0 = k'],
  ['theorem a (n m : Nat) : n + m = m + n', 'theorem b : ∀ ⦃x : Nat⦄ {y : Nat}, x + y = y + x'],
  [APPEND('u', '{α : Type u} (l : List α)', 'l'), APPEND('v', '{α : Type v} {l : List α}', 'l')],
  [
    'theorem a.{u, v} (α : Type u) (β : Type v) (x : α) (y : β) : (x, y).1 = x',
    'theorem b.{u, v} (β : Type v) (α : Type u) (a : β) (b : α) : (a, b).1 = a',
  ],
  [
    'theorem a.{u} (α : Type u) [BEq α] (x : α) : (x == x) = true',
    'theorem b.{u} {α : Type u} [inst : BEq α] (x : α) : x == x',
  ],
];

export const OTHER_TYPE: readonly (readonly [string, string])[] = [
  ['theorem a (n m : Nat) : n + m = m + n', 'theorem a (n m : Nat) : m + n = n + m'],
  ['theorem a (n m : Nat) : n + m = m + n', 'theorem a (n m : Int) : n + m = m + n'],
  ['theorem a (n : Nat) : n ≠ 5', 'theorem a (n : Nat) : n ≠ 18446744073709551621'],
  [
    'theorem a.{u, v} (α : Type u) (β : Type v) (x : α) (y : β) : (x, y).1 = x',
    'theorem a.{u} (α : Type u) (β : Type u) (x : α) (y : β) : (x, y).1 = x',
  ],
  [
    'theorem a (n m : Nat) (h : n = 1) (g : m = 2) : n < m',
    'theorem a (n m : Nat) (g : m = 2) (h : n = 1) : n < m',
  ],
];

function APPEND(universe: string, binders: string, list: string): string {
  return `theorem t.{${universe}} ${binders} : ${list} ++ [] = ${list}`;
}
