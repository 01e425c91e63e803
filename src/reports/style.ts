/** The page's one style sheet: system faces, one measure, two colour schemes, and paper. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fcfbf8; --card: #ffffff; --ink: #1d2126; --muted: #646a73; --rule: #e4e0d8; --faint: #b4b2ac;
  --accent: #3a5fa0; --good: #2f7a5c; --bad: #a8502e; --code: #f4f2ec;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif;
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "Book Antiqua", Georgia, "Noto Serif", serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14161a; --card: #1b1e23; --ink: #e7e5e0; --muted: #9a9ea6; --rule: #2e3238; --faint: #6b6f77;
    --accent: #8aaee8; --good: #74c3a0; --bad: #e09a78; --code: #1f2329;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; scroll-padding-top: 1rem; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 var(--sans); font-variant-numeric: tabular-nums; }
main, header, footer { max-width: 62rem; margin: 0 auto; padding: 0 1.5rem; }
header { padding-top: 3.5rem; }
.brand { margin: 0; color: var(--muted); font-size: .8125rem; letter-spacing: .08em; text-transform: uppercase; }
h1, h2, h3 { font-family: var(--serif); font-weight: 600; line-height: 1.2; text-wrap: balance; }
h1 { margin: .35rem 0 .25rem; font-size: clamp(1.9rem, 5vw, 2.6rem); letter-spacing: -.01em; overflow-wrap: anywhere; }
h2 { margin: 0 0 .35rem; font-size: 1.5rem; }
h3 { margin: 0 0 .6rem; font-size: 1.0625rem; }
.when { margin: 0; color: var(--muted); }
.lead { max-width: 44rem; margin: 1.75rem 0 0; font: 1.1875rem/1.6 var(--serif); text-wrap: pretty; }
.lead strong { font-weight: 600; }
nav { margin: 1.75rem 0 0; padding: .7rem 0; border-block: 1px solid var(--rule); font-size: .875rem; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.4rem; margin: 0; padding: 0; list-style: none; }
a { color: var(--accent); text-decoration: none; }
a:hover, a:focus-visible { text-decoration: underline; text-underline-offset: .2em; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 2px; }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: 0 2rem; margin: 2.25rem 0 0; padding: 0; }
.tiles div { display: flex; flex-direction: column; }
.tiles dt { order: 2; color: var(--muted); font-size: .875rem; line-height: 1.4; }
.tiles dd { margin: 0; }
.tiles dd.figure { font: 600 2.1rem/1.15 var(--serif); letter-spacing: -.01em; white-space: nowrap; }
.tiles dd.extra { order: 3; color: var(--muted); font-size: .8125rem; }
section { margin: 4rem 0 0; }
section > p { max-width: 44rem; margin: 0 0 1.25rem; color: var(--muted); }
section > p.verdict { color: var(--ink); }
section > .verdict + .verdict, section > .scroll + .verdict { margin-top: 1.5rem; }
.columns { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 2.25rem 3rem; align-items: start; }
figure { margin: 0; min-width: 0; }
figure h3, .block h3 { padding-bottom: .45rem; border-bottom: 1px solid var(--rule); }
figcaption { margin-top: .35rem; color: var(--muted); font-size: .8125rem; line-height: 1.45; }
.plot svg { display: block; width: 100%; height: auto; overflow: visible; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .9375rem; }
caption { padding: 0 0 .45rem; font: 600 1.0625rem/1.2 var(--serif); text-align: left; border-bottom: 1px solid var(--rule); }
th, td { padding: .42rem .6rem .42rem 0; border-bottom: 1px solid var(--rule); text-align: left; vertical-align: baseline; }
thead th { color: var(--muted); font-size: .8125rem; font-weight: 500; line-height: 1.3; vertical-align: bottom; }
tbody th { font-weight: 500; }
th:last-child, td:last-child { padding-right: 0; }
.n + td:not(.n), .n + th:not(.n) { padding-left: .8rem; }
.n { text-align: right; white-space: nowrap; }
.n code { overflow-wrap: normal; }
td .range { color: var(--muted); font-size: .8125rem; }
code, pre { font-family: var(--mono); font-size: .8125rem; }
td code, dd code, p code { overflow-wrap: anywhere; }
pre { margin: 0; padding: .7rem .9rem; overflow-x: auto; border-radius: 5px; background: var(--code); line-height: 1.5; tab-size: 2; }
pre.wrap { white-space: pre-wrap; overflow-wrap: anywhere; }
.multiples { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 1.75rem 2rem; }
.small h3 { margin: 0; padding: 0 0 .3rem; border: 0; border-top: 1px solid var(--rule); padding-top: .5rem; font: 500 .8125rem/1.35 var(--sans); color: var(--muted); }
.small .latest { margin: 0; font: 600 1.25rem/1.2 var(--serif); }
.small figcaption { font-size: .75rem; }
.cards { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1.25rem; margin-top: 2.25rem; }
.card { min-width: 0; padding: 1.1rem 1.2rem 1.2rem; border: 1px solid var(--rule); border-radius: 8px; background: var(--card); }
.card header { display: flex; justify-content: space-between; gap: 1rem; max-width: none; margin: 0 0 .7rem; padding: 0; }
.card h3, .card h4 { margin: 0; font: 500 .8125rem/1.4 var(--sans); color: var(--muted); overflow-wrap: anywhere; }
.card pre + pre, .card pre + .label { margin-top: .5rem; }
.label { margin: .7rem 0 .25rem; color: var(--muted); font-size: .8125rem; }
.rate { flex: none; color: var(--good); font-size: .8125rem; font-weight: 600; white-space: nowrap; }
.dots { display: inline-flex; gap: 2px; margin-right: .5rem; vertical-align: 1px; }
.dots i { width: 6px; height: 6px; border-radius: 50%; background: var(--rule); }
.dots i.on { background: var(--good); }
.origin { margin: .7rem 0 0; color: var(--muted); font-size: .8125rem; line-height: 1.5; }
.origin code { font-size: .75rem; }
.theorems { margin-top: 2.25rem; }
details { border-bottom: 1px solid var(--rule); }
summary { display: flex; gap: 1rem; justify-content: space-between; padding: .55rem 0; cursor: pointer; }
summary::-webkit-details-marker { display: none; }
summary::before { content: "+"; flex: none; width: .75rem; color: var(--muted); font-family: var(--mono); }
details[open] > summary::before { content: "−"; }
summary code { flex: 1; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
details[open] > summary code { white-space: pre-wrap; overflow-wrap: anywhere; }
details .body { padding: 0 0 .9rem 1.75rem; }
.facts { display: grid; grid-template-columns: minmax(8rem, 11rem) 1fr; gap: .4rem 1.5rem; margin: 0; font-size: .9375rem; }
.facts dt { color: var(--muted); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.notice { padding: .7rem 1rem; border-left: 3px solid var(--bad); background: var(--code); color: var(--ink) !important; }
.empty { color: var(--muted); font-style: italic; }
footer { margin-top: 5rem; padding-block: 1.5rem 3rem; color: var(--muted); font-size: .8125rem; }
@media (max-width: 48rem) {
  main, header, footer { padding-inline: 1.1rem; }
  header { padding-top: 2rem; }
  .columns, .cards { grid-template-columns: minmax(0, 1fr); }
  .multiples { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1.5rem 1.25rem; }
  .tiles { grid-template-columns: repeat(2, 1fr); gap: 1.5rem 1.25rem; }
  .lead { font-size: 1.0625rem; }
  section { margin-top: 3rem; }
  .facts { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .facts dd { margin-bottom: .6rem; }
  details .body { padding-left: 0; }
  summary .dots { display: none; }
  td .range { display: block; }
}
@media print {
  :root { --paper: #fff; --card: #fff; --ink: #000; --muted: #444; --rule: #ccc; --faint: #999; --accent: #24488a; --good: #1f6348; --code: #f6f6f6; }
  body { font-size: 10pt; }
  nav { display: none; }
  header { padding-top: 0; }
  section { margin-top: 2rem; }
  figure, .card, table, tr, details, .facts { break-inside: avoid; }
  h2, h3, caption, thead, section > p { break-after: avoid; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  details::details-content { content-visibility: visible; block-size: auto; }
  .columns { grid-template-columns: 1fr 1fr; }
  .cards { grid-template-columns: 1fr 1fr; }
}
`;
