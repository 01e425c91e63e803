/** Held-out problems: pass@k before and after with intervals, what was gained and lost, and how sure that is. */
import { passAtKPlot } from '../charts.ts';
import { section, table, theoremList } from '../elements.ts';
import { plural, points } from '../format.ts';
import { type Content, html } from '../markup.ts';
import { estimate, range, when } from '../opening.ts';
import type { EvaluationSide, PassAtKRow, RunReport } from '../report-data.ts';

export function evaluationSection(report: RunReport): Content {
  const { evaluation } = report;
  if (evaluation === null) return null;
  const { before, after, comparison } = evaluation;
  return section(
    'evaluation',
    'Held-out problems',
    html`<p>${plural(before.problems, 'problem')} of ${report.provenance.dataset} that nothing ever learns from${after ? ', the same before and after' : ''}. pass@k is the unbiased estimate, averaged over all of them.</p>`,
    faultNotice([before, ...(after ? [after] : [])]),
    html`<div class="columns">${passAtKPlot(report)}<div class="block">${passAtKTable(before, after)}</div></div>`,
    comparison &&
      html`<p class="verdict" style="margin-top:1.5rem">Pass rates moved by ${points(comparison.difference)} on average (paired, 95\u00a0% ${points(comparison.low).replace(' points', '')} to ${points(comparison.high)}). ${comparison.gained.length} gained, ${comparison.lost.length} lost; exact McNemar p = ${pValue(comparison.pValue)}.</p>`,
    theoremList('Gained since the first evaluation', comparison?.gained ?? []),
    theoremList('Lost since the first evaluation, with the earlier proof', comparison?.lost ?? []),
  );
}

function passAtKTable(before: EvaluationSide, after: EvaluationSide | null): Content {
  const cell = (row: PassAtKRow | undefined) =>
    row ? html`${estimate(row)} <span class="range">${range(row)}</span>` : '–';
  const solved = (side: EvaluationSide) => `${side.solved} of ${side.problems}`;
  const at = (k: number) => after?.passAtK.find((row) => row.k === k);
  return table(
    'pass@k with 95 % intervals over problems',
    [
      { name: 'k' },
      { name: when(before), numeric: true },
      ...(after ? [{ name: 'after', numeric: true }] : []),
    ],
    [
      ...before.passAtK.map((row) => [row.k, cell(row), ...(after ? [cell(at(row.k))] : [])]),
      ['solved', solved(before), ...(after ? [solved(after)] : [])],
    ],
  );
}

/** A fault is neither right nor wrong; a reader must know how many there were, and what they leave open. */
function faultNotice(sides: readonly EvaluationSide[]): Content {
  const faults = sides.reduce((total, side) => total + side.faults, 0);
  if (faults === 0) return null;
  const withheld = sides.flatMap((side) =>
    side.withheld === null
      ? []
      : html` pass@k ${when(side)} is withheld: ${side.withheld}. Its ranges are what it would be had all of them failed, or all been proofs; there is no comparison.`,
  );
  return html`<p class="notice">${plural(faults, 'attempt')} ended in a checker fault and ${faults === 1 ? 'counts' : 'count'} neither way.${withheld}</p>`;
}

const pValue = (p: number) => (p < 0.001 ? p.toExponential(1) : p.toFixed(3));
