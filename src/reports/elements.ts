/** The few shapes the page repeats: tables, facts, theorems. */
import { plural, whole } from './format.ts';
import { type Content, type Html, html } from './markup.ts';
import type { Theorem } from './report-data.ts';

export interface Column {
  readonly name: string;
  /** Numbers are set right. */
  readonly numeric?: boolean;
}

/** The first cell of a row is its header. */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly Content[])[],
): Html {
  const align = (i: number) => (columns[i]?.numeric ? html` class="n"` : null);
  return html`<div class="scroll"><table>
<caption>${caption}</caption>
<thead><tr>${columns.map((column, i) => html`<th scope="col"${align(i)}>${column.name}</th>`)}</tr></thead>
<tbody>
${rows.map(
  (row) => html`<tr>${row.map((cell, i) =>
    i === 0 ? html`<th scope="row"${align(i)}>${cell}</th>` : html`<td${align(i)}>${cell}</td>`,
  )}</tr>
`,
)}</tbody>
</table></div>`;
}

export function facts(entries: readonly (readonly [name: string, value: Content])[]): Html {
  return html`<dl class="facts">
${entries.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>\n`)}</dl>`;
}

export function section(id: string, title: string, ...content: readonly Content[]): Html {
  return html`<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>
${content.map((part) => html`${part}\n`)}</section>`;
}

/** How much of a list is written out; the rest is in report.json, and the page stays under 3 MB whatever was proved. */
export interface ListBounds {
  /** Default 60. */
  readonly items?: number;
  /** Of the page, as UTF-8; default 300,000. */
  readonly bytes?: number;
}

/** Longest statement or proof written out, characters. */
const LONGEST = 2000;
const OPEN = 3;

/** Statements to unfold, each with its proof; the first few unfolded already. */
export function theoremList(
  title: string,
  theorems: readonly Theorem[],
  { items = 60, bytes = 300_000 }: ListBounds = {},
): Html | null {
  if (theorems.length === 0) return null;
  const shown: Html[] = [];
  let left = bytes;
  for (const theorem of theorems.slice(0, items)) {
    const item = theoremItem(theorem, shown.length < OPEN);
    left -= Buffer.byteLength(item.text);
    if (left < 0) break;
    shown.push(item);
  }
  return html`<div class="theorems block">
<h3>${title}</h3>
${shown}
${moreInReport(theorems.length - shown.length)}
</div>`;
}

export const moreInReport = (more: number): Html | null =>
  more > 0 ? html`<p class="origin">and ${plural(more, 'more', 'more')} in report.json</p>` : null;

/** A statement or proof as far as it is written out. */
export const cut = (text: string): string =>
  text.length > LONGEST
    ? `${text.slice(0, LONGEST)}\n… ${whole(text.length - LONGEST)} more characters in report.json`
    : text;

function theoremItem(theorem: Theorem, open: boolean): Html {
  return html`<details${open ? html` open` : null}>
<summary><code>${cut(theorem.statement)}</code>${passRate(theorem)}</summary>
<div class="body"><pre class="wrap"><code>${cut(theorem.proof)}</code></pre>
<p class="origin">${theorem.name || theorem.id} · ${axiomList(theorem)}</p></div>
</details>
`;
}

const MATCHES = 200;

/** What was both learned from and tested on; the first of many. */
export function matchTable(
  matches: readonly {
    readonly name: string;
    readonly as: string;
    readonly statementId: string;
    readonly by: string;
  }[],
): Html {
  const shown = matches.slice(0, MATCHES);
  return html`${table(
    'Problems that were trained on',
    [{ name: 'problem' }, { name: 'as' }, { name: 'statement' }, { name: 'same by' }],
    shown.map((m) => [m.name, m.as, html`<code>${m.statementId}</code>`, m.by]),
  )}${moreInReport(matches.length - shown.length)}`;
}

/** Proved of judged attempts: dots for the eye where they are few, numbers for everybody. */
export function passRate({ proved, judged }: Theorem): Html {
  const dots =
    judged <= 16
      ? Array.from({ length: judged }, (_, i) => html`<i${i < proved ? html` class="on"` : null}></i>`)
      : [];
  return html`<span class="rate">${dots.length > 0 ? html`<span class="dots" aria-hidden="true">${dots}</span>` : null}${proved} of ${judged}</span>`;
}

export function axiomList({ axioms }: Theorem): string {
  return axioms.length === 0 ? 'no axioms' : `axioms ${axioms.join(', ')}`;
}
