/** What a careful reader asks first: what was left out, which statements are wrong, and whether any was trained on. */

import { matchTable, section, table } from '../elements.ts';
import type { EvalReport } from '../eval-data.ts';
import { plural, whole } from '../format.ts';
import { type Content, html } from '../markup.ts';

export function checksSection(report: EvalReport): Content {
  return section(
    'checks',
    'What to doubt',
    excludedPart(report),
    defectPart(report),
    contaminationPart(report),
  );
}

function excludedPart({ excluded, problems, exclusionReasons, droppedLines, settings }: EvalReport): Content {
  const total = problems + excluded;
  if (excluded === 0)
    return html`<p class="verdict">No problem was left out: all ${whole(total)} of the split were evaluated.</p>`;
  return html`<p class="verdict">${whole(excluded)} of ${plural(total, 'problem')} of the split ${excluded === 1 ? 'was' : 'were'} left out, because the statement does not elaborate here; every average is over the other ${whole(problems)}. This is the part of the set that ${
    settings.profile === 'core' ? 'can be stated without Mathlib' : 'elaborates here'
  }. It is not the benchmark, and its figures must not be set beside figures of the whole.</p>
${droppedLines.length > 0 ? html`<p>Header lines left out: ${droppedLines.slice(0, 12).map((d, i) => html`${i > 0 ? '; ' : ''}<code>${d.line}</code> (${d.reason})`)}${droppedLines.length > 12 ? ` and ${whole(droppedLines.length - 12)} more` : ''}.</p>` : null}
${table(
  'Why problems were left out',
  [{ name: 'what the checker said' }, { name: 'problems', numeric: true }],
  exclusionReasons.slice(0, 12).map(({ reason, count }) => [html`<code>${reason}</code>`, whole(count)]),
)}`;
}

function defectPart({ defects }: EvalReport): Content {
  const evaluated = defects.filter((d) => d.evaluated);
  if (evaluated.length === 0)
    return html`<p class="verdict" style="margin-top:1.5rem">None of the problems evaluated is in the table of statements known to be wrong.</p>`;
  return html`<div style="margin-top:2rem">${table(
    'Statements known to be wrong in some copy of the set',
    [{ name: 'problem' }, { name: 'what is wrong' }, { name: 'source' }, { name: 'solved' }],
    evaluated.map((d) => [d.name, d.reason, d.source, d.solved ? 'yes: look at the proof' : 'no']),
  )}</div>`;
}

function contaminationPart({ contamination: c }: EvalReport): Content {
  if (c === null)
    return html`<p class="verdict" style="margin-top:1.5rem">Contamination was not checked: no self-play run was named with <code>--run</code>.</p>`;
  const checked = `${plural(c.problems, 'training problem')} and ${plural(c.conjectures, 'conjecture')} of run ${c.run}`;
  const note = c.ofThisRun ? '' : ' The evaluated policy is not one of that run’s.';
  if (c.matches.length === 0)
    return html`<p class="verdict" style="margin-top:1.5rem">Contamination: ${checked} were held against the problems, by elaborated type and by text up to the name. None is the same.${note}</p>`;
  return html`<p class="notice">Contaminated: of ${checked}, ${whole(c.matches.length)} ${c.matches.length === 1 ? 'is' : 'are'} among the problems evaluated.${note}</p>
${matchTable(c.matches)}`;
}
