/** The problems that were solved, each with its statement, shortest proof and axioms; and what changed since before. */

import { section, table, theoremList } from '../elements.ts';
import { proofLengthPlot } from '../eval-charts.ts';
import type { EvalComparison, EvalReport, EvalResult } from '../eval-data.ts';
import { plural, points, whole } from '../format.ts';
import { type Content, html } from '../markup.ts';
import type { Theorem } from '../report-data.ts';

/** Solved problems written out; the rest is in report.json. */
const SHOWN = { items: 500, bytes: 1_800_000 };

export function solvedSection(report: EvalReport): Content {
  const solved = report.results.filter((r) => r.c > 0);
  return section(
    'solved',
    'Solved',
    html`<p>Each with its shortest accepted proof. Every verdict is the proof assistant’s own, kernel check and axiom audit included. Axioms are those that a proof uses itself; what lies under lemmas of the library is counted where the checker can see it, and the embedded Lean’s library comes without its proofs.</p>`,
    solved.length === 0 ? html`<p class="empty">No problem was solved.</p>` : null,
    theoremList(
      `Solved (${whole(solved.length)}), hardest first`,
      solved.toSorted(hardestFirst).map(theorem),
      SHOWN,
    ),
    html`<div class="columns" style="margin-top:2.25rem">${proofLengthPlot(report)}<div class="block">${axiomTable(report)}</div></div>`,
  );
}

function axiomTable({ axioms, proofsWithoutAxioms }: EvalReport): Content {
  if (axioms.length === 0 && proofsWithoutAxioms === 0) return null;
  return table(
    'Axioms that accepted proofs use',
    [{ name: 'axiom' }, { name: 'proofs', numeric: true }],
    [
      ...axioms.map(({ axiom, proofs }) => [html`<code>${axiom}</code>`, whole(proofs)]),
      ['none directly', whole(proofsWithoutAxioms)],
    ],
  );
}

const hardestFirst = (a: EvalResult, b: EvalResult) => a.c / a.n - b.c / b.n || (a.name < b.name ? -1 : 1);

function theorem({ id, name, statement, proof, n, c }: EvalResult): Theorem {
  return {
    id,
    name,
    statement,
    proof: proof?.text ?? '',
    axioms: [...(proof?.axioms ?? [])],
    round: 0,
    proved: c,
    judged: n,
  };
}

export function comparisonSection({ comparison }: EvalReport): Content {
  if (comparison === null) return null;
  return section(
    'comparison',
    'Against before',
    html`<p>Held against ${comparison.before}, problem by problem, on ${plural(comparison.problems, 'problem')} that both judged.</p>`,
    comparison.differences.length === 0
      ? null
      : html`<p class="notice">Compared on request although ${comparison.differences.join('; ')}.</p>`,
    html`<p class="verdict">${comparison.sentence} ${comparisonFigures(comparison)}</p>`,
    comparison.notes.map((note) => html`<p>${note}</p>`),
    flips('Gained', comparison.gained),
    flips('Lost, with the earlier proof', comparison.lost),
  );
}

export function comparisonFigures({
  measure,
  difference,
  low,
  high,
  pValue,
}: Omit<EvalComparison, 'sentence'>): string {
  const bounds = `${points(low).replace(' points', '')} to ${points(high)}`;
  const p = pValue < 0.001 ? pValue.toExponential(1) : pValue.toFixed(3);
  const moved =
    measure === 'solved'
      ? `The share of solved problems moved by ${points(difference)}`
      : `Pass rates moved by ${points(difference)} on average`;
  return `${moved} (paired bootstrap, 95\u00a0% ${bounds}); exact McNemar p = ${p}.`;
}

function flips(title: string, problems: EvalComparison['gained']): Content {
  return theoremList(
    `${title} (${whole(problems.length)})`,
    problems.map(({ name, hash, statement, n, c, proof }) => ({
      id: hash,
      name,
      statement,
      proof: proof?.text ?? '',
      axioms: proof?.axioms ?? [],
      round: 0,
      proved: c,
      judged: n,
    })),
  );
}
