/** The plots of an evaluation's page. Each returns null when there is nothing to show. */
import { horizontalBars, niceTop } from './charts.ts';
import type { EvalReport } from './eval-data.ts';
import { percent, whole } from './format.ts';
import type { Html } from './markup.ts';
import { ACCENT, FAINT, figure, GOOD, INK, MUTED, type PlotOption, RULE } from './plot.ts';

/** pass@k against the number of attempts, with its interval as a band. */
export function curvePlot({ curve }: EvalReport): Html | null {
  if (curve.length < 2) return null;
  return figure({
    title: 'pass@k against attempts',
    description: curve.map((p) => `k = ${p.k}: ${percent(p.estimate)}`).join('; '),
    height: 220,
    option: bandOption(
      curve.map((p) => ({ ...p, x: p.k })),
      (value) => whole(value),
    ),
    note: 'Attempts a problem, doubling. Unbiased estimate; the thin lines are its 95 % interval over problems.',
  });
}

/** The same against tokens generated, which is what attempts cost. */
export function tokenPlot({ curve }: EvalReport): Html | null {
  if (curve.length < 2 || curve.some((p) => p.tokens <= 0)) return null;
  return figure({
    title: 'pass@k against tokens',
    description: curve.map((p) => `${whole(p.tokens)} tokens: ${percent(p.estimate)}`).join('; '),
    height: 220,
    option: bandOption(
      curve.map((p) => ({ ...p, x: p.tokens })),
      (value) => whole(value),
    ),
    note: 'Mean tokens generated a problem for k attempts, on a logarithmic axis.',
  });
}

interface Point {
  readonly x: number;
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

function bandOption(points: readonly Point[], label: (x: number) => string): PlotOption {
  const line = (value: (p: Point) => number, color: string, width: number) => ({
    type: 'line' as const,
    silent: true,
    clip: false,
    symbol: width > 1 ? 'circle' : 'none',
    symbolSize: 6,
    lineStyle: { color, width },
    itemStyle: { color },
    data: points.map((p) => value(p)),
  });
  const top = niceTop(Math.max(...points.map((p) => p.high)));
  return {
    grid: { left: 46, right: 14, top: 10, bottom: 26 },
    xAxis: {
      type: 'category',
      data: points.map((p) => label(p.x)),
      boundaryGap: false,
      axisLabel: { color: MUTED },
      axisLine: { lineStyle: { color: RULE } },
      axisTick: { show: false },
    },
    yAxis: {
      type: 'value',
      min: 0,
      max: top,
      // Whole per cents at every tick.
      interval: top / (top === 0.3 ? 3 : 4),
      splitLine: { lineStyle: { color: RULE } },
      axisLabel: { color: MUTED, formatter: (v: number) => percent(v, 0) },
    },
    series: [line((p) => p.low, FAINT, 1), line((p) => p.high, FAINT, 1), line((p) => p.estimate, ACCENT, 2)],
  };
}

/** Problems by the share of their attempts that were proofs. */
export function problemRatePlot({ passRates }: EvalReport): Html | null {
  if (passRates.every((bin) => bin.problems === 0)) return null;
  return columns({
    title: 'Problems by pass rate',
    bars: passRates.map((bin) => ({ label: bin.label, value: bin.problems })),
    unit: 'problems',
    note: 'Share of a problem’s judged attempts that were proofs.',
  });
}

export function proofLengthPlot({ proofLengths }: Pick<EvalReport, 'proofLengths'>): Html | null {
  if (proofLengths.every((bin) => bin.proofs === 0)) return null;
  return columns({
    title: 'Proofs by length',
    bars: proofLengths.map((bin) => ({ label: bin.label, value: bin.proofs })),
    unit: 'proofs',
    note: 'Characters, every accepted proof counted, repeated ones too.',
  });
}

interface Columns {
  readonly title: string;
  readonly bars: readonly { readonly label: string; readonly value: number }[];
  readonly unit: string;
  readonly note: string;
}

function columns({ title, bars, unit, note }: Columns): Html {
  return figure({
    title,
    description: bars.map((bar) => `${bar.label}: ${bar.value} ${unit}`).join('; '),
    height: 210,
    option: {
      grid: { left: 6, right: 6, top: 20, bottom: 24 },
      xAxis: {
        type: 'category',
        data: bars.map((bar) => bar.label),
        axisLabel: { color: INK, interval: 0, fontSize: bars.length > 6 ? 10 : 12 },
        axisLine: { lineStyle: { color: RULE } },
        axisTick: { show: false },
      },
      yAxis: { type: 'value', show: false },
      series: [
        {
          type: 'bar',
          silent: true,
          barWidth: '58%',
          itemStyle: { color: ACCENT, borderRadius: [2, 2, 0, 0] },
          data: bars.map((bar) => bar.value),
          label: {
            show: true,
            position: 'top',
            color: MUTED,
            fontSize: 11,
            formatter: ({ value }: { value?: unknown }) => (value === 0 ? '' : whole(Number(value))),
          },
        },
      ],
    },
    note,
  });
}

/** Every attempt by what the checker said. */
export function verdictBars({ verdicts, attempts }: EvalReport): Html | null {
  const shown = Object.entries(verdicts)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a);
  if (shown.length === 0) return null;
  return figure({
    title: 'Verdicts on attempts',
    description: shown.map(([verdict, count]) => `${verdict} ${count}`).join(', '),
    height: 16 + 27 * shown.length,
    option: horizontalBars(
      shown.map(([verdict, count]) => ({
        name: verdict,
        value: count,
        label: `${whole(count)} · ${percent(count / attempts)}`,
        color: verdict === 'proved' ? GOOD : FAINT,
      })),
      74,
    ),
  });
}
