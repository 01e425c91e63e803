/** The top of the page: what the run did, in two sentences and four numbers. */
import { decimal, duration, percent, plural, points, whole } from './format.ts';
import { type Content, type Html, html } from './markup.ts';
import type { PassAtKRow, RunReport } from './report-data.ts';

export function opening(report: RunReport): Html {
  return html`<header>
<p class="brand">Lakatos · self-play report</p>
<h1>${report.run.id}</h1>
<p class="when"><time datetime="${report.run.startedAt}">${date(report.run.startedAt)}</time> · ${report.provenance.toolchain}</p>
<p class="lead">${lead(report)}</p>
${tiles(report)}
${alarmNotice(report)}
</header>`;
}

function lead(report: RunReport): Content {
  const attempts = sum(report.rounds.map((r) => r.attempts));
  const proved = sum(report.rounds.map((r) => r.proved));
  const { roundsDone } = report.run;
  return [
    html`In ${plural(roundsDone, 'round')} and ${duration(report.cost.seconds)} the model wrote ${plural(report.funnel[0]?.count ?? 0, 'conjecture')}, of which <strong>${whole(report.kept.length)}</strong> were barely provable and kept, and tried ${plural(attempts, 'proof')}: the kernel accepted <strong>${whole(proved)}</strong>, among them the first proofs of <strong>${plural(report.newlyProved.length, 'theorem')}</strong>. `,
    heldOutSentence(report),
  ];
}

export function heldOutSentence({ evaluation }: RunReport): Content {
  const { before, after, comparison } = evaluation ?? {};
  const [from, to] = [passAt1(before), passAt1(after)];
  if (!before || !from) return 'Nothing has been evaluated on held-out problems yet.';
  const problems = plural(before.problems, 'held-out problem');
  const withheld = [before, after].find((side) => side?.withheld);
  if (withheld) return `On ${problems} pass@1 ${when(withheld)} is withheld: ${withheld.withheld}.`;
  if (!to) return `On ${problems} its pass@1 is ${estimate(from)}; no update has been evaluated yet.`;
  const moved = `On ${problems} pass@1 went from ${estimate(from)} to ${estimate(to)}`;
  if (!comparison) return `${moved}.`;
  return comparison.distinct
    ? `${moved}, a difference that chance in the choice of problems does not explain.`
    : `${moved}, which is within what chance in the choice of problems explains.`;
}

function alarmNotice({ alarms }: RunReport): Content {
  const rounds = [...new Set(alarms.map((a) => a.round))];
  if (rounds.length === 0) return null;
  return html`<p class="notice" style="margin-top:1.75rem">The run raised an alarm in round ${rounds.join(', ')}: see <a href="#drift">round by round</a>.</p>`;
}

function tiles(report: RunReport): Html {
  const { evaluation, newlyProved, kept, cost } = report;
  const latest = passAt1(evaluation?.after ?? evaluation?.before);
  const change = evaluation?.comparison?.difference;
  const tile = (figure: string, label: string, extra: string) =>
    html`<div><dt>${label}</dt><dd class="figure">${figure}</dd><dd class="extra">${extra}</dd></div>\n`;
  return html`<dl class="tiles">
${tile(
  latest ? estimate(latest) : '–',
  'held-out pass@1',
  latest ? `${uncertainty(latest)}${change === undefined ? '' : `; ${points(change)}`}` : 'not evaluated yet',
)}${tile(whole(newlyProved.length), 'newly proved theorems', secondsEach(cost.secondsPerNewProof))}${tile(
  whole(kept.length),
  'conjectures kept',
  `of ${whole(report.funnel[0]?.count ?? 0)} proposed`,
)}${tile(whole(cost.verdicts), 'verdicts', `${decimal(cost.verdictsPerSecond)} a second`)}</dl>`;
}

const secondsEach = (seconds: number | null) =>
  seconds === null ? 'none in this run' : `${duration(seconds)} each, all told`;

/** Which policy was evaluated. */
export const when = ({ round }: { readonly round: number }): string =>
  round === 0 ? 'before' : `after round ${round}`;

/** "13.1 %", or "withheld" */
export const estimate = ({ estimate: value }: Pick<PassAtKRow, 'estimate'>): string =>
  value === null ? 'withheld' : percent(value);

/** "95 % 10.2–15.9 %", or what faults leave open. */
export const uncertainty = (row: PassAtKRow): string =>
  row.estimate === null ? `faults leave open ${range(row)}` : `95\u00a0% ${range(row)}`;

/** "10.2–15.9 %" */
export function range({ low, high }: { readonly low: number; readonly high: number }): string {
  return `${percent(low).slice(0, -2)}–${percent(high)}`;
}

function passAt1(
  side: { readonly passAtK: readonly PassAtKRow[] } | null | undefined,
): PassAtKRow | undefined {
  return side?.passAtK.find((row) => row.k === 1);
}

/** "23 November 2026, 17:15 UTC" */
export function date(iso: string): string {
  const format = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });
  return `${format.format(new Date(iso)).replace(' at ', ', ')} UTC`;
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
