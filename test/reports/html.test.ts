import { describe, expect, test } from 'vitest';
import { SCREEN_OUTCOMES, SELECT_OUTCOMES } from '../../src/ledger/records.ts';
import { type RunReport, renderReport, runReportSchema, summarise } from '../../src/reports/index.ts';
import { html, render } from '../../src/reports/markup.ts';
import { report } from './fixture.ts';
import { staticChecks } from './page-checks.ts';

const page = renderReport(report);

/** Unbreakable spaces as plain ones. */
const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ');

/** The text a reader sees, tags and style taken out. */
const textOf = (markup: string) =>
  markup
    .replace(/<style>[\s\S]*?<\/style>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');

describe('the page', () => {
  staticChecks(() => page, 8);

  test('shows the figures it was given', () => {
    const text = textOf(page);
    for (const figure of [
      '21.2 %',
      '15.5–27.3 %',
      '16.9 %',
      '37 of 96',
      '43 of 96',
      'p = 0.109',
      '12.8 a second',
      '4.2 GiB',
    ])
      expect(text).toContain(figure);
    expect(text).toContain(
      'went from 16.9 % to 21.2 %, a difference that chance in the choice of problems does not',
    );
    expect(text).toContain('33.5 %');
    expect(text).toContain(report.kept[1]?.statement.replaceAll('<', '&lt;'));
    expect(text).toContain('List.append_eq_nil_iff');
    expect(text).toContain(report.provenance.datasetFingerprint?.heldout);
    expect(text).toContain('2 × NVIDIA H100 80GB HBM3, AMD EPYC 7B13, 2 cores, 24.0 GiB, Linux 6.8 x64');
  });

  test('says "within what chance explains" when the difference is not more than noise', () => {
    const { evaluation } = report;
    const { comparison } = evaluation ?? {};
    if (!evaluation || !comparison) throw new Error('the fixture has a comparison');
    const noisy: RunReport = {
      ...report,
      evaluation: { ...evaluation, comparison: { ...comparison, distinct: false } },
    };
    expect(textOf(renderReport(noisy))).toContain('within what chance in the choice of problems explains');
    expect(summarise(noisy)).toContain('within noise');
  });

  test('says how many attempts ended in a fault, and only then', () => {
    expect(textOf(page)).toContain('2 attempts ended in a checker fault and count neither way.');
    expect(renderReport(withoutFaults())).not.toContain('class="notice"');
  });

  test('withholds what faults leave open: the bounds, the reason, no plot and no comparison', () => {
    const { evaluation } = report;
    const { before } = evaluation ?? {};
    if (!evaluation || !before) throw new Error('the fixture has an evaluation');
    const bounds = { k: 1, estimate: null, low: 0.15, high: 0.2, method: 'fault-bounds' } as const;
    const open = { ...before, faults: 30, passAtK: [bounds], withheld: '3.92 % of the attempts ended' };
    const withheld: RunReport = { ...report, evaluation: { before: open, after: null, comparison: null } };
    const text = textOf(renderReport(withheld));
    expect(text).toContain(
      'On 96 held-out problems pass@1 before is withheld: 3.92 % of the attempts ended.',
    );
    expect(text).toContain('withheld 15.0–20.0 %');
    expect(text).not.toContain('Held-out pass@k');
    expect(plain(summarise(withheld))).toContain('withheld (faults leave open 15.0–20.0 %)');
  });

  test('an alarm stands at the top and, with its words, in its section', () => {
    expect(textOf(page)).toContain('The run raised an alarm in round 7');
    expect(textOf(page)).toContain('Round 7: the share of disjunctions doubled');
    expect(renderReport(withoutFaults())).not.toContain('raised an alarm');
  });

  test('why a conjecture fell out is said in words, whatever the screen and the selection can say', () => {
    const reasons = [...SCREEN_OUTCOMES, ...SELECT_OUTCOMES].filter((r) => r !== 'kept' && r !== 'selected');
    const dropped = reasons.map((reason) => ({ reason, count: 1 }));
    const told = { ...report, funnel: [{ stage: 'proposed', count: 100, dropped }] };
    const cells = [...renderReport(told).matchAll(/<t[dh][^>]*>([^<]*)</g)].map(([, cell]) => cell);
    expect(cells).toContain('its seed rearranged');
    expect(cells.filter((cell) => reasons.some((reason) => reason === cell))).toEqual([]);
  });

  test('a note stands in its section, and raises no alarm', () => {
    const noted = { ...report, alarms: [], series: [] };
    expect(textOf(renderReport(noted))).toContain('Round 6: nothing to learn from');
    expect(renderReport(noted)).not.toContain('raised an alarm');
  });

  test('what was watched in one round only is told as a figure, and a run that watched nothing has no such section', () => {
    const once = {
      name: 'lemmaTop1Share',
      counted: false,
      members: [{ label: '', points: [{ round: 1, value: 0.12 }] }],
    };
    expect(textOf(renderReport({ ...report, series: [once] }))).toContain('Lemma top 1 share 12.0 %');
    expect(renderReport({ ...report, alarms: [], notes: [], series: [] })).not.toContain('id="drift"');
  });

  test('plots are told in the words of their figures', () => {
    const plots = [...page.matchAll(/<div class="plot" role="img" aria-label="([^"]+)"><svg/g)].map(
      ([, label]) => label,
    );
    expect(plain(plots[0] ?? '')).toBe(
      'pass@1: 16.9 % before, 21.2 % after; pass@2: 24.1 % before, 29.5 % after; pass@4: 31.6 % before, 37.7 % after',
    );
    expect(plots.map((label) => plain(label ?? '')).slice(-2)).toEqual([
      'Conclusion chars: 41.0; 35.0 in round 5; 35.0 to 41.0',
      'Pass rate histogram: 0 57.0 %, to ¼ 47.0 %, to ½ 37.0 %; 55.0 % in round 5; 35.0 % to 57.0 %',
    ]);
  });

  test('is the same for the same figures, and small', () => {
    expect(renderReport(structuredClone(report))).toBe(page);
    expect(page.length).toBeLessThan(100_000);
  });

  test('stays small for a long night, and says what it left to report.json', () => {
    const [theorem] = report.newlyProved;
    const [kept] = report.kept;
    if (!theorem || !kept) throw new Error('the fixture has theorems');
    const long: RunReport = {
      ...report,
      newlyProved: Array(5000).fill(theorem),
      kept: Array(900).fill(kept),
    };
    const longPage = renderReport(long);
    expect(longPage.length).toBeLessThan(300_000);
    expect(textOf(longPage).includes('and 4 940 more in report.json')).toBe(true);
  });
});

describe('hostile text', () => {
  const HOSTILE = `</code></pre><script>alert("1")</script><img src=x onerror='x'> & "quoted"`;

  /** Every string of the report that a model, a file or a machine may have written. */
  function poisoned<T>(value: T, poisonWith: string): T {
    const poison = (v: unknown): unknown => {
      if (Array.isArray(v)) return v.map(poison);
      if (typeof v === 'object' && v !== null)
        return Object.fromEntries(
          Object.entries(v).map(([key, inner]) => [key, KEPT.has(key) ? inner : poison(inner)]),
        );
      return typeof v === 'string' ? `${v}${poisonWith}` : v;
    };
    // Poisoning keeps the shape: strings stay strings, and the closed unions are left alone.
    return poison(value) as T;
  }
  const KEPT = new Set(['kind', 'startedAt', 'method', 'purpose', 'verdict']);

  test('nowhere becomes markup', () => {
    const markup = renderReport(poisoned(report, HOSTILE));
    expect(markup.match(/<script|<img|onerror='/gi)).toBeNull();
    expect(markup).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;');
    const tags = (page: string) => page.match(/<[a-z][^>]*?(?=[ >])/gi)?.length;
    expect(tags(markup)).toBe(tags(renderReport(poisoned(report, 'harmless'))));
  });

  test('templates escape text, lists of text and attributes, and pass their own kind', () => {
    expect(render(html`<b title="${'"&'}">${['<', html`<i>${'>'}</i>`, null, false, 3]}</b>`)).toBe(
      '<b title="&quot;&amp;">&lt;<i>&gt;</i>3</b>',
    );
  });
});

test('the fixture is a valid report, and an unknown field is not', () => {
  expect(runReportSchema.safeParse(report).success).toBe(true);
  expect(runReportSchema.safeParse({ ...report, extra: 1 }).success).toBe(false);
  expect(runReportSchema.safeParse({ ...report, version: 1 }).success).toBe(false);
});

test('the terminal’s table has one line a figure', () => {
  const lines = plain(summarise(report)).trimEnd().split('\n');
  expect(lines).toHaveLength(11);
  expect(lines[0]).toBe('  rounds           1 in 7 min 13 s');
  expect(lines).toContain('  pass@1 after     21.2 % (95 % 15.5–27.3 %) on 96 held-out problems');
  expect(lines).toContain('  difference       +4.3 points, more than noise (95 % +1.2 to +7.5 points)');
});

test('a run evaluated once says after which round, and claims no difference', () => {
  const { evaluation } = report;
  if (evaluation === null) throw new Error('the fixture was evaluated');
  const once = { before: { ...evaluation.before, round: 4 }, after: null, comparison: null };
  const lines = plain(summarise({ ...report, evaluation: once }))
    .trimEnd()
    .split('\n');
  expect(lines.filter((line) => line.includes('pass@1'))).toEqual([
    expect.stringMatching(/^ {2}pass@1 after round 4 {2}\d/),
  ]);
  expect(lines.join()).not.toContain('difference');
  const page = plain(renderReport({ ...report, evaluation: once }));
  expect(page).toContain('After round 4. Bars are 95 % intervals');
  expect(page).not.toContain('Before any update');
  const never = plain(summarise({ ...report, evaluation: null }));
  expect(never).toMatch(/^ {2}pass@1 +not evaluated$/m);
});

function withoutFaults(): RunReport {
  const { evaluation } = report;
  return evaluation
    ? { ...report, alarms: [], evaluation: { ...evaluation, before: { ...evaluation.before, faults: 0 } } }
    : report;
}
