import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ScreeningRecord } from '../../../src/ledger/index.ts';
import {
  conjectureFigures,
  driftFigure,
  entropyFigure,
  lemmaFigures,
  passRateHistogram,
} from '../../../src/selfplay/watching/figures.ts';

const screening = (parsed: string, outcome: ScreeningRecord['outcome'], detail = ''): ScreeningRecord => ({
  conjectureId: 'c',
  outcome,
  detail,
  parsed,
  statementId: null,
  typeHash: null,
});

const seen = [
  screening('theorem t (a b : Prop) : a ∨ b', 'kept'),
  screening('theorem t (n : Nat) : n = n + 0', 'duplicate'),
  screening('theorem t (n : Nat) (h : n < 0) : n = 5', 'hollow', 'vacuous'),
  screening('theorem t (n : Nat) : n = 2', 'known', 'p'),
  screening('theorem t : foo ∨', 'ill-formed'),
  screening('', 'unparsed'),
];

test('duplicates are a share of what elaborated, the vacuous of what was probed, looks of what could be read', () => {
  expect(conjectureFigures(seen, true)).toEqual({
    disjunctiveShare: 2 / 5,
    conclusionChars: (5 + 9 + 5 + 5 + 5) / 5,
    duplicateShare: 1 / 4,
    vacuousShare: 1 / 2,
  });
});

test('without the hollow probe nobody knows how many were vacuous', () => {
  expect(conjectureFigures(seen, false)).not.toHaveProperty('vacuousShare');
});

test('nothing seen is no figure', () => {
  expect(conjectureFigures([screening('', 'unparsed')], true)).toEqual({});
  expect(lemmaFigures(['', ''], [])).toEqual({});
  expect(entropyFigure('samplerEntropy', [{ logprobs: [] }])).toEqual({});
  expect(driftFigure('logprobDrift', [], [])).toEqual({});
});

test('the commonest lemma counts among completions that were given one', () => {
  expect(lemmaFigures(['a', 'b', 'a', '', '', ''], [])).toEqual({ lemmaTop1Share: 2 / 3 });
});

test('the lemmas of kept conjectures have an entropy: none when all are alike, log n when n are', () => {
  expect(lemmaFigures([], ['a', 'a'])).toEqual({ keptLemmaEntropy: 0 });
  expect(lemmaFigures([], ['a', 'b', '', '', 'a', 'b']).keptLemmaEntropy).toBeCloseTo(Math.log(3), 12);
});

test('entropy is a mean over tokens, not over samples', () => {
  const samples = [{ logprobs: [-1, -1, -1] }, { logprobs: [-5] }];
  expect(entropyFigure('samplerEntropy', samples)).toEqual({ samplerEntropy: 2 });
});

test('drift counts both directions, and is 0 for the same weights', () => {
  expect(driftFigure('logprobDrift', [[-1, -2], [-3]], [[-1.5, -1.5], Float32Array.of(-3.5)])).toEqual({
    logprobDrift: 0.5,
  });
  expect(driftFigure('samplerGap', [[-1, -2]], [[-1, -2]])).toEqual({ samplerGap: 0 });
});

test('every conjecture tried is in one bin of the histogram', () => {
  const rate = fc
    .tuple(fc.nat(8), fc.integer({ min: 1, max: 8 }))
    .map(([proved, more]) => ({ statementId: 's', proved, judged: proved + more - 1, faults: 0 }));
  fc.assert(
    fc.property(fc.array(rate), (rates) => {
      const counted = Object.values(passRateHistogram(rates)).reduce((a, b) => a + b, 0);
      expect(counted).toBe(rates.filter((r) => r.judged > 0).length);
    }),
  );
});
