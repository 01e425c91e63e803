import { describe, expect, test } from 'vitest';
import { isNearCopy } from '../../../src/selfplay/screening/near-copy.ts';

const seed = 'theorem t {n m : Nat} (h : n ≤ m) (hm : 0 < m) : n * m ≤ m * m';

describe('the same symbols in another order are a near-copy', () => {
  test.each([
    ['the seed itself', seed],
    ['other names', 'theorem t {a b : Nat} (k : a ≤ b) (hb : 0 < b) : a * b ≤ b * b'],
    ['hypotheses in another order', 'theorem t {n m : Nat} (hm : 0 < m) (h : n ≤ m) : n * m ≤ m * m'],
    ['other brackets', 'theorem t (n m : Nat) (h : n ≤ m) (hm : (0 < m)) : (n * m) ≤ m * m'],
    ['variables exchanged', 'theorem t {n m : Nat} (h : m ≤ n) (hm : 0 < m) : m * n ≤ m * m'],
  ])('%s', (_, text) => {
    expect(isNearCopy(text, seed)).toBe(true);
  });
});

describe('anything more, less or else is not', () => {
  test.each([
    ['a hypothesis less', 'theorem t {n m : Nat} (h : n ≤ m) : n * m ≤ m * m'],
    ['another operation', 'theorem t {n m : Nat} (h : n ≤ m) (hm : 0 < m) : n + m ≤ m + m'],
    ['another number', 'theorem t {n m : Nat} (h : n ≤ m) (hm : 1 < m) : n * m ≤ m * m'],
    ['a constant for a variable', 'theorem t {n m : Nat} (h : n ≤ m) (hm : 0 < m) : n * m ≤ m * k'],
    ['nothing at all', ''],
  ])('%s', (_, text) => {
    expect(isNearCopy(text, seed)).toBe(false);
  });
});

test('two sides of an equation changed over', () => {
  const equation = 'theorem t (l : List α) : (l.map f).length = l.length';
  expect(isNearCopy('theorem t (l : List α) : l.length = (l.map f).length', equation)).toBe(true);
});

test('an Isabelle statement with its variables renamed or its sides changed over, but not one of another type', () => {
  const seed = 'theorem t: "a + b = b + (a::nat)"';
  expect(isNearCopy('theorem t: "x + (y::nat) = y + x"', seed)).toBe(true);
  expect(isNearCopy('theorem t: fixes m n :: nat shows "n + m = m + n"', seed)).toBe(false); // two types said, not one
  expect(isNearCopy('theorem t: "x + y = y + (x::int)"', seed)).toBe(false);
  expect(isNearCopy('theorem t: "x * y = y * (x::nat)"', seed)).toBe(false);
});
