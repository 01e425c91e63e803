import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readEvalReport } from '../../src/cli/compare.ts';
import { compareEvaluations } from '../../src/reports/index.ts';

const FOLDER = 'bench/results';
const results = readdirSync(FOLDER).filter((name) => /^eval-(?!report\.json)/.test(name));
const read = (name: string) => readEvalReport(join(FOLDER, name));

test.each(results)('%s is read as the report of an evaluation, every problem in it', (name) => {
  const report = read(name);
  expect(report.results).toHaveLength(report.problems);
});

test('only statements of the project’s own problem set are in the repository', () => {
  expect(results).not.toHaveLength(0);
  for (const { settings, results: rows } of results.map(read))
    expect(rows.some((row) => row.statement !== '')).toBe(settings.dataset.name === 'lean-core');
});

test('what is committed can be compared: the tactics solve more of miniF2F’s core part than the seed model', () => {
  const [tactics, model] = ['portfolio', 'seed'].map((policy) =>
    read(`eval-minif2f-valid-core-${policy}.json`),
  );
  if (tactics === undefined || model === undefined) throw new Error('both are committed');
  expect(compareEvaluations(model, tactics, { force: false }).sentence).toMatch(/^More than noise: .* rose/);
});
