/**
 * An evaluation's report.json as it is committed: `{command, report}`, a line a problem, and with empty statements where
 * the problem set is not this project's own. `lakatos compare` reads it too.
 *
 *   node bench/eval-result.ts DIR "the command" > bench/results/eval-NAME.json
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { evalReportSchema } from '../src/reports/index.ts';

const [dir = '', command = ''] = process.argv.slice(2);
const report = evalReportSchema.parse(JSON.parse(readFileSync(join(dir, 'report.json'), 'utf8')));
const own = report.settings.dataset.name === 'lean-core';

function published<T extends { readonly statement: string }>(problems: readonly T[]) {
  return own ? problems : problems.map((problem) => ({ ...problem, statement: '' }));
}

const { comparison } = report;
const whole = {
  command,
  report: {
    ...report,
    results: published(report.results),
    comparison: comparison && {
      ...comparison,
      gained: published(comparison.gained),
      lost: published(comparison.lost),
    },
  },
};

/** Rows of long lists on one line each. */
const rows = new Map<string, string>();
const text = JSON.stringify(
  whole,
  (key, value: unknown) => {
    if (!Array.isArray(value) || !['results', 'exclusions', 'gained', 'lost'].includes(key)) return value;
    return value.map((row) => {
      const mark = `row ${rows.size}`;
      rows.set(`"${mark}"`, JSON.stringify(row));
      return mark;
    });
  },
  2,
);
process.stdout.write(`${text.replace(/"row \d+"/g, (mark) => rows.get(mark) ?? mark)}\n`);
