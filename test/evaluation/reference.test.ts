/** Against other people's implementations: reference/make_reference.py says whose, and made reference/reference.json. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { mcnemarExact, passAtK, wilson } from '../../src/evaluation/index.ts';
import { quantile } from '../../src/evaluation/intervals.ts';

const n = z.number();
const reference = z
  .object({
    passAtK: z.array(z.object({ n, c: n, k: n, value: n })).min(10),
    wilson: z.array(z.object({ successes: n, trials: n, low: n, high: n })).min(5),
    mcnemar: z.array(z.object({ gained: n, lost: n, pValue: n })).min(5),
    quantiles: z.array(z.object({ values: z.array(n), at: z.array(n), quantiles: z.array(n) })).min(3),
  })
  .parse(JSON.parse(readFileSync(new URL('reference/reference.json', import.meta.url), 'utf8')));

describe('to 1e-9', () => {
  test.each(reference.passAtK)('pass@$k of $c in $n', ({ n: attempts, c, k, value }) => {
    expect(Math.abs(passAtK(attempts, c, k) - value)).toBeLessThan(1e-9);
  });

  test.each(reference.wilson)('Wilson of $successes in $trials', ({ successes, trials, low, high }) => {
    const interval = wilson(successes, trials);
    expect(Math.abs(interval.low - low)).toBeLessThan(1e-9);
    expect(Math.abs(interval.high - high)).toBeLessThan(1e-9);
  });

  test.each(reference.mcnemar)('McNemar of $gained gained and $lost lost', ({ gained, lost, pValue }) => {
    expect(Math.abs(mcnemarExact(gained, lost) - pValue)).toBeLessThan(1e-9);
  });

  test.each(reference.quantiles)(
    'the quantiles that end a bootstrap interval, of $values.length values',
    ({ values, at, quantiles }) => {
      for (const [i, q] of at.entries())
        expect(Math.abs(quantile(Float64Array.from(values), q) - (quantiles[i] ?? 0))).toBeLessThan(1e-9);
    },
  );
});
