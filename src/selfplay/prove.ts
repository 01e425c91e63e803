/**
 * Prove: the prover samples attempts at problems nobody proved yet, at some that were proved before and at the conjectures
 * that passed the screen; the checker judges them meanwhile. Statements whose pass rate may be in the barely-provable window
 * get a second stage of attempts, where one is configured (staging.ts).
 */
import { z } from 'zod';
import { samplerOf } from '../config/index.ts';
import type { Statement } from '../statements/statement.ts';
import type { IndexRange } from './proving/attempting.ts';
import { judgeAll } from './proving/judging.ts';
import { attemptAndJudge } from './proving/overlap.ts';
import { goesOn, type StageRules } from './proving/staging.ts';
import { proveTargets } from './proving/targets.ts';
import type { Run } from './run.ts';

export async function prove(run: Run, round: number): Promise<() => void> {
  const { unproved, again } = proveTargets(run, round);
  run.ledger.statements.insert(
    [...unproved, ...again].map((p) => ({
      ...p,
      source: 'dataset' as const,
      dataset: run.config.data.dataset,
    })),
  );
  const conjectures = run.ledger.statements.keptConjectures(round);
  const rules = stageRules(run);
  run.say(
    `proving ${unproved.length} problems, ${again.length} proved ones again and ${conjectures.length} conjectures, ${rules.samples} attempts each`,
  );
  const all = [...unproved, ...again, ...conjectures];
  const decided = decidedBefore(run, round);
  if (decided === undefined) await stage(run, round, all, { from: 0, to: rules.samples });
  if (rules.maxSamples === rules.samples) return () => {};
  const ids = decided ?? (await decide(run, round, rules));
  if (run.signal.aborted) return () => {};
  const more = all.filter(({ id }) => ids.has(id));
  run.say(`${more.length} statements get up to ${rules.maxSamples} attempts`);
  await stage(run, round, more, { from: rules.samples, to: rules.maxSamples });
  return () => {};
}

/** The stages as configured, with the window they are for. */
export function stageRules({ config: { prove, select } }: Pick<Run, 'config'>): StageRules {
  const { samples, maxSamples = samples, extendUnproved } = prove;
  return { samples, maxSamples, extendUnproved, high: select.window.high };
}

async function stage(
  run: Run,
  round: number,
  statements: readonly Statement[],
  range: IndexRange,
): Promise<void> {
  await attemptAndJudge(run, round, statements, range, samplerOf(run.config.prove));
}

const factName = (round: number) => `secondStage.${round}`;

/** Whom an earlier try of the step gave a second stage; undefined before that is decided. */
function decidedBefore(run: Run, round: number): ReadonlySet<string> | undefined {
  const fact = z
    .array(z.string())
    .optional()
    .parse(run.ledger.facts.get(factName(round)));
  return fact && new Set(fact);
}

/**
 * Decided once, by the first stage alone, after what the checker failed on was asked once more: the estimate of a pass rate
 * assumes that the rule saw the counts it sees, so from here on nothing changes them.
 */
async function decide(run: Run, round: number, rules: StageRules): Promise<ReadonlySet<string>> {
  const firstStage = { round, purpose: 'prove', below: rules.samples } as const;
  if (!run.signal.aborted) await judgeAll(run, firstStage, 'judge: faults once more');
  const ids = run.ledger.verdicts
    .passRates(firstStage)
    .filter((rate) => goesOn(rate.proved, rate.judged, rules))
    .map((rate) => rate.statementId);
  if (!run.signal.aborted) run.ledger.facts.set(factName(round), ids);
  return new Set(ids);
}
