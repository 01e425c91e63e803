import { afterEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { readEvalReport } from '../../src/cli/compare.ts';
import { schemaCommand } from '../../src/cli/report-command.ts';
import { exitCodeOf } from '../../src/ops/errors.ts';
import { report } from '../reports/fixture.ts';

afterEach(() => void vi.restoreAllMocks());

/** What `lakatos schema KIND` prints. */
function printed(kind: string): z.core.JSONSchema.BaseSchema {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  schemaCommand(kind);
  return JSON.parse(String(write.mock.calls[0]?.[0]));
}

test.each([
  ['run', report],
  ['evaluation', readEvalReport('bench/results/eval-minif2f-valid-core-seed.json')],
])('`lakatos schema %s` prints what its report.json is checked against', (kind, figures) => {
  const schema = printed(kind);
  expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
  const reader = z.fromJSONSchema(schema);
  expect(reader.safeParse(figures).error).toBeUndefined();
  expect(reader.safeParse({ ...figures, version: 99 }).success).toBe(false);
  expect(reader.safeParse({ ...figures, extra: 1 }).success).toBe(false);
});

test('`lakatos schema` of anything else is a sentence, exit 2', () => {
  const refused = () => schemaCommand('night');
  expect(refused).toThrow(/schema: expected run or evaluation, found night/);
  try {
    refused();
  } catch (error) {
    expect(exitCodeOf(error)).toBe(2);
  }
});
