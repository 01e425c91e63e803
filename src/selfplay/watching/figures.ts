/**
 * The figures of a round by which a run that goes wrong is noticed: what its conjectures look like, how sure its sampler
 * is, how far the learner has moved from it. Without a guide most conjectures of a pass-rate reward end up disjunctive
 * and long (Bailey et al., arXiv 2604.20209). Pure; a figure nothing was seen for is absent, not 0.
 */
import type { Watched } from '../../config/watch-settings.ts';
import type { PassRate, ScreeningRecord } from '../../ledger/index.ts';
import { PASS_RATE_BINS } from '../../reports/pass-rate-bins.ts';
import { shapeOf } from '../selection/shape.ts';

export type Figures = Readonly<Partial<Record<Watched, number>>>;

/** Of the conjecturer's completions of a round, as the screen read them. */
export function conjectureFigures(screenings: readonly ScreeningRecord[]): Figures {
  const shapes = screenings.filter((s) => s.parsed !== '').map((s) => shapeOf(s.parsed));
  const elaborated = screenings.filter((s) => !NOT_ELABORATED.has(s.outcome));
  const share = (holds: (s: ScreeningRecord) => boolean) => mean(elaborated.map((s) => (holds(s) ? 1 : 0)));
  return {
    ...figure('disjunctiveShare', mean(shapes.map((s) => (s.form === '∨' ? 1 : 0)))),
    ...figure('conclusionChars', mean(shapes.map((s) => s.conclusion.length))),
    ...figure(
      'vacuousShare',
      share((s) => s.detail === 'vacuous'),
    ),
    ...figure(
      'duplicateShare',
      share((s) => s.outcome === 'duplicate'),
    ),
  };
}

const NOT_ELABORATED: ReadonlySet<string> = new Set(['unparsed', 'too-long', 'ill-formed', 'fault']);

/** The share of the commonest lemma among completions asked to use one. @param lemmas '' is the trivial one */
export function lemmaFigures(lemmas: readonly string[]): Figures {
  const real = lemmas.filter((name) => name !== '');
  const most = Math.max(
    ...Map.groupBy(real, (name) => name)
      .values()
      .map((same) => same.length),
  );
  return figure('lemmaTop1Share', real.length === 0 ? undefined : most / real.length);
}

/** Mean of −log p over sampled tokens: an unbiased estimate of the sampler's entropy a token, in nats. */
export function entropyFigure(
  name: Watched,
  samples: Iterable<{ readonly logprobs: readonly number[] }>,
): Figures {
  let sum = 0;
  let tokens = 0;
  for (const { logprobs } of samples) {
    sum -= logprobs.reduce((a, b) => a + b, 0);
    tokens += logprobs.length;
  }
  return figure(name, tokens === 0 ? undefined : sum / tokens);
}

/** Mean over tokens of |log p of the sampler − log p now|. */
export function driftFigure(
  sampled: readonly (readonly number[])[],
  scored: readonly ArrayLike<number>[],
): Figures {
  const gaps = sampled.flatMap((row, i) => row.map((p, j) => Math.abs(p - (scored[i]?.[j] ?? p))));
  return figure('logprobDrift', mean(gaps));
}

/** Conjectures tried, by pass rate; bins as in the report. */
export function passRateHistogram(rates: readonly PassRate[]): Record<string, number> {
  const shares = rates.filter((r) => r.judged > 0).map((r) => r.proved / r.judged);
  return Object.fromEntries(PASS_RATE_BINS.map(([label, holds]) => [label, shares.filter(holds).length]));
}

const figure = (name: Watched, value: number | undefined): Figures =>
  value === undefined ? {} : { [name]: value };

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((a, b) => a + b, 0) / values.length;
}
