/**
 * What a round tries to prove: problems nobody proved yet, and some that were proved before, so that the prover does not
 * forget them. Conjectures come on top (prove.ts).
 *
 * STP proves statements again with a chance of 5 %, and always while their best pass rate is below 0.35
 * (RL/utils/RL_utils.py:456–462).
 */
import { randomFrom, seedFor, shuffled } from '../../ops/seeds.ts';
import type { Problem } from '../../statements/statement.ts';
import type { Run } from '../run.ts';

export interface Targets {
  readonly unproved: readonly Problem[];
  readonly again: readonly Problem[];
}

/** The same when the step is resumed: only earlier rounds count as proved. */
export function proveTargets(run: Run, round: number): Targets {
  const { data, prove, run: settings } = run.config;
  const proved = new Set(run.ledger.proofs.ofRounds(0, round - 1).map((p) => p.statementId));
  const problems = pool(run.problems.train, data.pool);
  const random = randomFrom(seedFor(settings.seed, 'problems', round));
  const open = problems.filter((p) => !proved.has(p.id));
  const rates = bestPassRates(run, round);
  const coin = randomFrom(seedFor(settings.seed, 'again', round));
  const again = problems.filter((p) => {
    if (!proved.has(p.id)) return false;
    const chosen = coin() < prove.replayShare;
    return chosen || (rates.get(p.id) ?? 1) < prove.replayBelow;
  });
  return { unproved: shuffled(open, random).slice(0, data.trainProblems), again };
}

/** A fixed random part of the problems, the same for every run: `size` problems, all of them when it is 0. */
function pool(train: readonly Problem[], size: number): readonly Problem[] {
  return size === 0 ? train : shuffled(train, randomFrom(seedFor(0, 'pool'))).slice(0, size);
}

/** By statement, over the rounds before this one that tried it. */
export function bestPassRates(run: Run, round: number): Map<string, number> {
  const best = new Map<string, number>();
  for (let earlier = 1; earlier < round; earlier++)
    for (const { statementId, proved, judged } of run.ledger.verdicts.passRates({
      round: earlier,
      purpose: 'prove',
    }))
      if (judged > 0) best.set(statementId, Math.max(best.get(statementId) ?? 0, proved / judged));
  return best;
}
