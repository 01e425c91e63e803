import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutStatement } from '../../src/statements/cut.ts';

const cases: readonly (readonly [string, string, string])[] = [
  ['a trailing `:= by sorry`', 'theorem t (n : Nat) : n = n := by sorry', 'theorem t (n : Nat) : n = n'],
  ['a trailing `:= by` and a newline', 'theorem t : 1 = 1 := by\n', 'theorem t : 1 = 1'],
  ['a trailing `:=`', 'theorem t : 1 = 1 :=', 'theorem t : 1 = 1'],
  ['a whole proof', 'theorem t : 1 = 1 := by\n  simp\n', 'theorem t : 1 = 1'],
  ['nothing where there is no proof', 'theorem t : 1 = 1', 'theorem t : 1 = 1'],
  ['not at a default value', 'theorem t (x : Nat := 3) : x = x := rfl', 'theorem t (x : Nat := 3) : x = x'],
  [
    'not inside an anonymous structure',
    'theorem t : ({ a := 1 } : S).a = 1 := rfl',
    'theorem t : ({ a := 1 } : S).a = 1',
  ],
  [
    'not at a `let` of the statement',
    'theorem t : let x := 1; x = 1 := by simp',
    'theorem t : let x := 1; x = 1',
  ],
  [
    'not at a `have` of the statement',
    'theorem t : have h : 1 = 1 := rfl; h = h := rfl',
    'theorem t : have h : 1 = 1 := rfl; h = h',
  ],
  ...['haveI', 'letI', "have'", 'let_fun'].map(
    (word) =>
      [
        `not at a \`${word}\` of the statement`,
        `theorem t : ${word} h : 1 = 1 := rfl; 2 = 2 := by simp`,
        `theorem t : ${word} h : 1 = 1 := rfl; 2 = 2`,
      ] as const,
  ),
  [
    'past a `show`, which has no `:=`',
    'theorem t : (show Nat from 1) = 1 := rfl',
    'theorem t : (show Nat from 1) = 1',
  ],
  ['not in a string', 'theorem t : ":= by" = s := rfl', 'theorem t : ":= by" = s'],
  ['not behind an escaped quote', 'theorem t : "\\":=" = s := rfl', 'theorem t : "\\":=" = s'],
  ['not in a raw string', 'theorem t : r#"":="# = s := rfl', 'theorem t : r#"":="# = s'],
  ['not in a line comment', 'theorem t : -- := here\n 1 = 1 := rfl', 'theorem t : -- := here\n 1 = 1'],
  [
    'not in a nested comment',
    'theorem t : /- a /- := -/ := -/ 1 = 1 := rfl',
    'theorem t : /- a /- := -/ := -/ 1 = 1',
  ],
  ['not in a quoted name', 'theorem t : «:=» = 1 := rfl', 'theorem t : «:=» = 1'],
  [
    'a bracket that is a character',
    "theorem t (c : Char) : c = '(' := rfl",
    "theorem t (c : Char) : c = '('",
  ],
  ['primes for what they are', "theorem t (h' : p') : p' := h'", "theorem t (h' : p') : p'"],
];

describe('cutStatement cuts', () => {
  it.each(cases)('%s', (_, text, expected) => {
    expect(cutStatement(text)).toBe(expected);
  });
});

const piece = fc.constantFrom(
  ...[
    'theorem t',
    ' (x : Nat := 3)',
    ' : ',
    'n + 0 = n',
    " p'",
    ' ":="',
    " '('",
    ' /- := -/',
    ' ⟨1, 2⟩',
    ' {a := 1}',
    ' ∀ x, ',
  ],
  ...[' → ', ' letter', ' has', '\n'],
);
const statement = fc.array(piece, { minLength: 1, maxLength: 12 }).map((pieces) => pieces.join('').trimEnd());
const ending = fc.constantFrom(
  ' :=',
  ' := by',
  ' := by sorry',
  ':=by\n  sorry\n',
  ' := fun h => (h : p) := x',
);

describe('cutStatement', () => {
  it('takes off exactly what was appended', () => {
    fc.assert(fc.property(statement, ending, (text, end) => cutStatement(text + end) === text));
  });

  it('leaves alone what it has cut, on any text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'grapheme' }),
          fc.string({ unit: fc.constantFrom(...':=()[]"\'-/ «»a\\r#') }),
        ),
        (text) => {
          const once = cutStatement(text);
          expect(text.startsWith(once)).toBe(true);
          expect(cutStatement(once)).toBe(once);
        },
      ),
    );
  });
});
