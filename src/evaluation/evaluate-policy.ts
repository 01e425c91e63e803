/**
 * An evaluation from a surveyed problem set to verdicts in the ledger: sample, judge, ask once more what the checker
 * failed on. Each part stores as it goes, so a killed evaluation goes on where it was. It computes no figure.
 *
 * Adaptive: a first quarter of the attempts at every problem, then all of them at those still unproved. Stopping at
 * the first proof biases every pass@k but "any of n", so whoever asks for another k is refused before (settings.ts).
 */
import { StoppedError } from '../ops/errors.ts';
import { attemptAll } from '../selfplay/proving/attempting.ts';
import { judgeAll } from '../selfplay/proving/judging.ts';
import type { Trial } from '../selfplay/run.ts';
import { addToMetrics } from '../selfplay/sampling.ts';
import type { Statement } from '../statements/statement.ts';
import type { EvaluationSettings } from './settings.ts';
import type { Survey } from './survey.ts';
import { EVALUATION } from './trial-results.ts';

export async function evaluatePolicy(
  trial: Trial,
  survey: Survey,
  settings: EvaluationSettings,
  cpuSeconds: () => number | null,
): Promise<void> {
  const { ledger, signal } = trial;
  const metered = <T>(phase: string, work: () => Promise<T>) => meteredPhase(trial, phase, cpuSeconds, work);
  if (ledger.steps.begin(EVALUATION.round, 'evaluate') !== 'done') {
    const problems = evaluatedProblems(trial, survey);
    for (const samples of stages(settings)) {
      const proved = settings.adaptive ? provedIds(trial) : new Set();
      const open = problems.filter((p) => !proved.has(p.id));
      await metered('sample', () => sampleStage(trial, open, samples, settings));
      await metered('judge', () => judgeAll(trial, EVALUATION, 'judge'));
      signal.throwIfAborted();
    }
    ledger.steps.finish(EVALUATION.round, 'evaluate');
  }
  // Faults are asked about once more, now and whenever the command is given again.
  if (ledger.attempts.pendingCount(EVALUATION, { retryFaults: true }) > 0)
    await metered('judge', () => judgeAll(trial, EVALUATION, 'judge again'));
  signal.throwIfAborted();
}

/** Adds the CPU time of the work to the metrics; a resumed evaluation goes on counting. */
async function meteredPhase<T>(
  trial: Trial,
  phase: string,
  cpuSeconds: () => number | null,
  work: () => Promise<T>,
): Promise<T> {
  const before = cpuSeconds();
  try {
    return await work();
  } finally {
    const after = cpuSeconds();
    if (before !== null && after !== null)
      addToMetrics(trial, EVALUATION.round, { [`${phase}.cpuSeconds`]: after - before });
  }
}

/** Attempts a problem after each stage. */
function stages({ samples, adaptive }: EvaluationSettings): readonly number[] {
  const quarter = Math.ceil(samples / 4);
  return adaptive && quarter < samples ? [quarter, samples] : [samples];
}

function evaluatedProblems({ ledger }: Trial, { problems }: Survey): Statement[] {
  return problems.filter((p) => p.excluded === null).flatMap(({ id }) => ledger.statements.get(id) ?? []);
}

async function sampleStage(
  trial: Trial,
  problems: readonly Statement[],
  samples: number,
  { sampler, policy }: EvaluationSettings,
): Promise<void> {
  await attemptAll(trial, EVALUATION.round, EVALUATION.purpose, problems, { from: 0, to: samples }, sampler);
  trial.signal.throwIfAborted();
  const stored = attemptsByProblem(trial);
  const wanted = problems.length * samples;
  const answered = problems.reduce((sum, p) => sum + Math.min(samples, stored.get(p.id) ?? 0), 0);
  const short = problems.filter((p) => (stored.get(p.id) ?? 0) < samples);
  if (short[0] !== undefined)
    throw new StoppedError(
      `The policy ${policy.uri} answered ${answered === 0 ? 'none' : answered} of ${wanted} requests, too few of ${short[0].id}${short.length > 1 ? ` and ${short.length - 1} more` : ''}; without all of them there is no pass@k. Look at the policy (a problem longer than its context it can never answer: take that out of the file), then run the same command again: what was answered is kept.`,
    );
}

function attemptsByProblem({ ledger }: Trial): Map<string, number> {
  return new Map(
    ledger.attempts.countsByStatement(EVALUATION).map(({ statementId, count }) => [statementId, count]),
  );
}

function provedIds({ ledger }: Trial): Set<string> {
  const rates = ledger.verdicts.passRates(EVALUATION);
  return new Set(rates.filter((r) => r.proved > 0).map((r) => r.statementId));
}
