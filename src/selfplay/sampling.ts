/** Sampling as every step does it: stream, store in batches as it comes, stop cleanly when asked. */
import type { Completion, SampleRequest, SamplerSettings } from '../policy/policy.ts';
import type { Trial } from './run.ts';

/** Completions stored together: small enough to lose little to a kill, and for a judge not to wait. */
const BATCH = 64;

/**
 * Samples `requests` and hands completions to `store`, a batch at a time. Stops early, having stored what there was,
 * when the run is asked to stop. Adds the tokens sampled and the seconds it took to the round's metrics.
 */
export async function sampleAll(
  run: Trial,
  round: number,
  label: string,
  requests: readonly SampleRequest[],
  settings: SamplerSettings,
  store: (completions: readonly Completion[]) => Promise<void> | void,
): Promise<void> {
  const total = requests.reduce((sum, r) => sum + r.n, 0);
  const progress = run.startProgress({ label, unit: 'samples', total });
  const started = run.now();
  let batch: Completion[] = [];
  let tokens = 0;
  const flush = async () => {
    const full = batch;
    batch = [];
    await store(full);
  };
  try {
    for await (const completion of run.policy.sample(requests, settings)) {
      batch.push(completion);
      tokens += completion.tokens.length;
      progress.advance();
      if (batch.length >= BATCH) await flush();
      if (run.signal.aborted) break;
    }
    await flush();
  } finally {
    progress.end();
    addToMetrics(run, round, {
      'sample.tokens': tokens,
      'sample.seconds': (run.now() - started) / 1000,
    });
  }
}

/** The settings, with a role's end markers among what stops a completion. */
export const endingAt = (ends: readonly string[], settings: SamplerSettings): SamplerSettings => ({
  ...settings,
  stop: [...new Set([...(settings.stop ?? []), ...ends])],
});

/** Adds to named numbers of a round; a resumed step goes on counting. */
export function addToMetrics(run: Trial, round: number, values: Readonly<Record<string, number>>): void {
  const before = run.ledger.metrics.get(round);
  run.ledger.metrics.set(
    round,
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, (before[name] ?? 0) + value])),
  );
}
