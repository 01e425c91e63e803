/** report.html of an evaluation: its opening and its sections in order. Pure: the same figures give the same page. */
import { MOST_FAULTS } from '../evaluation/headline.ts';
import type { EvalReport } from './eval-data.ts';
import { duration, percent, plural, whole } from './format.ts';
import { type Content, type Html, html } from './markup.ts';
import { date, range } from './opening.ts';
import { pageFooter, renderPage } from './page.ts';
import { checksSection } from './sections/eval-checks.ts';
import { evalCostSection, evalProvenanceSection } from './sections/eval-cost.ts';
import { failuresSection } from './sections/eval-failures.ts';
import { headlineSection } from './sections/eval-headline.ts';
import { comparisonSection, solvedSection } from './sections/eval-solved.ts';

const SECTIONS: readonly (readonly [id: string, title: string, render: (report: EvalReport) => Content])[] = [
  ['headline', 'pass@k', headlineSection],
  ['comparison', 'Against before', comparisonSection],
  ['solved', 'Solved', solvedSection],
  ['failures', 'Failures', failuresSection],
  ['checks', 'What to doubt', checksSection],
  ['cost', 'Cost', evalCostSection],
  ['provenance', 'Provenance', evalProvenanceSection],
];

export function renderEvalReport(report: EvalReport): string {
  return renderPage({
    title: `${report.id} · Lakatos`,
    opening: evalOpening(report),
    sections: SECTIONS.map(([id, title, content]) => ({ id, title, content: content(report) })),
    footer: pageFooter(report.id),
  });
}

function evalOpening(report: EvalReport): Html {
  const { settings, provenance } = report;
  return html`<header>
<p class="brand">Lakatos · evaluation</p>
<h1>${settings.dataset.name} ${settings.dataset.split}${settings.profile === 'full' ? '' : `, ${settings.profile} part`}</h1>
<p class="when"><time datetime="${report.startedAt}">${date(report.startedAt)}</time> · ${settings.policy.uri} · ${provenance.toolchain}</p>
<p class="lead">${lead(report)}</p>
${tiles(report)}
</header>`;
}

function lead(report: EvalReport): Content {
  const { settings, problems, excluded, solved, attempts } = report;
  const part =
    excluded === 0
      ? 'all of them'
      : `the ${whole(problems)} of ${whole(problems + excluded)} that elaborate here`;
  return [
    html`The policy made ${plural(settings.samples, 'attempt')} at each of ${plural(problems, 'problem')}, ${part}${settings.adaptive ? ', fewer where the first ones held a proof' : ''}: ${plural(attempts, 'attempt')} in all. <strong>${whole(solved)}</strong> ${solved === 1 ? 'problem has' : 'problems have'} a proof that the kernel accepted. `,
    report.faultRate > MOST_FAULTS
      ? 'The headline is withheld: too many attempts ended in a checker fault.'
      : sentenceOf(report),
  ];
}

function sentenceOf({ passAtK }: EvalReport): Content {
  const row = passAtK.find(({ estimate }) => estimate !== null);
  if (row === undefined || row.estimate === null) return null;
  return `pass@${row.k} is ${percent(row.estimate)}, 95\u00a0% ${range(row)} over problems.`;
}

function tiles(report: EvalReport): Html {
  const { passAtK, cost, problems, excluded, solved } = report;
  const [first, last] = [passAtK[0], passAtK.length > 1 ? passAtK.at(-1) : undefined];
  const tile = (figure: string, label: string, extra: string) =>
    html`<div><dt>${label}</dt><dd class="figure">${figure}</dd><dd class="extra">${extra}</dd></div>\n`;
  const rate = (row: typeof first) =>
    row === undefined
      ? null
      : tile(
          row.estimate === null ? 'withheld' : percent(row.estimate),
          `pass@${row.k}`,
          row.estimate === null ? `between ${range(row)}` : `95\u00a0% ${range(row)}`,
        );
  return html`<dl class="tiles">
${rate(first)}${rate(last)}${tile(`${whole(solved)}`, `solved of ${whole(problems)}`, excluded === 0 ? 'none left out' : `${whole(excluded)} left out`)}${tile(
  duration(cost.sampleSeconds + cost.judgeSeconds),
  'sampling and judging',
  cost.secondsPerSolved === null ? 'nothing solved' : `${duration(cost.secondsPerSolved)} a solved problem`,
)}</dl>`;
}
