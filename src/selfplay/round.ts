/**
 * One round of self-play, as on the design page. Each step commits what it made before the next begins; a step that
 * was cut off is played again and finds what it had already stored.
 *
 *   propose   the conjecturer writes statements from a seed, its proof and a lemma that proof uses
 *   screen    the checker drops what is ill-formed, known, hollow, trivial or false
 *   prove     the prover samples attempts at unproved problems and at the conjectures that are left, judged as they come
 *   judge     the checker says of every attempt that has no verdict yet whether it is a proof
 *   select    conjectures that are barely provable are kept for the conjecturer to learn from
 *   learn     judged attempts become signed weights, and the model learns
 *   evaluate  the new policy tries problems that nothing ever learns from
 *   report    the figures a run watches in itself, and everything above, re-derived from the ledger
 */
import { evaluate } from './evaluate.ts';
import { judge } from './judge.ts';
import { learn } from './learn.ts';
import { propose } from './propose.ts';
import { prove } from './prove.ts';
import { report } from './report.ts';
import type { Run } from './run.ts';
import { addToMetrics } from './sampling.ts';
import { screen } from './screen.ts';
import { select } from './select.ts';
import { stopOnAlarm } from './watch.ts';

/**
 * A step works, committing in batches if it likes, and returns a function that writes the rest: those writes and the
 * mark that the step is done are one transaction.
 */
export type Step = (run: Run, round: number) => Promise<() => void>;

export const STEPS = { propose, screen, prove, judge, select, learn, evaluate, report } as const;

/** Plays what is left of a round. Throws the signal's `StoppedError` between or within steps, or that of an alarm after it. */
export async function playRound(run: Run, round: number): Promise<void> {
  run.ledger.rounds.begin(round, run.policy.version);
  for (const [name, step] of Object.entries(STEPS)) await playStep(run, round, name, step);
  stopOnAlarm(run, round);
}

/** Round 0 is the measure of the policy a run starts from: one evaluation, nothing learned. */
export async function playBaseline(run: Run): Promise<void> {
  run.ledger.rounds.begin(0, run.policy.version);
  await playStep(run, 0, 'evaluate', evaluate);
}

/** Nothing where it is done already. */
async function playStep(run: Run, round: number, name: string, step: Step): Promise<void> {
  run.signal.throwIfAborted();
  run.beforeStep?.(round, name);
  const state = run.ledger.steps.begin(round, name);
  if (state === 'done') return;
  run.say(`round ${round}: ${name}${state === 'resumed' ? ' (resumed)' : ''}`, { round, step: name });
  const write = await metered(run, round, name, () => step(run, round)).catch((error: unknown) => {
    run.signal.throwIfAborted(); // what failed may have failed for that
    throw error;
  });
  run.signal.throwIfAborted();
  run.ledger.steps.finish(round, name, write);
}

/** Adds the CPU time of the work, and the time it held GPUs, to the round's metrics; a resumed step goes on counting. */
async function metered<T>(run: Run, round: number, name: string, work: () => Promise<T>): Promise<T> {
  const [started, cpu] = [run.now(), run.cpuSeconds()];
  try {
    return await work();
  } finally {
    const [seconds, after] = [(run.now() - started) / 1000, run.cpuSeconds()];
    addToMetrics(run, round, {
      ...(cpu === null || after === null ? {} : { [`cpu.${name}`]: after - cpu }),
      ...(run.gpus === 0 ? {} : { [`gpu.${name}`]: seconds * run.gpus }),
    });
  }
}
