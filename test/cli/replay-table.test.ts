import { expect, test } from 'vitest';
import { replayTable } from '../../src/cli/replay-table.ts';
import type { RoundSummary } from '../../src/selfplay/replay/replay-summary.ts';

const side = { tried: 9, kept: 1, weight: 1, outcomes: {} };
const update = {
  positives: 3,
  negatives: 2,
  positiveWeight: 4.25,
  negativeWeight: -1.123456789,
  conjectures: 1,
  conjectureWeight: 1,
};
const change = (i: number) => ({
  statementId: `s${i}`,
  before: { outcome: 'too-easy', weight: 0 },
  after: { outcome: 'selected', weight: 1 },
});
const summary: RoundSummary = {
  round: 2,
  same: false,
  selection: { before: side, after: { ...side, kept: 7, weight: 6.5 } },
  update: { before: update, after: null },
  gained: Array.from({ length: 6 }, (_, i) => change(i)),
  lost: [],
  reweighted: [],
};

test('a round is a table of before and after, then what was gained and why it was not kept before', () => {
  const text = replayTable(summary, (id) => `theorem ${id}`);
  expect(text).toMatch(/conjectures kept\s+1 {2}→\s+7\n/);
  expect(text).toMatch(/their weight\s+-1\.12346 {2}→\s+–/);
  expect(text).toContain('gained (was too-easy): theorem s0');
  expect(text).not.toContain('theorem s5');
  expect(text).toContain('and 1 more gained');
  expect(text).toContain('depend on a model');
});

test('a round that came out the same says so', () => {
  expect(replayTable({ ...summary, same: true }, String)).toContain('round 2: as recorded');
});
