/**
 * ECharts on the server: an option becomes an SVG string, without a DOM. Colours are the page's CSS variables, so one
 * drawing serves light, dark and print. Library ids and hover styles are taken out: they count upwards between calls,
 * and the same report must give the same page.
 */
import {
  BarChart,
  type BarSeriesOption,
  CustomChart,
  type CustomSeriesOption,
  LineChart,
  type LineSeriesOption,
} from 'echarts/charts';
import { GridComponent, type GridComponentOption } from 'echarts/components';
import { type ComposeOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { Html, html } from './markup.ts';

use([BarChart, CustomChart, LineChart, GridComponent, SVGRenderer]);

export type PlotOption = ComposeOption<
  BarSeriesOption | CustomSeriesOption | LineSeriesOption | GridComponentOption
>;

/** Drawn at about the width of a phone, so that type stays readable there; wider places set plots side by side. */
export const PLOT_WIDTH = 410;

export const INK = 'var(--ink)';
export const MUTED = 'var(--muted)';
export const RULE = 'var(--rule)';
export const FAINT = 'var(--faint)';
export const ACCENT = 'var(--accent)';
export const GOOD = 'var(--good)';

export interface Figure {
  readonly title: string;
  /** What the plot shows, in words, for those who do not see it. */
  readonly description: string;
  readonly height: number;
  readonly option: PlotOption;
  /** One line under the plot. */
  readonly note?: string;
}

export function figure({ title, description, height, option, note }: Figure): Html {
  return html`<figure>
<h3>${title}</h3>
<div class="plot" role="img" aria-label="${description}">${svg(option, height)}</div>
${note === undefined ? null : html`<figcaption>${note}</figcaption>`}
</figure>`;
}

/** A drawing alone. */
export function svg(option: PlotOption, height: number, width = PLOT_WIDTH): Html {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: 'inherit', fontSize: 12, color: INK },
      ...option,
    });
    return new Html(tidy(chart.renderToSVGString()));
  } finally {
    chart.dispose();
  }
}

function tidy(markup: string): string {
  return markup
    .replace(/<style[\s\S]*?<\/style>|<defs[\s\S]*?<\/defs>/g, '')
    .replace(/<svg width="\d+" height="\d+"/, '<svg')
    .replace(
      / (class|ecmeta_\w+|clip-path|pointer-events|baseProfile|version|xmlns(:xlink)?|xml:space)="[^"]*"/g,
      '',
    )
    .replace(/<rect [^>]*fill="none"><\/rect>\n?/, '')
    .replace(/(\d+\.\d)\d+/g, '$1')
    .replace('<svg', '<svg aria-hidden="true" focusable="false"');
}
