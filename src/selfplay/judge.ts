/**
 * Judge: every attempt of the round has a verdict before anything is concluded from them. Most were judged while others were
 * sampled (prove.ts); here come the rest, and attempts on which the checker itself failed are asked once more.
 */
import { judgeAll } from './judging.ts';
import type { Run } from './run.ts';

export async function judge(run: Run, round: number): Promise<() => void> {
  await judgeAll(run, { round, purpose: 'prove' }, 'judge: verdicts');
  return () => {};
}
