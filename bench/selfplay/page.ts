/** The experiment's page, its plots and its summary, from the outcomes there are. The text around the figures is notes.md. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { byPool, costsOf, isMain } from './figures.ts';
import { type Outcome, outcomeSchema } from './outcome.ts';
import { plotCurves } from './plot.ts';
import { arms, busy, comparisons, funnels, rounds, runs, variants } from './tables.ts';

const FOLDER = 'bench/selfplay';

export function writePage(outcomesDir: string): void {
  const outcomes = readdirSync(outcomesDir)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => outcomeSchema.parse(JSON.parse(readFileSync(join(outcomesDir, name), 'utf8'))));
  const [compared = []] = byPool(outcomes.filter(isMain));
  if (compared.length === 0) return;
  for (const cost of costsOf(compared))
    writeFileSync(join(FOLDER, `${cost}.svg`), plotCurves(compared, cost));
  const notes = readFileSync(join(FOLDER, 'notes.md'), 'utf8');
  writeFileSync(join(FOLDER, 'README.md'), `${notes.trimEnd()}\n\n${figuresPage(outcomes)}`);
}

/** Runs on other problems than most are not compared with them: they have figures of their own. */
export function figuresPage(outcomes: readonly Outcome[]): string {
  const [compared = [], ...others] = byPool(outcomes.filter(isMain));
  const plots = costsOf(compared).map((cost) => `![Newly proved problems: ${cost}](${cost}.svg)`);
  return `## Figures

Newly proved: mean over seeds (least to most) of the problems without a known proof. *Not by sampling*: of those proved by
the run's end, what the frozen model did not prove under the same seed. CPU time is that of the whole run while it proposes,
screens, proves and judges, so the sampler's on this machine is in it; judging time is what the judge says its verdicts and
inspections took, and is shown where every outcome tells it.

${comparedFigures(compared)}

${plots.join('\n\n')}
${others.map((some) => `\n### On other problems\n\n${comparedFigures(some)}\n`).join('')}
### Variants

Each beside the arm it varies: the same seeds on the same problems, at the cost that all runs of the two reached.

${variants(outcomes)}

### Sampling and judging at once

${busy(outcomes)}

### What became of the conjectures

${funnels(outcomes)}

### Runs

${runs(outcomes)}
`;
}

const comparedFigures = (outcomes: readonly Outcome[]) => `${outcomes[0]?.open ?? 0} problems are open.

${arms(outcomes)}

${comparisons(outcomes)}

Share of the open problems proved by the end of each round, mean over seeds:

${rounds(outcomes)}`;
