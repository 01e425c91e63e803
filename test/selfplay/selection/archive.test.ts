import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Archive,
  cellOf,
  type Entry,
  placements,
  withPlaced,
} from '../../../src/selfplay/selection/archive.ts';

const STATEMENTS = [
  'theorem t (a b : Nat) : a + b = b + a',
  'theorem t (n m : Nat) : m + n = n + m',
  'theorem t (n : Nat) (h : 0 < n) : n / n = 1',
  'theorem t {a b : Prop} (h : a) : a ∨ b',
  'theorem t (xs : List Nat) : xs.length ≤ xs.length + 1',
];
const entry = (statementId: string, change: Partial<Entry> = {}): Entry => ({
  statementId,
  statement: STATEMENTS[0] ?? '',
  passRate: 1 / 8,
  elegance: 0.5,
  ...change,
});

test('a cell is the kind of statement: names do not matter; form, heads, hypotheses and length do', () => {
  const cells = STATEMENTS.map(cellOf);
  expect(cells[1]).toBe(cells[0]);
  expect(new Set(cells).size).toBe(STATEMENTS.length - 1);
  expect(cellOf(`${STATEMENTS[0]} + 0${' + 0'.repeat(10)}`)).not.toBe(cells[0]);
});

test('of one cell the hardest is placed, then the one with more proof for its length', () => {
  const entries = [
    entry('easier', { passRate: 2 / 8 }),
    entry('shorter', { elegance: 0.1 }),
    entry('best', { elegance: 0.9 }),
    entry('other', { statement: STATEMENTS[3] ?? '', passRate: 2 / 8 }),
  ];
  expect(placements(new Map(), entries)).toEqual(
    new Map([
      ['best', 1],
      ['other', 1],
    ]),
  );
});

test('what is old news weighs less each time, what beats the elite weighs 1 again', () => {
  const after = (...rounds: readonly Entry[]) =>
    rounds.reduce<Archive>((archive, e) => withPlaced(archive, [e]), new Map());
  const [a, b] = [entry('a', { passRate: 2 / 8 }), entry('b', { passRate: 2 / 8, elegance: 0.4 })];
  expect(placements(after(a), [b])).toEqual(new Map([['b', 1 / 2]]));
  expect(placements(after(a, b), [entry('c', { passRate: 2 / 8, elegance: 0.3 })])).toEqual(
    new Map([['c', 1 / 3]]),
  );
  expect(placements(after(a, b), [entry('harder')])).toEqual(new Map([['harder', 1]]));
});

test('the archive never holds two in one cell, keeps the best ever placed there, and one round never places two', () => {
  const drawn = fc.record({
    kind: fc.nat(STATEMENTS.length - 1),
    passRate: fc.integer({ min: 1, max: 8 }).map((proved) => proved / 8),
    elegance: fc.integer({ min: 1, max: 9 }),
  });
  fc.assert(
    fc.property(fc.array(fc.array(drawn, { maxLength: 6 }), { maxLength: 4 }), (rounds) => {
      let archive: Archive = new Map();
      const placed: Entry[] = [];
      for (const [r, made] of rounds.entries()) {
        const entries = made.map(({ kind, ...rest }, i) =>
          entry(`${r}/${i}`, { ...rest, statement: STATEMENTS[kind] ?? '' }),
        );
        const chosen = placements(archive, entries);
        const kept = entries.filter((e) => chosen.has(e.statementId));
        expect(new Set(kept.map((e) => cellOf(e.statement))).size).toBe(kept.length);
        archive = withPlaced(archive, kept);
        placed.push(...kept);
      }
      for (const [name, { elite, visits }] of archive) {
        const here = placed.filter((e) => cellOf(e.statement) === name);
        expect(cellOf(elite.statement)).toBe(name);
        expect(visits).toBe(here.length);
        expect(elite.passRate).toBe(Math.min(...here.map((e) => e.passRate)));
      }
      expect(new Set(placed.map((e) => cellOf(e.statement)))).toEqual(new Set(archive.keys()));
    }),
  );
});
