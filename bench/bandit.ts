/**
 * Does each objective move a prompt as far as its formula says? Writes bench/results/bandit.json and bandit.svg.
 *
 *   node bench/bandit.ts
 */
import { writeFileSync } from 'node:fs';
import { OBJECTIVE_NAMES } from '../src/objectives/index.ts';
import { CLOSED_FORMS } from './bandit/closed-forms.ts';
import { deviation, ENOUGH_GROUPS, LOGITS, runBandit } from './bandit/experiment.ts';
import { plotBandit } from './bandit/plot.ts';

const settings = {
  seed: 1,
  passRates: Array.from({ length: 19 }, (_, i) => (i + 1) / 20),
  groups: 1000,
  attempts: 16,
};
const result = runBandit(settings);
const points = OBJECTIVE_NAMES.flatMap((name) => result[name].map((point) => ({ name, ...point })));
const judged = points.filter((point) => deviation(point) !== null);
const furthest = judged.reduce((most, point) => (point.acrossZ > most.acrossZ ? point : most));
const deviations = judged.map((point) => deviation(point) ?? 0);
const summary = {
  command: 'node bench/bandit.ts',
  settings,
  points: { all: points.length, judged: judged.length, activeGroupsNeeded: ENOUGH_GROUPS },
  standardErrorsOff: {
    alongGradP: round(Math.max(...deviations)),
    across: round(furthest.acrossZ),
    // Of as many independent normal errors; across ∇p each point has one of every logit, and shows the largest.
    expectedMaximum: {
      alongGradP: round(expectedMaximum(judged.length)),
      across: round(expectedMaximum(judged.length * LOGITS.length)),
    },
    furthestAcross: { objective: furthest.name, p: round(furthest.p), again: again(furthest) },
  },
  shareWithinTwoStandardErrors: round(deviations.filter((z) => z <= 2).length / deviations.length),
  medianRelativeStandardError: round(median(judged.map((x) => x.standardError / x.expected))),
  objectives: Object.fromEntries(
    OBJECTIVE_NAMES.map((name) => {
      const { formula, per, given } = CLOSED_FORMS[name];
      return [name, { formula, per, given, points: points.filter((x) => x.name === name).map(rounded) }];
    }),
  ),
};
// One line a point.
const json = JSON.stringify(summary, null, 1).replace(/[[{][^{}[\]]*[}\]]/g, (leaf) =>
  leaf.replace(/\s+/g, ' '),
);
writeFileSync('bench/results/bandit.json', `${json}\n`);
writeFileSync('bench/results/bandit.svg', plotBandit(result, settings.attempts));
const { objectives: _, ...headline } = summary;
console.log(JSON.stringify(headline, null, 1));

/**
 * The same point with another seed and twenty times the groups: chance is as far off as any other, while a bias would be
 * √20 times as many standard errors off.
 */
function again({ name, p }: (typeof points)[number]) {
  const more = { seed: settings.seed + 1, groups: 20 * settings.groups };
  const [point] = runBandit({ ...settings, ...more, passRates: [p] })[name];
  return { ...more, across: round(point?.acrossZ ?? Number.NaN) };
}

/** Mean of the largest of n independent |Z|: ∫ 1 − F(x)ⁿ dx, F the distribution of |Z|. */
function expectedMaximum(n: number): number {
  const dx = 1e-3;
  let [mean, below] = [0, 0];
  for (let x = dx / 2; x < 10; x += dx) {
    below += Math.sqrt(2 / Math.PI) * Math.exp((-x * x) / 2) * dx;
    mean += (1 - Math.min(1, below) ** n) * dx;
  }
  return mean;
}

function rounded({ name: _, ...point }: (typeof points)[number]) {
  return Object.fromEntries(Object.entries(point).map(([key, value]) => [key, round(value)]));
}
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
function round(value: number): number {
  return Number(value.toPrecision(5));
}
