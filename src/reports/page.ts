/**
 * The frame of every report page: one file with everything in it. No script, no font, no image, no request; light, dark
 * and paper by style sheet alone, and a policy in its head that lets a browser do no more.
 */
import { type Content, Html, html, render } from './markup.ts';
import { STYLE } from './style.ts';

export interface PageSection {
  readonly id: string;
  readonly title: string;
  /** Null leaves the section out, from the navigation too. */
  readonly content: Content;
}

export interface Page {
  readonly title: string;
  readonly opening: Content;
  readonly sections: readonly PageSection[];
  readonly footer: Content;
}

export function renderPage({ title, opening, sections, footer }: Page): string {
  const shown = sections.filter(({ content }) => content !== null);
  return render(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
${opening}
<main>
<nav aria-label="Sections"><ul>${shown.map((s) => html`<li><a href="#${s.id}">${s.title}</a></li>`)}</ul></nav>
${shown.map(({ content }) => html`${content}\n`)}</main>
<footer>${footer}</footer>
</body>
</html>
`);
}

/** Where the page came from, and the files beside it. */
export function pageFooter(id: string): Content {
  const file = (name: string) => html`<a href="${name}">${name}</a>`;
  return html`Written by Lakatos from the ledger of ${id}. Beside this page: ${file('report.json')} and ${file('metrics.csv')} with the same figures, ${file('samples.jsonl')} with every attempt.`;
}
