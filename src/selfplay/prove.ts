/**
 * Prove: the prover samples attempts at problems nobody proved yet, at some that were proved before and at the conjectures
 * that passed the screen; the checker judges them meanwhile. Statements whose pass rate may be in the barely-provable window
 * get a second stage of attempts, where one is configured (staging.ts).
 */
import { samplerOf } from '../config/index.ts';
import type { Statement } from '../statements/statement.ts';
import type { IndexRange } from './attempting.ts';
import { attemptAndJudge } from './overlap.ts';
import type { Run } from './run.ts';
import { goesOn, type StageRules } from './staging.ts';
import { proveTargets } from './targets.ts';

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
  await stage(run, round, all, { from: 0, to: rules.samples });
  if (rules.maxSamples === rules.samples || run.signal.aborted) return () => {};
  const more = worthMore(run, round, all, rules);
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

/** Decided by the first stage alone, so that a resumed step decides the same. */
function worthMore(
  run: Run,
  round: number,
  statements: readonly Statement[],
  rules: StageRules,
): Statement[] {
  const rates = new Map(
    run.ledger.verdicts
      .passRates({ round, purpose: 'prove', below: rules.samples })
      .map((rate) => [rate.statementId, rate]),
  );
  return statements.filter(({ id }) => {
    const rate = rates.get(id);
    return rate !== undefined && goesOn(rate.proved, rate.judged, rules);
  });
}
