/** Learning: what each update learned from, its loss, and the run round by round. */
import { lossPlot } from '../charts.ts';
import { section, table } from '../elements.ts';
import { decimal, duration, whole } from '../format.ts';
import { type Content, html } from '../markup.ts';
import { estimate, range } from '../opening.ts';
import type { RunReport } from '../report-data.ts';

export function learningSection(report: RunReport): Content {
  const { updates } = report;
  return section(
    'learning',
    'Learning',
    updates.length === 0
      ? html`<p class="empty">No update in this run.</p>`
      : html`<p>Judged attempts became signed weights: proofs are made likelier, failures less likely, kept conjectures likelier.</p>`,
    html`<div class="columns">${lossPlot(report)}${
      updates.length > 0 &&
      html`<div class="block">${table(
        'Updates',
        [
          { name: 'round' },
          { name: 'objective' },
          { name: 'proofs', numeric: true },
          { name: 'failures', numeric: true },
          { name: 'conjectures', numeric: true },
          { name: 'loss', numeric: true },
        ],
        updates.map((u) => [
          u.round,
          html`<span class="n">${u.objective}</span>`,
          whole(u.positives),
          whole(u.negatives),
          whole(u.conjectures),
          `${decimal(u.firstLoss)} → ${decimal(u.lastLoss)}`,
        ]),
      )}</div>`
    }</div>`,
    html`<div style="margin-top:2.25rem">${roundsTable(report)}</div>`,
  );
}

function roundsTable({ rounds }: RunReport): Content {
  return table(
    'Rounds',
    [
      { name: 'round' },
      { name: 'policy' },
      { name: 'attempts', numeric: true },
      { name: 'proved', numeric: true },
      { name: 'new', numeric: true },
      { name: 'proposed', numeric: true },
      { name: 'kept', numeric: true },
      { name: 'held-out pass@1', numeric: true },
      { name: 'time', numeric: true },
    ],
    rounds.map((r) => [
      r.round === 0 ? '0 (start)' : r.round,
      html`<span class="n"><code>${r.policyVersion}</code></span>`,
      whole(r.attempts),
      whole(r.proved),
      whole(r.newlyProved),
      whole(r.proposed),
      whole(r.kept),
      r.passAt1 ? html`${estimate(r.passAt1)} <span class="range">${range(r.passAt1)}</span>` : '–',
      duration(r.seconds),
    ]),
  );
}
