import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { blockSpread, faultRate, headline } from '../../src/evaluation/headline.ts';
import { wilson } from '../../src/evaluation/intervals.ts';
import { passAtKTable } from '../../src/evaluation/pass-at-k.ts';
import type { TrialResult } from '../../src/evaluation/trial-results.ts';

/** A problem with these outcomes: `+` proof, `-` failure, `!` fault. */
function problem(outcomes: string): TrialResult {
  const judged = [...outcomes].filter((o) => o !== '!').map((o) => o === '+');
  return {
    problemId: outcomes,
    n: judged.length,
    c: judged.filter(Boolean).length,
    faults: outcomes.length - judged.length,
    outcomes: judged,
    duplicates: 0,
    distinct: 0,
    tokens: 0,
    proof: null,
  };
}

const options = { adaptive: false, fixedList: false, seed: 1 };

test('without faults it is the table of the estimator, and nothing is left open', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.constantFrom('+', '-'), { minLength: 8, maxLength: 8 }), {
        minLength: 1,
        maxLength: 6,
      }),
      (all) => {
        const results = all.map((o) => problem(o.join('')));
        const expected = passAtKTable(results, [1, 3, 8], { seed: 1 });
        const rows = headline(results, { ...options, ks: [1, 3, 8] });
        for (const [i, row] of rows.entries()) {
          expect(row.estimate).toBeCloseTo(expected[i]?.estimate ?? -1, 12);
          expect([row.low, row.high]).toEqual([expected[i]?.low, expected[i]?.high]);
          expect(row.method).toBe(expected[i]?.method);
          expect(row.faultLow).toBe(row.faultHigh);
        }
      },
    ),
    { numRuns: 20 },
  );
});

test('where nothing or everything was solved the interval is Wilson’s, not one without width', () => {
  const twenty = (outcomes: string) => Array.from({ length: 20 }, () => problem(outcomes));
  for (const k of [1, 2]) {
    const [none] = headline(twenty('----'), { ...options, ks: [k] });
    expect(none).toMatchObject({ estimate: 0, ...wilson(0, 20), method: 'wilson' });
    const [all] = headline(twenty('++++'), { ...options, ks: [k] });
    expect(all).toMatchObject({ estimate: 1, ...wilson(20, 20), method: 'wilson' });
  }
  const [some] = headline([...twenty('----'), problem('++++')], { ...options, ks: [1] });
  expect(some?.method).toBe('bootstrap');
});

describe('faults', () => {
  const many = (faulty: string) => [problem(faulty), ...Array.from({ length: 60 }, () => problem('+---'))];

  test('below half a per cent leave an estimate on what was judged, and bounds around it', () => {
    const results = many('-!--');
    expect(faultRate(results)).toBeCloseTo(1 / 244, 12);
    const [row] = headline(results, { ...options, ks: [1] });
    expect(row?.estimate).toBeCloseTo((60 * 0.25) / 61, 12);
    expect(row?.faultLow).toBeCloseTo((60 * 0.25) / 61, 12);
    expect(row?.faultHigh).toBeCloseTo((60 * 0.25 + 0.25) / 61, 12);
  });

  test('withhold pass@n where the faulty attempt could have decided the problem, and only there', () => {
    const undecided = headline(many('-!--'), { ...options, ks: [3, 4] });
    expect(undecided.map((row) => row.estimate === null)).toEqual([false, true]);
    expect(undecided[1]).toMatchObject({ method: 'fault-bounds', low: 60 / 61, high: 1 });
    const decided = headline(many('+!--'), { ...options, ks: [4] });
    expect(decided[0]?.estimate).toBe(1);
  });

  test('bounds hold whatever the faults turn out to be', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.constantFrom('+', '-', '!'), { minLength: 6, maxLength: 6 }), {
          minLength: 1,
          maxLength: 5,
        }),
        fc.infiniteStream(fc.constantFrom('+', '-')),
        fc.integer({ min: 1, max: 6 }),
        (all, truth, k) => {
          const texts = all.map((o) => o.join(''));
          const [row] = headline(texts.map(problem), { ...options, ks: [k] });
          const settled = texts.map((t) => problem(t.replaceAll('!', () => truth.next().value ?? '-')));
          const [real] = headline(settled, { ...options, ks: [k] });
          expect(real?.estimate).toBeGreaterThanOrEqual((row?.faultLow ?? 1) - 1e-12);
          expect(real?.estimate).toBeLessThanOrEqual((row?.faultHigh ?? 0) + 1e-12);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('stopping at the first proof', () => {
  test('a proof decides "any of n" however few attempts were made; without one all of them count', () => {
    const [row] = headline([problem('-+'), problem('----')], { ...options, adaptive: true, ks: [4] });
    expect(row).toMatchObject({ estimate: 0.5, method: 'wilson', spread: null });
  });

  test('a fault at an unsolved problem leaves it open', () => {
    const results = [problem('---!'), ...Array.from({ length: 80 }, () => problem('+'))];
    const [row] = headline(results, { ...options, adaptive: true, ks: [4] });
    expect(row).toMatchObject({ estimate: null, faultLow: 80 / 81, faultHigh: 1 });
  });
});

describe('the spread over samples', () => {
  test('is the standard deviation of disjoint blocks, each an evaluation of its own', () => {
    // Blocks of 2: problem one is solved in blocks 1 and 3, problem two in block 1.
    const spread = blockSpread([problem('+---+---'), problem('-+------')], 2);
    expect(spread).toEqual({
      blocks: 4,
      mean: 3 / 8,
      sd: expect.closeTo(Math.sqrt((0.625 ** 2 + 2 * 0.375 ** 2 + 0.125 ** 2) / 3), 12),
    });
  });

  test('is not given for a list of tactics, whose blocks are different tactics', () => {
    const [row] = headline([problem('+---+---')], { ...options, fixedList: true, ks: [1] });
    expect(row?.spread).toBeNull();
  });

  test('is not given for fewer than four blocks', () => {
    expect(blockSpread([problem('+------')], 2)).toBeNull();
    expect(blockSpread([problem('+-------'), problem('+--')], 2)).toBeNull();
  });
});
