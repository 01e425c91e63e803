/** Judging as every step does it: whatever attempts of a set have no verdict get one, stored as they come. */
import type { Attempt, Source, Verdict } from '../../checkers/checker.ts';
import type { AttemptSet, StatementRecord } from '../../ledger/index.ts';
import type { Trial } from '../run.ts';
import { addToMetrics } from '../sampling.ts';

const BATCH = 64;

/** Attempts that ended in a fault are asked once more when a step is resumed; a verdict never changes otherwise. */
export async function judgeAll(run: Trial, set: AttemptSet, label: string): Promise<void> {
  const total = run.ledger.attempts.pendingCount(set, { retryFaults: true });
  await judgeEach(run, set.round, label, pendingAttempts(run, set), total);
}

/** Stores verdicts as they come. `total` is how many are expected, for the progress line. */
export async function judgeEach(
  run: Trial,
  round: number,
  label: string,
  attempts: Source<Attempt>,
  total: number,
  onVerdict: () => void = () => {},
): Promise<void> {
  const progress = run.startProgress({ label, unit: 'verdicts', total });
  const started = run.now();
  let batch: Verdict[] = [];
  let judged = 0;
  let proved = 0;
  const flush = () => {
    const stamp = { toolchain: run.checker.toolchain, judgedAt: run.now() };
    run.ledger.verdicts.insert(batch.map((v) => ({ ...v, ...stamp })));
    batch = [];
  };
  try {
    for await (const verdict of run.checker.judge(attempts)) {
      batch.push(verdict);
      judged++;
      onVerdict();
      proved += verdict.verdict === 'proved' ? 1 : 0;
      progress.advance(1, `${proved} proved`);
      if (batch.length >= BATCH) flush();
      if (run.signal.aborted) break;
    }
    flush();
  } finally {
    progress.end();
    addToMetrics(run, round, {
      'judge.verdicts': judged,
      'judge.seconds': (run.now() - started) / 1000,
    });
  }
}

export function* pendingAttempts(run: Trial, set: AttemptSet): Generator<Attempt> {
  let statement: StatementRecord | undefined;
  for (const { id, statementId, text } of run.ledger.attempts.pending(set, { retryFaults: true })) {
    if (statement?.id !== statementId) statement = run.ledger.statements.get(statementId);
    if (statement === undefined)
      throw new Error(`Attempt ${id} names a statement the ledger lacks: ${statementId}`);
    yield { id, statement, proof: text };
  }
}
