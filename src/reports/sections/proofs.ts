/** Proofs: pass rates, verdicts, the theorems first proved in this run, reasons of failure, axioms. */
import { passRatePlot, verdictPlot } from '../charts.ts';
import { section, table, theoremList } from '../elements.ts';
import { proofLengthPlot } from '../eval-charts.ts';
import { whole } from '../format.ts';
import { type Content, html } from '../markup.ts';
import type { RunReport, Theorem } from '../report-data.ts';

export function proofsSection(report: RunReport): Content {
  const { newlyProved, reasons, axioms } = report;
  return section(
    'proofs',
    'Proofs',
    html`<p>Every verdict is the proof assistant’s own, kernel check included. Theorems below had no proof before this run; each is shown with the shortest it found, and with how many of its attempts succeeded.</p>`,
    html`<div class="columns">${passRatePlot(report)}${verdictPlot(report)}</div>`,
    theoremList(
      `Newly proved (${whole(newlyProved.length)}), hardest first`,
      newlyProved.toSorted(hardestFirst),
    ),
    html`<div class="columns" style="margin-top:2.25rem">${proofLengthPlot(report)}
<div class="block">${
      axioms.length > 0 &&
      table(
        'Axioms under the accepted proofs',
        [{ name: 'axiom' }, { name: 'proofs', numeric: true }],
        axioms.map(({ axiom, proofs }) => [html`<code>${axiom}</code>`, whole(proofs)]),
      )
    }</div></div>`,
    reasons.length > 0 &&
      html`<div style="margin-top:2.25rem">${table(
        'Commonest reasons of failure',
        [{ name: 'reason' }, { name: 'verdict' }, { name: 'attempts', numeric: true }],
        reasons.map(({ reason, verdict, count }) => [html`<code>${reason}</code>`, verdict, whole(count)]),
      )}</div>`,
  );
}

/** By pass rate, then the longer proof: what took most finding comes first. */
function hardestFirst(a: Theorem, b: Theorem): number {
  return a.proved / a.judged - b.proved / b.judged || b.proof.length - a.proof.length;
}
