/**
 * Judge: every attempt of the round has a verdict before anything is concluded from them. Most were judged while others were
 * sampled (prove.ts); here come the rest, and attempts on which the checker itself failed are asked once more. Not those
 * that decided on a second stage: they were asked once more before it, and their counts stay what the decision saw.
 */

import { stageRules } from './prove.ts';
import { judgeAll } from './proving/judging.ts';
import type { Run } from './run.ts';

export async function judge(run: Run, round: number): Promise<() => void> {
  const { samples, maxSamples } = stageRules(run);
  const from = maxSamples > samples ? samples : 0;
  await judgeAll(run, { round, purpose: 'prove', from }, 'judge: verdicts');
  return () => {};
}
