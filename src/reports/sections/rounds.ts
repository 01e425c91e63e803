/** A run from round to round: a small plot for each number that is watched, what was found alarming, and notes. */
import { seriesPlot } from '../charts.ts';
import { facts, section } from '../elements.ts';
import { type Content, html } from '../markup.ts';
import type { RunReport } from '../report-data.ts';
import { latestText, seriesTitle } from '../series-text.ts';

export function roundsSection({ series, alarms, notes }: RunReport): Content {
  const moving = series.filter((s) => s.members.some(({ points }) => points.length > 1));
  const still = series.filter((s) => !moving.includes(s) && !s.counted);
  if (moving.length + still.length + alarms.length + notes.length === 0) return null;
  const said = (style: string) => (about: RunReport['notes'][number]) =>
    html`<p class="${style}">Round ${about.round}: ${about.text}</p>\n`;
  return section(
    'drift',
    'Round by round',
    html`<p>Diversity and drift: how what the model writes, and what becomes of it, moves over the rounds. The larger figure is the latest.</p>`,
    alarms.map(said('notice')),
    notes.map(said('verdict')),
    moving.length > 0 && html`<div class="multiples">${moving.map(seriesPlot)}</div>`,
    still.length > 0 && facts(still.map((s) => [seriesTitle(s), latestText(s)])),
  );
}
