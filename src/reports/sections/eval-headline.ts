/** pass@k with both uncertainties, its curves, and the families of problems. */

import { MOST_FAULTS } from '../../evaluation/headline.ts';
import { isFixedList } from '../../evaluation/settings.ts';
import { section, table } from '../elements.ts';
import { curvePlot, problemRatePlot, tokenPlot } from '../eval-charts.ts';
import type { EvalPassAtK, EvalReport } from '../eval-data.ts';
import { percent, whole } from '../format.ts';
import { type Content, html } from '../markup.ts';
import { range } from '../opening.ts';

export function headlineSection(report: EvalReport): Content {
  const { settings, withheld } = report;
  const how = settings.adaptive
    ? `Attempts stopped at a problem’s first proof, so only “any of ${settings.samples}” is reported.`
    : 'Unbiased estimate (1 − C(n−c,k)/C(n,k), averaged over all problems); repeated attempts count.';
  return section(
    'headline',
    'pass@k',
    html`<p>${how} The interval says how far the figure would move with other problems of the kind; the spread, where there are enough attempts, how far it moves with other attempts at these.</p>`,
    isFixedList(settings)
      ? html`<p>The policy is a fixed list of tactics, tried in order: pass@k is the chance that k of them, drawn from the list, hold a proof, and other attempts would be the same ones, so there is no spread.</p>`
      : null,
    withheld === null ? null : html`<p class="notice">${withheld}</p>`,
    table(
      'pass@k, two uncertainties named',
      [
        { name: 'k' },
        { name: 'estimate', numeric: true },
        { name: '95 % over problems', numeric: true },
        { name: 'by' },
        { name: 'spread over attempts', numeric: true },
        { name: 'faults leave open', numeric: true },
      ],
      report.passAtK.map((row) => [
        row.k,
        row.estimate === null ? 'withheld' : percent(row.estimate),
        row.estimate === null ? '–' : range(row),
        METHODS[row.method],
        spreadOf(row),
        row.faultLow === row.faultHigh ? 'nothing' : range({ low: row.faultLow, high: row.faultHigh }),
      ]),
    ),
    html`<div class="columns" style="margin-top:2.25rem">${curvePlot(report)}${tokenPlot(report)}${problemRatePlot(report)}<div class="block">${families(report)}</div></div>`,
  );
}

const METHODS: Readonly<Record<EvalPassAtK['method'], string>> = {
  wilson: 'Wilson',
  bootstrap: 'bootstrap',
  'fault-bounds': 'fault bounds',
};

function spreadOf({ spread, estimate }: EvalPassAtK): string {
  return spread === null || estimate === null ? '–' : `± ${percent(spread.sd)} (${spread.blocks} blocks)`;
}

function families({ families: rows, faultRate }: EvalReport): Content {
  if (rows.length < 2) return null;
  return table(
    'By family',
    [
      { name: 'family' },
      { name: 'solved', numeric: true },
      { name: 'problems', numeric: true },
      { name: 'pass@1', numeric: true },
    ],
    rows
      .slice(0, 20)
      .map((f) => [
        f.family,
        whole(f.solved),
        whole(f.problems),
        f.passAt1 === null || faultRate > MOST_FAULTS ? '–' : percent(f.passAt1),
      ]),
  );
}
