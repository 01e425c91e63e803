/** What a run cost: wall, CPU and GPU time by step, and throughput as units over the seconds spent on that kind of work. */
import type { Ledger } from '../ledger/index.ts';
import type { RunReport } from './report-data.ts';

type Cost = RunReport['cost'];

export function costFigures(ledger: Ledger, newProofs: number): Cost {
  const steps = stepSeconds(ledger);
  const seconds = steps.reduce((total, s) => total + s.seconds, 0);
  const rounds = ledger.rounds.list().map(({ number }) => ledger.metrics.get(number));
  const sum = (name: string) => rounds.reduce((total, metrics) => total + (metrics[name] ?? 0), 0);
  const peak = Math.max(0, ...rounds.map((metrics) => metrics['process.peakRssBytes'] ?? 0));
  return {
    steps,
    seconds,
    cpuSeconds: sumKnown(steps.map((s) => s.cpuSeconds)),
    gpuSeconds: sumKnown(steps.map((s) => s.gpuSeconds)),
    sampledTokens: sum('sample.tokens'),
    sampledTokensPerSecond: ratio(sum('sample.tokens'), sum('sample.seconds')),
    trainedTokens: sum('learn.tokens'),
    trainedTokensPerSecond: ratio(sum('learn.tokens'), sum('learn.seconds')),
    verdicts: sum('judge.verdicts'),
    verdictsPerSecond: ratio(sum('judge.verdicts'), sum('judge.seconds')),
    busyShare: ratio(
      rounds.reduce((total, metrics) => total + busySeconds(metrics), 0),
      sum('overlap.seconds'),
    ),
    secondsPerNewProof: ratio(seconds, newProofs),
    peakRssBytes: peak === 0 ? null : peak,
  };
}

/** While a round sampled and judged at once: how long the side that worked longer was at work. */
function busySeconds(metrics: Readonly<Record<string, number>>): number {
  const { 'overlap.samplingSeconds': sampling = 0, 'overlap.judgingSeconds': judging = 0 } = metrics;
  return Math.max(sampling, judging);
}

/** Summed over rounds, in the order a full round plays them. */
function stepSeconds(ledger: Ledger): Cost['steps'] {
  const rounds = ledger.rounds.list().toReversed();
  const played = rounds.flatMap(({ number }) => {
    const metrics = ledger.metrics.get(number);
    return ledger.steps.list(number).map(({ step, seconds }) => ({
      step,
      seconds,
      cpuSeconds: metrics[`cpu.${step}`] ?? null,
      gpuSeconds: metrics[`gpu.${step}`] ?? null,
    }));
  });
  return [...Map.groupBy(played, ({ step }) => step)].map(([step, times]) => ({
    step,
    seconds: times.reduce((total, t) => total + t.seconds, 0),
    cpuSeconds: sumKnown(times.map((t) => t.cpuSeconds)),
    gpuSeconds: sumKnown(times.map((t) => t.gpuSeconds)),
  }));
}

/** Null when nothing is known. */
function sumKnown(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}

const ratio = (amount: number, per: number) => (per > 0 ? amount / per : null);
