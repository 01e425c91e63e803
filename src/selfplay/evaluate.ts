/** Evaluate: the current policy tries held-out problems, the same ones every round. Nothing ever learns from these. */
import { samplerOf } from '../config/index.ts';
import { randomFrom, seedFor, shuffled } from '../ops/seeds.ts';
import { attemptAll } from './proving/attempting.ts';
import { judgeAll } from './proving/judging.ts';
import type { Run } from './run.ts';

export async function evaluate(run: Run, round: number): Promise<() => void> {
  const { problems: wanted, every, samples } = run.config.evaluate;
  if (round % every !== 0 && round !== run.config.run.rounds) return () => {};
  const problems = shuffled(run.problems.heldout, randomFrom(seedFor(run.config.run.seed, 'heldout'))).slice(
    0,
    wanted,
  );
  run.ledger.statements.insert(
    problems.map((p) => ({ ...p, source: 'dataset' as const, dataset: run.config.data.dataset })),
  );
  const all = { from: 0, to: samples };
  await attemptAll(run, round, 'evaluate', problems, all, samplerOf(run.config.evaluate));
  if (!run.signal.aborted) await judgeAll(run, { round, purpose: 'evaluate' }, 'evaluate: verdicts');
  return () => {};
}
