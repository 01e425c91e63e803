/**
 * Watch: what a round says of the run's own health, as metrics `watch.*`, and what is done when a figure is out of its
 * bounds: said, a refresh asked of the next round, or the run stopped. Part of the report step, before the report is
 * written. Figures: watching/figures.ts.
 */
import { isUntempered } from '../config/index.ts';
import { AlarmError, LakatosError } from '../ops/errors.ts';
import { randomFrom, sampled, seedFor } from '../ops/seeds.ts';
import { refreshFact } from './learning/refresh.ts';
import { note } from './notes.ts';
import type { Run } from './run.ts';
import { type Alarm, alarmFact, describeAlarm, raised } from './watching/alarms.ts';
import {
  conjectureFigures,
  driftFigure,
  entropyFigure,
  type Figures,
  lemmaFigures,
  passRateHistogram,
} from './watching/figures.ts';

export async function watch(run: Run, round: number): Promise<void> {
  const { ledger, config } = run;
  const conjectures = ledger.conjectures.list(round);
  const figures: Figures = {
    ...conjectureFigures(ledger.conjectures.screenings(round), config.screen.hollow),
    ...lemmaFigures(
      conjectures.map((c) => c.lemmaName),
      keptLemmas(run, round),
    ),
    ...entropyFigure('conjecturerEntropy', conjectures),
    ...entropyFigure('samplerEntropy', attempts(run, round)),
    ...gapBefore(run, round),
    ...(await drift(run, round, 'logprobDrift')),
  };
  const alarms = raised(figures, config.watch.alarms);
  // Neither the ledger nor report.json has a place for such a number.
  const finite = Object.fromEntries(Object.entries(figures).filter(([, value]) => Number.isFinite(value)));
  const others = Object.keys(figures).filter((name) => !(name in finite));
  for (const alarm of alarms)
    run.say(`watch: ${describeAlarm(alarm)} (${alarm.action})`, { round, ...alarm });
  ledger.transaction(() => {
    ledger.metrics.set(round, prefixed('watch.', finite));
    if (others.length > 0)
      note(run, round, 'watch', others.map((name) => `watch.${name} is no finite number`).join('; '));
    ledger.metrics.set(round, prefixed('watch.passRateHistogram.', histogram(run, round)));
    if (alarms.length > 0) ledger.facts.set(alarmFact(round), alarms);
    if (alarms.some((a) => a.action === 'refresh')) ledger.facts.set(refreshFact(round + 1), true);
  });
}

/**
 * Ends a run whose watch asked for it in this round, once the round is whole. The ledger remembers that it did: a run killed
 * between the two is stopped when it goes on, one that was stopped is not stopped again.
 */
export function stopOnAlarm({ ledger }: Pick<Run, 'ledger'>, round: number): void {
  if (ledger.facts.get(stoppedFact(round)) === true) return;
  // Only `watch` writes this fact.
  const alarms = (ledger.facts.get(alarmFact(round)) ?? []) as readonly Alarm[];
  const stopping = alarms.filter((a) => a.action === 'stop');
  if (stopping.length === 0) return;
  ledger.facts.set(stoppedFact(round), true);
  throw new AlarmError(
    `The watch stopped the run after round ${round}: ${stopping.map(describeAlarm).join('; ')}.`,
  );
}

const stoppedFact = (round: number) => `stopped.${round}`;

function keptLemmas({ ledger }: Run, round: number): string[] {
  const selections = ledger.selections.list(round).filter((s) => s.outcome === 'selected');
  const kept = new Set(selections.map((s) => s.statementId));
  return ledger.statements
    .keptConjectures(round)
    .filter((c) => kept.has(c.id))
    .map((c) => c.lemmaName);
}

function* attempts({ ledger }: Run, round: number) {
  for (const group of ledger.attempts.judgedGroups({ round, purpose: 'prove' })) yield* group.attempts;
}

function histogram({ ledger }: Run, round: number): Record<string, number> {
  const rates = ledger.verdicts.passRates({ round, purpose: 'prove' });
  return passRateHistogram(
    rates.filter((r) => ledger.statements.get(r.statementId)?.source === 'conjecture'),
  );
}

/**
 * What sampler and learner make of the same attempts under the same weights: to be asked before the round's update, and a
 * fact until the watch reports it.
 */
export async function measureGap(run: Run, round: number): Promise<void> {
  const { samplerGap } = await drift(run, round, 'samplerGap');
  if (samplerGap !== undefined) run.ledger.facts.set(gapFact(round), samplerGap);
}

const gapFact = (round: number) => `samplerGap.${round}`;

function gapBefore({ ledger }: Run, round: number): Figures {
  const gap = ledger.facts.get(gapFact(round));
  // JSON has null for what is no finite number.
  return gap === undefined ? {} : { samplerGap: typeof gap === 'number' ? gap : Number.NaN };
}

/**
 * Of a sample of the round's attempts, under the weights as they are now. Absent where the policy cannot score, and where
 * the sampler was another distribution than the policy, by temperature or filter: then the two differ by that alone.
 */
async function drift(
  { ledger, policy, config, say }: Run,
  round: number,
  name: 'samplerGap' | 'logprobDrift',
): Promise<Figures> {
  if (!isUntempered(config.prove)) return {};
  const ids = [...ledger.attempts.ids({ round, purpose: 'prove' })].sort();
  const random = randomFrom(seedFor(config.run.seed, 'watch', round));
  const rows = sampled(ids, config.watch.driftRows, random)
    .flatMap((id) => ledger.attempts.get(id) ?? [])
    .filter((a) => a.tokens.length > 0);
  if (rows.length === 0) return {};
  try {
    return driftFigure(
      name,
      rows.map((r) => r.logprobs),
      await policy.score(rows),
    );
  } catch (error) {
    if (!(error instanceof LakatosError)) throw error;
    say(`watch: no ${name} (${error.message})`, { round });
    return {};
  }
}

const prefixed = (prefix: string, values: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}${name}`, value]));
