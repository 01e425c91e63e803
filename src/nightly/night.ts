/**
 * A night: rounds as long as there is time, then the evaluations that were asked for. With a deadline a round is sized
 * to what is left, and nothing is begun that cannot end: not a round, not a step, not an evaluation.
 *
 * A round keeps the size it began with (a fact in the ledger), so that one that was cut off ends as it would have. A
 * step that was cut off goes on from what it has, whatever the time; only learning, which starts over, is asked again.
 */
import type { Ledger } from '../ledger/index.ts';
import type { Deadline } from '../ops/deadline.ts';
import { StoppedError } from '../ops/errors.ts';
import { playBaseline, playRound } from '../selfplay/round.ts';
import type { Run } from '../selfplay/run.ts';
import { stopOnAlarm } from '../selfplay/watch.ts';
import type { EvaluationResult, Evaluations } from './evaluations.ts';
import {
  begunSize,
  expectedSeconds,
  measurePace,
  minutes,
  type RoundSize,
  STEP_NAMES,
  sizeFact,
  sizeRound,
  wholeRound,
} from './pace.ts';
import { rotate } from './rotation.ts';

/** What is left of the time does not hold what comes next. */
export class OutOfTimeError extends StoppedError {
  override readonly name = 'OutOfTimeError';
}

export interface NightParts {
  /** Absent: the rounds of the configuration, however long they take. */
  readonly deadline?: Deadline;
  /** Rounds in all, those of earlier nights included; infinity plays as many as fit. */
  readonly rounds: number;
  readonly evaluations: Evaluations;
  /** Throws when the machine has not what a round needs. */
  readonly checkSpace: () => Promise<void>;
}

/** Filled as the night goes, so that it can be told of a night that failed. */
export interface NightLog {
  /** Rounds that this night ended. */
  readonly played: number[];
  readonly evaluated: EvaluationResult[];
}

export async function playNight(run: Run, parts: NightParts, log: NightLog): Promise<void> {
  const { ledger } = run;
  tidy(run);
  const steps = stepKeeper(run, parts);
  const paced = withParts(run, { beforeStep: steps.before });
  try {
    const stopped = await playRounds(paced, parts, log).catch(laterIfOutOfTime);
    if (stopped !== undefined) run.say(stopped.message);
    await parts.evaluations.evaluate(run, parts.deadline, log.evaluated);
    if (stopped !== undefined && isUnfinished(ledger)) throw stopped;
  } finally {
    steps.end();
  }
}

async function playRounds(run: Run, parts: NightParts, log: NightLog): Promise<void> {
  if (run.config.evaluate.beforeAndAfter) await playBaseline(run);
  for (let round = 1; round <= parts.rounds; round++) {
    if (run.ledger.steps.isDone(round, 'report')) {
      stopOnAlarm(run, round); // where a kill came before the stop
      continue;
    }
    await parts.checkSpace();
    const { conjectures, trainProblems } = roundSize(run, parts, round);
    const { config } = run;
    const propose = { ...config.propose, conjectures };
    const data = { ...config.data, trainProblems };
    try {
      await playRound(withParts(run, { config: { ...config, propose, data } }), round);
    } finally {
      // An alarm stops the run after a round that is whole.
      if (run.ledger.steps.isDone(round, 'report')) log.played.push(round);
    }
    tidy(run);
  }
}

/** A run with some of its parts in place of the others; the policy stays whichever the run is at. */
function withParts(run: Run, parts: Partial<Run>): Run {
  return {
    ...run,
    get policy() {
      return run.policy;
    },
    ...parts,
  };
}

/** Out of time is no failure: what there is can still be evaluated. */
function laterIfOutOfTime(error: unknown): OutOfTimeError {
  if (error instanceof OutOfTimeError) return error;
  throw error;
}

function isUnfinished(ledger: Ledger): boolean {
  const last = ledger.rounds.list().at(-1)?.number ?? 0;
  return last > 0 && !ledger.steps.isDone(last, 'report');
}

function roundSize({ ledger, config, say }: Run, parts: NightParts, round: number): RoundSize {
  const begun = begunSize(ledger, round);
  if (begun !== undefined) return begun;
  const whole = wholeRound(config);
  const { deadline, evaluations } = parts;
  if (deadline === undefined || ledger.rounds.get(round) !== undefined) return whole;
  const measured = measurePace(ledger, config);
  const left = deadline.secondsLeft() - evaluations.expectedSeconds(ledger);
  const sizing = sizeRound(measured, config, left);
  if (sizing.kind === 'none')
    throw new OutOfTimeError(
      `Round ${round} is not begun: even a tenth of it takes about ${minutes(sizing.leastSeconds)}, and ${minutes(left)} are left before ${deadline.describe()} and its evaluations.`,
    );
  const { size } = sizing;
  ledger.facts.set(sizeFact(round), size);
  if (sizing.kind === 'unknown')
    say(
      `round ${round}: nothing was measured yet, so it is played as configured until ${deadline.describe()}`,
    );
  else
    say(
      `round ${round}: ${size.conjectures} conjectures and ${size.trainProblems} problems, about ${minutes(sizing.seconds)} of the ${minutes(left)} left${sizing.kind === 'part' ? `; the whole round would be ${whole.conjectures} and ${whole.trainProblems}` : ''}`,
    );
  return size;
}

/** Asked before each step; and while one is at work, its time in the ledger is kept up to date, for a kill loses it. */
function stepKeeper({ ledger, config }: Run, { deadline }: NightParts) {
  let current: { readonly round: number; readonly step: string } | undefined;
  const timer = setInterval(() => {
    if (current !== undefined) ledger.steps.touch(current.round, current.step);
  }, 10_000).unref();
  const before = (round: number, step: string): void => {
    if (deadline !== undefined) refuseLateStep(ledger, config, deadline, round, step);
    current = { round, step };
  };
  return { before, end: () => clearInterval(timer) };
}

function refuseLateStep(
  ledger: Ledger,
  config: Run['config'],
  deadline: Deadline,
  round: number,
  name: string,
): void {
  const step = STEP_NAMES.find((s) => s === name);
  const begun = ledger.steps.list(round).find((s) => s.step === name);
  if (step === undefined || begun?.status === 'done' || (begun !== undefined && step !== 'learn')) return;
  const size = begunSize(ledger, round) ?? wholeRound(config);
  const needed = expectedSeconds(measurePace(ledger, config), size, config)[step];
  const left = deadline.secondsLeft();
  if (needed === undefined || needed <= left) return;
  throw new OutOfTimeError(
    `Round ${round} waits before ${name}: it takes about ${minutes(needed)}, and ${minutes(left)} are left before ${deadline.describe()}.`,
  );
}

function tidy({ ledger, dir, config, say }: Run): void {
  const gone = rotate(ledger, dir, config.nightly.keepCheckpoints);
  if (gone.length > 0) say(`removed to make room: ${gone.join(', ')}`, { removed: gone });
}
