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
});

test('shares are of what elaborated, looks are of what could be read', () => {
  const figures = conjectureFigures([
    screening('theorem t (a b : Prop) : a ∨ b', 'kept'),
    screening('theorem t (n : Nat) : n = n + 0', 'duplicate'),
    screening('theorem t (n : Nat) (h : n < 0) : n = 5', 'hollow', 'vacuous'),
    screening('theorem t : foo ∨', 'ill-formed'),
    screening('', 'unparsed'),
  ]);
  expect(figures).toEqual({
    disjunctiveShare: 2 / 4,
    conclusionChars: (5 + 9 + 5 + 5) / 4,
    duplicateShare: 1 / 3,
    vacuousShare: 1 / 3,
  });
});

test('nothing seen is no figure', () => {
  expect(conjectureFigures([screening('', 'unparsed')])).toEqual({});
  expect(lemmaFigures(['', ''])).toEqual({});
  expect(entropyFigure('samplerEntropy', [{ logprobs: [] }])).toEqual({});
  expect(driftFigure([], [])).toEqual({});
});

test('the commonest lemma counts among completions that were given one', () => {
  expect(lemmaFigures(['a', 'b', 'a', '', '', ''])).toEqual({ lemmaTop1Share: 2 / 3 });
});

test('entropy is a mean over tokens, not over samples', () => {
  const samples = [{ logprobs: [-1, -1, -1] }, { logprobs: [-5] }];
  expect(entropyFigure('samplerEntropy', samples)).toEqual({ samplerEntropy: 2 });
});

test('drift counts both directions, and is 0 for the same weights', () => {
  expect(driftFigure([[-1, -2], [-3]], [[-1.5, -1.5], Float32Array.of(-3.5)])).toEqual({ logprobDrift: 0.5 });
  expect(driftFigure([[-1, -2]], [[-1, -2]])).toEqual({ logprobDrift: 0 });
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
