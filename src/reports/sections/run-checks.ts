/** Whether a run learned from what it measures itself on: what was kept out, and what was found. */
import { matchTable, section } from '../elements.ts';
import { plural, whole } from '../format.ts';
import { type Content, html } from '../markup.ts';
import type { RunReport } from '../report-data.ts';

export function runChecksSection({ contamination: c, provenance }: RunReport): Content {
  if (c === null) return null;
  const sets =
    c.protectedSets === null || c.protectedSets.length === 0
      ? 'No other set was protected.'
      : `Protected beside them: ${c.protectedSets.join(', ')}.`;
  return section(
    'checks',
    'What to doubt',
    html`<p class="verdict">${plural(c.tested, 'held-out problem')} of ${provenance.dataset} ${c.tested === 1 ? 'was' : 'were'} looked for, by elaborated type and by text up to the name, among ${plural(c.problems, 'seed and training problem')} and ${plural(c.conjectures, 'conjecture')}. It finds the same statement, not a paraphrase of it.</p>`,
    html`<p class="verdict">${sets} ${c.dropped === null ? '' : `${plural(c.dropped, 'training problem')} left out; `}${plural(c.refused, 'conjecture')} dropped by the screen for stating a test problem.</p>`,
    c.matches.length === 0
      ? html`<p class="verdict">Contamination: none is the same.</p>`
      : html`<p class="notice">Contaminated: ${whole(c.matches.length)} of them ${c.matches.length === 1 ? 'is' : 'are'} among the held-out problems.</p>
${matchTable(c.matches)}`,
  );
}
