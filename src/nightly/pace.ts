/**
 * How long the steps of a round take, as the ledger measured it in rounds before: what a deadline is held against.
 *
 * A step's time is taken to be proportional to what it works on: conjectures (propose, screen), statements tried (prove,
 * judge, learn), held-out attempts (evaluate), nothing (select, report). Of the last three rounds that ended the step the
 * slowest counts, and a fifth is added. Before the first round only round 0 was measured; then an attempt is taken to
 * cost what a held-out attempt did, in each step, twice over. Where nothing was measured nothing is estimated.
 */
import type { Config } from '../config/index.ts';
import type { Ledger } from '../ledger/index.ts';
import { STEPS } from '../selfplay/round.ts';

export type StepName = keyof typeof STEPS;
export const STEP_NAMES = Object.keys(STEPS) as readonly StepName[]; // the keys of a constant are its type's

/** What a round works on. */
export interface RoundSize {
  readonly conjectures: number;
  readonly trainProblems: number;
}

export const wholeRound = ({ propose, data }: Config): RoundSize => ({
  conjectures: propose.conjectures,
  trainProblems: data.trainProblems,
});

/** Name of the ledger's fact that holds the size a round began with, when it began under a deadline. */
export const sizeFact = (round: number) => `size.${round}`;

/** The size that a round began with under a deadline. */
export function begunSize(ledger: Ledger, round: number): RoundSize | undefined {
  return ledger.facts.get(sizeFact(round)) as RoundSize | undefined; // only night.ts writes this fact
}

export interface Measured {
  /** Seconds a unit of each step, margin included; absent when nothing is known of it. */
  readonly pace: Readonly<Partial<Record<StepName, number>>>;
  /** Conjectures that come through the screen, per conjecture written: the most of the last rounds. */
  readonly keptShare: number;
  /** Statements tried, per problem asked for and conjecture left (proved ones are tried again): likewise. */
  readonly triedShare: number;
}

const ROUNDS = 3;
/** Counting what rounds worked on takes time itself; a step that none of these ended is not estimated from them. */
const LOOKED_AT = 12;
const MARGIN = 1.2;
const GUESS = 2;

export function measurePace(ledger: Ledger, config: Config): Measured {
  const rounds = ledger.rounds
    .list()
    .filter((r) => r.number > 0)
    .slice(-LOOKED_AT);
  const works = rounds.map(({ number }) => workOf(ledger, config, number));
  const mostOf = (values: readonly number[], otherwise: number) =>
    values.length === 0 ? otherwise : Math.max(...values.slice(-ROUNDS));
  const measured = STEP_NAMES.flatMap((step): [StepName, number][] => {
    const rates = works.flatMap(({ seconds, units }) => {
      const took = seconds.get(step);
      return took === undefined || units[step] === 0 ? [] : [took / units[step]];
    });
    return rates.length === 0 ? [] : [[step, MARGIN * mostOf(rates, 0)]];
  });
  const proposed = works.filter(({ units }) => units.propose > 0);
  const tried = works.filter(({ seconds, asked }) => seconds.has('prove') && asked > 0);
  return {
    pace: { ...guessed(ledger, config), ...Object.fromEntries(measured) },
    keptShare: mostOf(
      proposed.map(({ kept, units }) => kept / units.propose),
      1,
    ),
    triedShare: mostOf(
      tried.map(({ asked, units }) => units.prove / asked),
      1,
    ),
  };
}

/** From the evaluation of the policy a run starts from, when there was one. */
function guessed(ledger: Ledger, config: Config): Measured['pace'] {
  const { seconds, units } = workOf(ledger, config, 0);
  const took = seconds.get('evaluate');
  if (took === undefined || units.evaluate === 0) return {};
  const attempt = took / units.evaluate;
  const { samples, maxSamples = samples } = config.prove;
  const [one, group] = [GUESS * attempt, GUESS * attempt * maxSamples];
  return {
    propose: one,
    screen: one,
    prove: group,
    judge: group,
    learn: group,
    evaluate: MARGIN * attempt,
  };
}

/** What a round did so far: seconds of the steps it ended, and what they worked on. */
function workOf(ledger: Ledger, config: Config, round: number) {
  const done = ledger.steps.list(round).filter((s) => s.status === 'done');
  const seconds = new Map(done.map((s) => [s.step, s.seconds ?? 0]));
  const tried = ledger.attempts.countsByStatement({ round, purpose: 'prove' }).length;
  const heldout = ledger.attempts
    .countsByStatement({ round, purpose: 'evaluate' })
    .reduce((sum, { count }) => sum + count, 0);
  const { proposed, screened } = ledger.funnel(round);
  const kept = screened.kept ?? 0;
  const { trainProblems } = begunSize(ledger, round) ?? wholeRound(config);
  return { seconds, units: unitsOf(proposed, tried, heldout), kept, asked: trainProblems + kept };
}

const unitsOf = (conjectures: number, tried: number, heldout: number): Record<StepName, number> => ({
  propose: conjectures,
  screen: conjectures,
  prove: tried,
  judge: tried,
  select: 1,
  learn: tried,
  evaluate: heldout,
  report: 1,
});

/** Seconds that each step of a round of that size is expected to take; absent where nothing is known. */
export function expectedSeconds(
  { pace, keptShare, triedShare }: Measured,
  { conjectures, trainProblems }: RoundSize,
  { evaluate }: Config,
): Partial<Record<StepName, number>> {
  const tried = (trainProblems + keptShare * conjectures) * triedShare;
  const units = unitsOf(conjectures, tried, evaluate.problems * evaluate.samples);
  return Object.fromEntries(
    STEP_NAMES.flatMap((step) => {
      const each = pace[step];
      return each === undefined ? [] : [[step, each * units[step]]];
    }),
  );
}

/** Less than this part of a round is not worth a round. */
const LEAST_SHARE = 0.1;

export type Sizing =
  | { readonly kind: 'whole' | 'part'; readonly size: RoundSize; readonly seconds: number }
  /** Nothing was measured yet: the round is played as configured, and the deadline cuts it. */
  | { readonly kind: 'unknown'; readonly size: RoundSize }
  | { readonly kind: 'none'; readonly leastSeconds: number };

/** The round that fits in `secondsLeft`: as configured if that fits, else fewer conjectures and problems alike. */
export function sizeRound(measured: Measured, config: Config, secondsLeft: number): Sizing {
  const whole = wholeRound(config);
  const total = (size: RoundSize) => sum(Object.values(expectedSeconds(measured, size, config)));
  if (Object.keys(measured.pace).length === 0) return { kind: 'unknown', size: whole };
  if (total(whole) <= secondsLeft) return { kind: 'whole', size: whole, seconds: total(whole) };
  const fixed = total({ conjectures: 0, trainProblems: 0 });
  const share = (secondsLeft - fixed) / (total(whole) - fixed);
  if (!(share >= LEAST_SHARE))
    return { kind: 'none', leastSeconds: fixed + LEAST_SHARE * (total(whole) - fixed) };
  const size = {
    conjectures: Math.floor(share * whole.conjectures),
    trainProblems: Math.floor(share * whole.trainProblems),
  };
  return { kind: 'part', size, seconds: total(size) };
}

const sum = (values: readonly (number | undefined)[]) => values.reduce<number>((a, b) => a + (b ?? 0), 0);

export const minutes = (seconds: number): string =>
  seconds < 90 ? `${Math.max(0, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`;
