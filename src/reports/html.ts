/** report.html of a self-play run: its sections in order. Pure: the same figures give the same page. */
import type { Content } from './markup.ts';
import { opening } from './opening.ts';
import { pageFooter, renderPage } from './page.ts';
import type { RunReport } from './report-data.ts';
import { conjecturesSection } from './sections/conjectures.ts';
import { costSection } from './sections/cost.ts';
import { evaluationSection } from './sections/evaluation.ts';
import { learningSection } from './sections/learning.ts';
import { proofsSection } from './sections/proofs.ts';
import { provenanceSection } from './sections/provenance.ts';
import { roundsSection } from './sections/rounds.ts';
import { runChecksSection } from './sections/run-checks.ts';

const SECTIONS: readonly (readonly [id: string, title: string, render: (report: RunReport) => Content])[] = [
  ['evaluation', 'Held-out problems', evaluationSection],
  ['conjectures', 'Conjectures', conjecturesSection],
  ['proofs', 'Proofs', proofsSection],
  ['learning', 'Learning', learningSection],
  ['drift', 'Round by round', roundsSection],
  ['checks', 'What to doubt', runChecksSection],
  ['cost', 'Cost', costSection],
  ['provenance', 'Provenance', provenanceSection],
];

export function renderReport(report: RunReport): string {
  return renderPage({
    title: `${report.run.id} · Lakatos`,
    opening: opening(report),
    sections: SECTIONS.map(([id, title, content]) => ({ id, title, content: content(report) })),
    footer: pageFooter(report.run.id),
  });
}
