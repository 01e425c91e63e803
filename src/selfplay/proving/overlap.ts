/**
 * Sampling and judging at once: an attempt goes to the judge as soon as the ledger holds it. What is waiting for the
 * judge is bounded, so a slow judge holds the sampler up and memory stays flat. The ledger ends up the same whichever side is
 * faster, and when either fails, the other is stopped first and the first error is the one that is told.
 */
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { AttemptRecord } from '../../ledger/index.ts';
import type { SamplerSettings } from '../../policy/policy.ts';
import type { Statement } from '../../statements/statement.ts';
import type { Trial } from '../run.ts';
import { addToMetrics } from '../sampling.ts';
import { attemptAll, type IndexRange } from './attempting.ts';
import { judgeEach, pendingAttempts } from './judging.ts';

/** Attempts stored and not yet taken by the judge, at each end of the pipe between the two. */
const MOST_WAITING = 1024;

/** Adds to the round's metrics how long both sides worked: `overlap.seconds`, `.samplingSeconds`, `.judgingSeconds`. */
export async function attemptAndJudge(
  run: Trial,
  round: number,
  statements: readonly Statement[],
  range: IndexRange,
  sampler: SamplerSettings,
): Promise<void> {
  const cut = new AbortController();
  const both: Trial = { ...run, signal: AbortSignal.any([run.signal, cut.signal]) };
  const waiting = new PassThrough({ objectMode: true, highWaterMark: MOST_WAITING });
  const judging = busyTime(run.now);
  const sampling = busyTime(run.now);
  const started = run.now();

  const byId = new Map(statements.map((s) => [s.id, s]));
  const hand = async (attempts: readonly AttemptRecord[]) => {
    for (const { id, statementId, text } of attempts) {
      const statement = byId.get(statementId);
      if (statement === undefined) throw new Error(`Attempt ${id} is at a statement nobody asked about.`);
      judging.began();
      if (waiting.write({ id, statement, proof: text }) || both.signal.aborted) continue;
      sampling.ended();
      await once(waiting, 'drain', { signal: both.signal }).catch(() => {}); // aborted: the caller looks at the signal
      sampling.began();
    }
  };
  const sample = async () => {
    sampling.began();
    try {
      await attemptAll(both, round, 'prove', statements, range, sampler, hand);
    } finally {
      sampling.ended();
      waiting.end();
    }
  };
  // Read to its end before anything new is stored: an attempt sampled now comes through `waiting`, not twice.
  const left = [...pendingAttempts(run, { round, purpose: 'prove', from: range.from })];
  for (const _ of left) judging.began();
  const total = statements.length * (range.to - range.from);
  const judge = () => judgeEach(both, round, 'judge: verdicts', inTurn(left, waiting), total, judging.ended);

  const failures: unknown[] = [];
  const stopOther = (error: unknown) => {
    failures.push(error);
    cut.abort(error);
  };
  await Promise.all([sample().catch(stopOther), judge().catch(stopOther)]);
  addToMetrics(run, round, {
    'overlap.samplingSeconds': sampling.seconds(),
    'overlap.judgingSeconds': judging.seconds(),
    'overlap.seconds': (run.now() - started) / 1000,
  });
  if (failures.length > 0) throw failures[0];
}

/** First what an earlier try left unjudged, then what is sampled now. */
async function* inTurn<T>(first: readonly T[], then: AsyncIterable<T>): AsyncGenerator<T> {
  yield* first;
  yield* then;
}

/** Time during which at least one thing that began has not ended; what never ends, for the phase was stopped, counts up to now. */
function busyTime(now: () => number) {
  let running = 0;
  let since = 0;
  let total = 0;
  return {
    began: () => {
      if (running++ === 0) since = now();
    },
    ended: () => {
      if (--running === 0) total += now() - since;
    },
    seconds: () => (total + (running > 0 ? now() - since : 0)) / 1000,
  };
}
