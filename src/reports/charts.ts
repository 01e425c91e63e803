/** The plots of a run's page: what each shows, and how. Each returns null when there is nothing to show. */
import { percent, whole } from './format.ts';
import { type Html, html } from './markup.ts';
import { estimate, when } from './opening.ts';
import { ACCENT, FAINT, figure, GOOD, INK, MUTED, type PlotOption, RULE, svg } from './plot.ts';
import type { PassAtKRow, RunReport } from './report-data.ts';
import { courseText, latestText, type Series, seriesTitle } from './series-text.ts';

const bareAxis = { axisLine: { show: false }, axisTick: { show: false } } as const;
const hidden = { show: false } as const;

/** pass@k with its intervals, before above after; none where faults withhold it. */
export function passAtKPlot(report: RunReport): Html | null {
  const { before, after } = report.evaluation ?? {};
  if (!before || before.passAtK.length === 0 || before.withheld || after?.withheld) return null;
  const rows = before.passAtK.map((row) => [row, after?.passAtK.find((a) => a.k === row.k) ?? null] as const);
  const categories = rows.map(([row]) => `pass@${row.k}`);
  const top = Math.max(...rows.flatMap(([b, a]) => [b.high, a?.high ?? 0]));
  const option: PlotOption = {
    grid: { left: 58, right: 22, top: 8, bottom: 26 },
    xAxis: {
      type: 'value',
      min: 0,
      max: niceTop(top),
      splitNumber: 4,
      splitLine: { lineStyle: { color: RULE } },
      axisLabel: { color: MUTED, formatter: (v: number) => percent(v, 0) },
    },
    yAxis: { type: 'category', inverse: true, data: categories, axisLabel: { color: INK }, ...bareAxis },
    series: [
      intervalSeries(
        rows.map(([b]) => b),
        -1,
        FAINT,
      ),
      intervalSeries(
        rows.map(([, a]) => a),
        1,
        ACCENT,
      ),
    ],
  };
  return figure({
    title: 'Held-out pass@k',
    description: rows
      .map(([b, a]) => `pass@${b.k}: ${estimate(b)} ${when(before)}${a ? `, ${estimate(a)} after` : ''}`)
      .join('; '),
    height: 34 + 44 * rows.length,
    option,
    note: after
      ? `Grey: ${when(before)}. Colour: after the last update. Bars are 95 % intervals over problems.`
      : `${before.round === 0 ? 'Before any update' : `After round ${before.round}`}. Bars are 95 % intervals over problems.`,
  });
}

/** A dot for the estimate on a bar for the interval, `side` of its category's middle line. */
function intervalSeries(rows: readonly (PassAtKRow | null)[], side: 1 | -1, color: string) {
  const data = rows.flatMap((row, i) => (row ? [[i, row.estimate, row.low, row.high]] : []));
  return {
    type: 'custom' as const,
    silent: true,
    clip: false,
    data,
    renderItem: (
      _params: unknown,
      api: { value(i: number): number | string; coord(p: number[]): number[] },
    ) => {
      const at = (dimension: number): readonly [number, number] => {
        const [x = 0, y = 0] = api.coord([Number(api.value(dimension)), Number(api.value(0))]);
        return [x, y + side * 8];
      };
      const [[x, y], [low], [high]] = [at(1), at(2), at(3)];
      return {
        type: 'group' as const,
        children: [
          {
            type: 'line' as const,
            shape: { x1: low, y1: y, x2: high, y2: y },
            style: { stroke: color, lineWidth: 5, opacity: 0.38, lineCap: 'round' as const },
          },
          { type: 'circle' as const, shape: { cx: x, cy: y, r: 5 }, style: { fill: color } },
        ],
      };
    },
  };
}

/** How many conjectures were left at each stage. */
export function funnelPlot({ funnel }: RunReport): Html | null {
  const proposed = funnel[0]?.count ?? 0;
  if (proposed === 0) return null;
  return figure({
    title: 'From proposed to kept',
    description: funnel.map((s) => `${s.stage} ${s.count}`).join(', '),
    height: 16 + 27 * funnel.length,
    option: horizontalBars(
      funnel.map((s, i) => ({
        name: s.stage,
        value: s.count,
        label: i === 0 ? whole(s.count) : `${whole(s.count)} · ${percent(s.count / proposed)}`,
        color: i === funnel.length - 1 ? GOOD : ACCENT,
      })),
      108,
    ),
    note: 'Each bar is what was left after that test; the table beside it says what fell out.',
  });
}

/** Statements by the share of their attempts that were proofs. */
export function passRatePlot({ passRates }: RunReport): Html | null {
  if (passRates.every((bin) => bin.problems + bin.conjectures === 0)) return null;
  const series = (name: 'problems' | 'conjectures', color: string, radius: number) => ({
    type: 'bar' as const,
    silent: true,
    barWidth: '34%',
    barGap: '12%',
    itemStyle: { color, borderRadius: [radius, radius, 0, 0] },
    data: passRates.map((bin) => bin[name]),
    label: {
      show: true,
      position: 'top' as const,
      color: MUTED,
      fontSize: 11,
      formatter: ({ value }: { value?: unknown }) => (value === 0 ? '' : whole(Number(value))),
    },
  });
  return figure({
    title: 'Statements by pass rate',
    description: passRates
      .map((b) => `${b.label}: ${b.problems} problems, ${b.conjectures} conjectures`)
      .join('; '),
    height: 210,
    option: {
      grid: { left: 6, right: 6, top: 20, bottom: 24 },
      xAxis: {
        type: 'category',
        data: passRates.map((bin) => bin.label),
        axisLabel: { color: INK, interval: 0 },
        axisLine: { lineStyle: { color: RULE } },
        axisTick: { show: false },
      },
      yAxis: { type: 'value', show: false },
      series: [series('problems', FAINT, 2), series('conjectures', ACCENT, 2)],
    },
    note: 'Grey: problems. Colour: conjectures. “To ¼” (above 0) is where barely provable lies by default.',
  });
}

/** Verdicts on the attempts that the model may learn from. */
export function verdictPlot({ verdicts }: RunReport): Html | null {
  const tried = verdicts
    .filter((v) => v.purpose === 'prove' && v.count > 0)
    .sort((a, b) => b.count - a.count);
  const total = tried.reduce((sum, v) => sum + v.count, 0);
  if (total === 0) return null;
  return figure({
    title: 'Verdicts on attempts',
    description: tried.map((v) => `${v.verdict} ${v.count}`).join(', '),
    height: 16 + 27 * tried.length,
    option: horizontalBars(
      tried.map((v) => ({
        name: v.verdict,
        value: v.count,
        label: `${whole(v.count)} · ${percent(v.count / total)}`,
        color: v.verdict === 'proved' ? GOOD : FAINT,
      })),
      74,
    ),
  });
}

interface Bar {
  readonly name: string;
  readonly value: number;
  readonly label: string;
  readonly color: string;
}

export function horizontalBars(bars: readonly Bar[], left: number): PlotOption {
  return {
    grid: { left, right: 96, top: 6, bottom: 6 },
    xAxis: { type: 'value', ...hidden },
    yAxis: {
      type: 'category',
      inverse: true,
      data: bars.map((b) => b.name),
      axisLabel: { color: INK, margin: 10 },
      ...bareAxis,
    },
    series: [
      {
        type: 'bar',
        silent: true,
        barWidth: 15,
        data: bars.map(({ value, label, color }) => ({
          value,
          itemStyle: { color, borderRadius: 2 },
          label: { formatter: label },
        })),
        label: { show: true, position: 'right', color: INK, fontSize: 12 },
      },
    ],
  };
}

/** Loss of each optimiser step, updates one after another. */
export function lossPlot({ updates }: RunReport): Html | null {
  const losses = updates.flatMap((u) => u.losses);
  if (losses.length < 2) return null;
  return figure({
    title: 'Learning loss',
    description: `from ${losses[0]?.toFixed(3)} to ${losses.at(-1)?.toFixed(3)} over ${losses.length} optimiser steps`,
    height: 200,
    option: {
      grid: { left: 42, right: 12, top: 10, bottom: 26 },
      xAxis: {
        type: 'value',
        min: 1,
        max: losses.length,
        splitLine: hidden,
        axisLabel: { color: MUTED },
        axisLine: { lineStyle: { color: RULE } },
        minInterval: 1,
      },
      yAxis: {
        type: 'value',
        scale: true,
        splitNumber: 4,
        splitLine: { lineStyle: { color: RULE } },
        axisLabel: { color: MUTED },
        ...bareAxis,
      },
      series: [
        {
          type: 'line',
          silent: true,
          clip: false,
          symbol: losses.length > 40 ? 'none' : 'circle',
          symbolSize: 5,
          lineStyle: { color: ACCENT, width: 2 },
          itemStyle: { color: ACCENT },
          data: losses.map((loss, i) => [i + 1, loss]),
        },
      ],
    },
    note: 'Optimiser steps, all updates in a row. Signed weights: the loss may be negative, and lower is better.',
  });
}

/** A small plot of a number over rounds: a line, or bars of its members on top of each other. */
export function seriesPlot(series: Series): Html {
  const { members } = series;
  const rounds = [...new Set(members.flatMap((m) => m.points.map((p) => p.round)))].sort((a, b) => a - b);
  const lines = members.map((member, i) => {
    const values = new Map(member.points.map((p) => [p.round, p.value]));
    const data = rounds.map((round) => values.get(round) ?? null);
    return members.length === 1 ? sparkLine(data) : stackedBar(data, (i + 1) / members.length);
  });
  const option: PlotOption = {
    grid: { left: 5, right: 5, top: 6, bottom: 6 },
    xAxis: { type: 'category', data: rounds, boundaryGap: members.length > 1, ...hidden },
    yAxis: { type: 'value', scale: members.length === 1, ...hidden },
    series: lines,
  };
  const [title, latest, course] = [seriesTitle(series), latestText(series), courseText(series)];
  return html`<figure class="small">
<h3>${title}</h3>
${members.length === 1 && html`<p class="latest">${latest}</p>`}
<div class="plot" role="img" aria-label="${`${title}: ${latest}; ${course}`}">${svg(option, 64, 200)}</div>
<figcaption>${members.length === 1 ? course : `Latest, palest first: ${latest}`}</figcaption>
</figure>
`;
}

const sparkLine = (data: readonly (number | null)[]) => ({
  type: 'line' as const,
  silent: true,
  clip: false,
  symbol: data.length > 30 ? 'none' : 'circle',
  symbolSize: 4,
  lineStyle: { color: ACCENT, width: 1.5 },
  itemStyle: { color: ACCENT },
  data: [...data],
});

const stackedBar = (data: readonly (number | null)[], opacity: number) => ({
  type: 'bar' as const,
  silent: true,
  stack: 'all',
  barCategoryGap: '12%',
  itemStyle: { color: ACCENT, opacity },
  data: [...data],
});

/** A round number a little above, in steps that make good ticks. */
export function niceTop(value: number): number {
  const steps = [0.02, 0.04, 0.08, 0.12, 0.16, 0.2, 0.3, 0.4, 0.6, 0.8, 1];
  return steps.find((step) => step >= value) ?? 1;
}
