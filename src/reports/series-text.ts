/** Names and values of series over rounds, in words. */
import { decimal, percent } from './format.ts';
import type { RunReport } from './report-data.ts';

export type Series = RunReport['series'][number];

const TITLES: Readonly<Record<string, string>> = {
  provedShare: 'Attempts proved',
  elaboratesShare: 'Conjectures that elaborate',
  novelShare: 'Conjectures that are new',
  keptShare: 'Conjectures kept',
};

/** `conclusionChars` reads "Conclusion chars". */
export function seriesTitle({ name, counted }: Series): string {
  const words = name
    .replace(/(?<=[a-z])(?=[A-Z\d])|(?<=\d)(?=[A-Z])/g, ' ')
    .replace(/[_-]+/g, ' ')
    .toLowerCase();
  return (counted ? TITLES[name] : undefined) ?? words.charAt(0).toUpperCase() + words.slice(1);
}

/** Shares as per cents, the rest as they are. */
export function valueText({ name, members }: Series, value: number): string {
  const fractions = members.every(({ points }) => points.every((p) => p.value >= 0 && p.value <= 1));
  return fractions && /(share|rate|histogram)$/i.test(name) ? percent(value) : decimal(value);
}

/** The latest value, of each member where there are several. */
export function latestText(series: Series): string {
  return series.members
    .map(({ label, points }) => {
      const last = points.at(-1);
      const value = last === undefined ? '–' : valueText(series, last.value);
      return label === '' ? value : `${label} ${value}`;
    })
    .join(', ');
}

/** "38 in round 1, 35–41 since": where it began and how far it went. */
export function courseText(series: Series): string {
  const points = series.members.flatMap((m) => m.points);
  const [first, values] = [points[0], points.map((p) => p.value)];
  if (first === undefined) return '';
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return `${valueText(series, first.value)} in round ${first.round}; ${valueText(series, low)} to ${valueText(series, high)}`;
}
