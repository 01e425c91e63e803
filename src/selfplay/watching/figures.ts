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

/**
 * Of the conjecturer's completions of a round, as the screen read them.
 * @param hollowProbed did the screen probe for hollow ones; else nobody knows how many were vacuous
 */
export function conjectureFigures(screenings: readonly ScreeningRecord[], hollowProbed: boolean): Figures {
  const shapes = screenings.filter((s) => s.parsed !== '').map((s) => shapeOf(s.parsed));
  const elaborated = screenings.filter((s) => !NOT_ELABORATED.has(s.outcome));
  const probed = hollowProbed ? screenings.filter((s) => PROBED.has(s.outcome)) : [];
  const share = (of: readonly ScreeningRecord[], holds: (s: ScreeningRecord) => boolean) =>
    mean(of.map((s) => (holds(s) ? 1 : 0)));
  return {
    ...figure('disjunctiveShare', mean(shapes.map((s) => (s.form === '∨' ? 1 : 0)))),
    ...figure('conclusionChars', mean(shapes.map((s) => s.conclusion.length))),
    ...figure(
      'vacuousShare',
      share(probed, (s) => s.detail === 'vacuous'),
    ),
    ...figure(
      'duplicateShare',
      share(elaborated, (s) => s.outcome === 'duplicate'),
    ),
  };
}

const NOT_ELABORATED: ReadonlySet<string> = new Set(['unparsed', 'too-long', 'ill-formed', 'fault']);
const PROBED: ReadonlySet<string> = new Set(['hollow', 'trivial', 'refuted', 'kept']);

/**
 * The lemma mix: the share of the commonest among completions asked to use one, and the entropy (nats) over the conjectures
 * that selection kept. '' is the trivial lemma.
 */
export function lemmaFigures(asked: readonly string[], kept: readonly string[]): Figures {
  const real = asked.filter((name) => name !== '');
  const entropy = shares(kept).reduce((sum, p) => sum - p * Math.log(p), 0);
  return {
    ...figure('lemmaTop1Share', real.length === 0 ? undefined : Math.max(...shares(real))),
    ...figure('keptLemmaEntropy', kept.length === 0 ? undefined : entropy),
  };
}

const shares = (names: readonly string[]): number[] =>
  [...Map.groupBy(names, (name) => name).values()].map((same) => same.length / names.length);

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
  name: Watched,
  sampled: readonly (readonly number[])[],
  scored: readonly ArrayLike<number>[],
): Figures {
  const gaps = sampled.flatMap((row, i) => row.map((p, j) => Math.abs(p - (scored[i]?.[j] ?? p))));
  return figure(name, mean(gaps));
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
