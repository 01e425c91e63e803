/** The experiment's page, its plots and its summary, from the outcomes there are. The text around the figures is notes.md. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  beyond,
  byArm,
  commonCost,
  type Estimate,
  heldoutDifference,
  heldoutOf,
  type Proved,
  provedByArm,
} from './figures.ts';
import { type Outcome, outcomeSchema } from './outcome.ts';
import { plotCurves } from './plot.ts';

const FOLDER = 'bench/selfplay';

export function writePage(outcomesDir: string): void {
  const outcomes = readdirSync(outcomesDir)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => outcomeSchema.parse(JSON.parse(readFileSync(join(outcomesDir, name), 'utf8'))));
  if (outcomes.length === 0) return;
  for (const cost of ['sampledTokens', 'cpuSeconds'] as const)
    writeFileSync(join(FOLDER, `${cost}.svg`), plotCurves(outcomes, cost));
  const notes = readFileSync(join(FOLDER, 'notes.md'), 'utf8');
  writeFileSync(join(FOLDER, 'README.md'), `${notes.trimEnd()}\n\n${figures(outcomes)}`);
}

function figures(outcomes: readonly Outcome[]): string {
  const arms = byArm(outcomes);
  const byTokens = provedByArm(outcomes, 'sampledTokens');
  const byCpu = provedByArm(outcomes, 'cpuSeconds');
  const tokens = Math.round(commonCost(outcomes, 'sampledTokens') / 1000);
  const seconds = Math.round(commonCost(outcomes, 'cpuSeconds'));
  const rows = [...arms].map(([arm, runs]) =>
    [
      arm,
      runs.map((r) => r.seed).join(', '),
      spread(byTokens.get(arm)),
      spread(byCpu.get(arm)),
      number(beyond(runs, arms.get('sampling') ?? [])),
      percent(heldoutOf(runs, 1)),
      percent(heldoutOf(runs, 8)),
    ].join(' | '),
  );
  return `## Figures

Newly proved: mean over seeds (least to most) of the problems without a known proof, ${outcomes[0]?.open} in all. *Not by
sampling*: of those proved by the run's end, what the frozen model did not prove under the same seed.

| arm | seeds | newly proved at ${tokens}k sampled tokens | at ${seconds} s of CPU time | in all, and not by sampling | held-out pass@1 | held-out pass@8 |
|---|---|--:|--:|--:|--:|--:|
${rows.map((row) => `| ${row} |`).join('\n')}

${comparisons(arms, byTokens, byCpu)}

![Newly proved problems against sampled tokens](sampledTokens.svg)

![Newly proved problems against CPU time of sampling and judging](cpuSeconds.svg)

### Sampling and judging at once

${busy(outcomes)}

### What became of the conjectures

${funnels(arms)}

### Runs

| run | open | digest of attempts and verdicts |
|---|--:|---|
${outcomes.map((o) => `| \`${o.command}\` | ${o.open} | \`${o.digest.slice(0, 16)}\` |`).join('\n')}
`;
}

function comparisons(
  arms: ReadonlyMap<string, readonly Outcome[]>,
  byTokens: ReadonlyMap<string, Proved>,
  byCpu: ReadonlyMap<string, Proved>,
): string {
  const ratio = (of: ReadonlyMap<string, Proved>, a: string, b: string) => {
    const [x, y] = [of.get(a)?.mean, of.get(b)?.mean];
    return x === undefined || y === undefined || y === 0 ? '–' : (x / y).toFixed(2);
  };
  const against = (arm: string, other: string) => {
    const [a, b] = [arms.get(arm), arms.get(other)];
    return a && b ? [`- ${arm} less ${other}, held-out pass@1: ${points(heldoutDifference(a, b, 1))}`] : [];
  };
  return [
    `- stp ÷ expert-iteration, newly proved: ${ratio(byTokens, 'stp', 'expert-iteration')} at equal tokens, ${ratio(byCpu, 'stp', 'expert-iteration')} at equal CPU time`,
    ...against('stp', 'expert-iteration'),
    ...against('expert-iteration', 'sampling'),
    ...against('stp+oreal-repo', 'stp+raft'),
    ...against('stp+oreal-paper', 'stp+raft'),
  ].join('\n');
}

function busy(outcomes: readonly Outcome[]): string {
  const shares = outcomes.flatMap(({ points }) => points.map((p) => p.busy)).sort((a, b) => a - b);
  const [least = Number.NaN, median = Number.NaN] = [shares[0], shares[shares.length >> 1]];
  return `Of ${shares.length} rounds: while proofs are sampled and judged, the busier of the two was at work ${(100 * median).toFixed(1)} % of the time in the median round, ${(100 * least).toFixed(1)} % in the worst.`;
}

function funnels(arms: ReadonlyMap<string, readonly Outcome[]>): string {
  const conjecturing = [...arms].filter(([, runs]) => runs.some((r) => (r.funnel.proposed ?? 0) > 0));
  const outcomes = [
    ...new Set(conjecturing.flatMap(([, runs]) => runs.flatMap((r) => Object.keys(r.funnel)))),
  ];
  const cell = (runs: readonly Outcome[], outcome: string) =>
    Math.round(runs.reduce((sum, r) => sum + (r.funnel[outcome] ?? 0), 0) / runs.length);
  return [
    `| mean of a run | ${conjecturing.map(([arm]) => arm).join(' | ')} |`,
    `|---|${conjecturing.map(() => '--:|').join('')}`,
    ...outcomes.map((o) => `| ${o} | ${conjecturing.map(([, runs]) => cell(runs, o)).join(' | ')} |`),
  ].join('\n');
}

const spread = (p: Proved | undefined) =>
  p === undefined ? '–' : `${p.mean.toFixed(1)} (${p.least.toFixed(0)} to ${p.most.toFixed(0)})`;
const number = (x: number) => (Number.isNaN(x) ? '–' : x.toFixed(1));
const percent = ({ estimate, low, high }: Estimate) =>
  `${(100 * estimate).toFixed(1)} % (${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)})`;
const points = ({ estimate, low, high }: Estimate) =>
  `${signed(estimate)} points (95 % ${signed(low)} to ${signed(high)})`;
const signed = (x: number) => `${x < 0 ? '−' : '+'}${Math.abs(100 * x).toFixed(1)}`;
