/** The page's tables and lists, each from the outcomes it is given. Pure. */
import {
  beyond,
  byArm,
  type Cost,
  commonCost,
  costsOf,
  type Estimate,
  heldoutDifference,
  heldoutOf,
  type Proved,
  provedByArm,
  shareByRound,
  variantProved,
  variantsOf,
} from './figures.ts';
import type { Outcome } from './outcome.ts';

const AT: Readonly<Record<Cost, (spent: number) => string>> = {
  sampledTokens: (spent) => `at ${Math.round(spent / 1000)}k sampled tokens`,
  cpuSeconds: (spent) => `at ${Math.round(spent)} s of CPU time`,
  judgingSeconds: (spent) => `at ${Math.round(spent)} s of judging`,
};

/** One row an arm. */
export function arms(outcomes: readonly Outcome[]): string {
  const all = byArm(outcomes);
  const costs = costsOf(outcomes);
  const proved = costs.map((cost) => provedByArm(outcomes, cost));
  return table(
    [
      'arm',
      'seeds',
      ...costs.map((cost, i) => `${i === 0 ? 'newly proved ' : ''}${AT[cost](commonCost(outcomes, cost))}`),
      'in all, and not by sampling',
      'held-out pass@1',
      'held-out pass@8',
    ],
    [...all].map(([arm, runs]) => [
      arm,
      runs.map((r) => r.seed).join(', '),
      ...proved.map((of) => spread(of.get(arm))),
      number(beyond(runs, all.get('sampling') ?? [])),
      percent(heldoutOf(runs, 1)),
      percent(heldoutOf(runs, 8)),
    ]),
    2,
  );
}

export function comparisons(outcomes: readonly Outcome[]): string {
  const all = byArm(outcomes);
  const ratio = (cost: Cost, a: string, b: string) => {
    const of = provedByArm(outcomes, cost);
    const [x, y] = [of.get(a)?.mean, of.get(b)?.mean];
    return x === undefined || y === undefined || y === 0 ? '–' : (x / y).toFixed(2);
  };
  const against = (arm: string, other: string) => {
    const [a, b] = [all.get(arm), all.get(other)];
    return a && b ? [`- ${arm} less ${other}, held-out pass@1: ${points(heldoutDifference(a, b, 1))}`] : [];
  };
  const ratios = costsOf(outcomes).map(
    (cost) => `${ratio(cost, 'stp', 'expert-iteration')} ${AT[cost](commonCost(outcomes, cost))}`,
  );
  return [
    `- stp ÷ expert-iteration, newly proved: ${ratios.join(', ')}`,
    ...against('stp', 'expert-iteration'),
    ...against('expert-iteration', 'sampling'),
    ...against('stp', 'stp+raft'),
    ...against('stp+oreal-repo', 'stp+raft'),
    ...against('stp+oreal-paper', 'stp+raft'),
  ].join('\n');
}

/** One row an arm, one column a round. */
export function rounds(outcomes: readonly Outcome[]): string {
  const shares = [...byArm(outcomes)].map(([arm, runs]) => ({ arm, byRound: shareByRound(runs) }));
  const most = Math.max(...shares.map(({ byRound }) => byRound.length));
  const columns = Array.from({ length: most }, (_, i) => i);
  return table(
    ['arm', ...columns.map((i) => `round ${i + 1}`)],
    shares.map(({ arm, byRound }) => [
      arm,
      ...columns.map((i) => {
        const share = byRound[i];
        return share === undefined ? '–' : `${(100 * share).toFixed(1)} %`;
      }),
    ]),
    1,
  );
}

export function variants(outcomes: readonly Outcome[]): string {
  const all = variantsOf(outcomes);
  if (all.length === 0) return 'None was played.';
  return table(
    ['variant', 'of', 'seeds', 'newly proved', 'by the arm itself', 'held-out pass@1, less the arm'],
    all.map((variant) => {
      const { name, arm, runs, against } = variant;
      if (runs.length === 0) return [name, arm, 'none in common', '–', '–', '–'];
      const { spent, variant: own, arm: other } = variantProved(variant, 'sampledTokens');
      return [
        name,
        arm,
        runs.map((r) => r.seed).join(', '),
        `${number(own)} ${AT.sampledTokens(spent)}`,
        number(other),
        points(heldoutDifference(runs, against, 1)),
      ];
    }),
    3,
  );
}

export function busy(outcomes: readonly Outcome[]): string {
  const shares = outcomes.flatMap(({ points }) => points.flatMap((p) => p.busy ?? [])).sort((a, b) => a - b);
  const [least = Number.NaN, median = Number.NaN] = [shares[0], shares[shares.length >> 1]];
  return `Of ${shares.length} rounds: while proofs are sampled and judged, the busier of the two was at work ${(100 * median).toFixed(1)} % of the time in the median round, ${(100 * least).toFixed(1)} % in the worst.`;
}

export function funnels(outcomes: readonly Outcome[]): string {
  const conjecturing = [...byArm(outcomes)].filter(([, runs]) =>
    runs.some((r) => (r.funnel.proposed ?? 0) > 0),
  );
  const stages = [...new Set(conjecturing.flatMap(([, runs]) => runs.flatMap((r) => Object.keys(r.funnel))))];
  const cell = (runs: readonly Outcome[], stage: string) =>
    `${Math.round(runs.reduce((sum, r) => sum + (r.funnel[stage] ?? 0), 0) / runs.length)}`;
  return table(
    ['mean of a run', ...conjecturing.map(([arm]) => arm)],
    stages.map((stage) => [stage, ...conjecturing.map(([, runs]) => cell(runs, stage))]),
    1,
  );
}

export const runs = (outcomes: readonly Outcome[]): string =>
  table(
    ['run', 'open', 'digest of attempts and verdicts'],
    outcomes.map((o) => [`\`${o.command}\``, `${o.open}`, `\`${o.digest.slice(0, 16)}\``]),
    1,
  );

/** @param texts so many first columns are text, the others are figures */
function table(head: readonly string[], rows: readonly (readonly string[])[], texts: number): string {
  const rule = head.map((_, i) => (i < texts ? '---' : '--:'));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const spread = (p: Proved | undefined) =>
  p === undefined ? '–' : `${p.mean.toFixed(1)} (${p.least.toFixed(0)} to ${p.most.toFixed(0)})`;
const number = (x: number) => (Number.isNaN(x) ? '–' : x.toFixed(1));
const percent = ({ estimate, low, high }: Estimate) =>
  Number.isNaN(estimate)
    ? '–'
    : `${(100 * estimate).toFixed(1)} % (${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)})`;
const points = ({ estimate, low, high }: Estimate) =>
  Number.isNaN(estimate) ? '–' : `${signed(estimate)} points (95 % ${signed(low)} to ${signed(high)})`;
const signed = (x: number) => `${x < 0 ? '−' : '+'}${Math.abs(100 * x).toFixed(1)}`;
