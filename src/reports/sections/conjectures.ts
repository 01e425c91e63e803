/** Conjectures: the funnel, why the others fell out, and a card for each that was kept. */
import type { ScreenOutcome, SelectOutcome } from '../../ledger/records.ts';
import { funnelPlot } from '../charts.ts';
import { axiomList, cut, moreInReport, passRate, section, table } from '../elements.ts';
import { percent, whole } from '../format.ts';
import { type Content, type Html, html } from '../markup.ts';
import type { Conjecture, RunReport } from '../report-data.ts';

/** Cards written out; the rest is in report.json. */
const SHOWN = 24;

export function conjecturesSection(report: RunReport): Content {
  if ((report.funnel[0]?.count ?? 0) === 0) return null;
  const { kept } = report;
  return section(
    'conjectures',
    'Conjectures',
    html`<p>Written by the model from a proved seed theorem and a lemma its proof uses; screened by the checker; tried by the prover. Those it can barely prove are kept and learned from.</p>`,
    html`<div class="columns">${funnelPlot(report)}<div class="block">${droppedTable(report)}</div></div>`,
    kept.length === 0
      ? html`<p class="empty">No conjecture was kept in this run.</p>`
      : html`<div class="cards">${kept.slice(0, SHOWN).map(card)}</div>`,
    moreInReport(kept.length - SHOWN),
  );
}

type Reason = Exclude<ScreenOutcome, 'kept'> | Exclude<SelectOutcome, 'selected'> | 'unscreened';

const MEANINGS: Readonly<Record<Reason, string>> = {
  unscreened: 'not screened yet',
  unparsed: 'no statement in the text',
  'too-long': 'too long',
  'ill-formed': 'does not elaborate',
  duplicate: 'said before in this run',
  known: 'a library theorem',
  'held-out': 'equal to a test problem',
  'near-copy': 'its seed rearranged',
  hollow: 'says nothing',
  trivial: 'closed by one cheap tactic',
  refuted: 'counterexample found',
  fault: 'the checker failed',
  unjudged: 'not judged yet',
  unproved: 'no attempt succeeded',
  'too-easy': 'proved too often',
  'lemma-unused': 'its lemma played no part',
  inelegant: 'proof too short for its length',
  unmatched: 'near no unproved problem',
  'cell-taken': 'another of its kind was better',
  'over-cap': 'over the limit of a round',
};

/** By name alone for a ledger's reasons that this version does not know. */
const MEANING: Readonly<Record<string, string>> = MEANINGS;

function droppedTable({ funnel }: RunReport): Html {
  const proposed = funnel[0]?.count ?? 1;
  return table(
    'What fell out, and why',
    [{ name: 'reason' }, { name: 'conjectures', numeric: true }, { name: 'share', numeric: true }],
    funnel.flatMap(({ dropped }) =>
      dropped.map(({ reason, count }) => [
        MEANING[reason] ?? reason,
        whole(count),
        percent(count / proposed),
      ]),
    ),
  );
}

function card(conjecture: Conjecture): Html {
  const { round, statement, proof, lemma, seedStatement, seedId } = conjecture;
  return html`<article class="card">
<header><h3>${lemma === '' ? 'Without a lemma' : html`Lemma <code>${lemma}</code>`}</h3>${passRate(conjecture)}</header>
<pre class="wrap"><code>${cut(statement)}</code></pre>
<p class="label">Shortest proof</p>
<pre class="wrap"><code>${cut(proof)}</code></pre>
<p class="origin">Round ${round} · ${axiomList(conjecture)} · seed <code>${cut(seedStatement || seedId)}</code></p>
</article>
`;
}
