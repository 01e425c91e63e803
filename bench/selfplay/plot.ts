/** Newly proved problems against what was spent: one line an arm, the mean of its runs, a thin line for each of them. */
import { LineChart, type LineSeriesOption } from 'echarts/charts';
import {
  GridComponent,
  type GridComponentOption,
  LegendComponent,
  type LegendComponentOption,
} from 'echarts/components';
import { type ComposeOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { byArm, type Cost, commonCost, provedAt } from './figures.ts';
import type { Outcome } from './outcome.ts';

use([LineChart, GridComponent, LegendComponent, SVGRenderer]);
type Option = ComposeOption<LineSeriesOption | GridComponentOption | LegendComponentOption>;

const COLOURS = ['#5b6770', '#0b6e99', '#b3261e', '#7a5195', '#d97706', '#2e7d32', '#8d6e63', '#c2185b'];
const [INK, RULE] = ['#1d2733', '#d5dbe1'];
const POINTS = 40;
const COST_NAMES: Readonly<Record<Cost, string>> = {
  sampledTokens: 'sampled tokens',
  cpuSeconds: 'seconds of CPU time',
  judgingSeconds: 'seconds of judging',
};

export function plotCurves(outcomes: readonly Outcome[], cost: Cost): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: 900, height: 420 });
  try {
    chart.setOption({ ...curves(outcomes, cost), animation: false, backgroundColor: '#ffffff' });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}

function curves(outcomes: readonly Outcome[], cost: Cost): Option {
  const arms = [...byArm(outcomes)];
  const most = commonCost(outcomes, cost);
  const spent = Array.from({ length: POINTS + 1 }, (_, i) => (most * i) / POINTS);
  const line = (runs: readonly Outcome[]) =>
    spent.map((x): [number, number] => [
      x,
      runs.reduce((sum, run) => sum + provedAt(run.points, cost, x), 0) / runs.length,
    ]);
  const text = { color: INK, fontSize: 12 };
  return {
    legend: { data: arms.map(([arm]) => arm), orient: 'vertical', right: 30, top: 40, textStyle: text },
    grid: { left: 60, right: 250, top: 40, bottom: 46 },
    xAxis: {
      type: 'value',
      name: COST_NAMES[cost],
      nameLocation: 'middle',
      nameGap: 28,
      max: most,
      axisLabel: { ...text, showMaxLabel: false },
      nameTextStyle: text,
    },
    yAxis: {
      type: 'value',
      name: 'problems newly proved',
      axisLabel: text,
      nameTextStyle: { ...text, align: 'left' },
      splitLine: { lineStyle: { color: RULE } },
    },
    series: arms.flatMap(([arm, runs], i) => {
      const color = COLOURS[i % COLOURS.length] ?? INK;
      const shared = { type: 'line' as const, showSymbol: false, color };
      return [
        { ...shared, name: arm, data: line(runs), lineStyle: { width: 2.5 } },
        ...runs.map((run) => ({ ...shared, data: line([run]), lineStyle: { width: 0.7, opacity: 0.5 } })),
      ];
    }),
  };
}
