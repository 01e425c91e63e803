/**
 * A refresh: the run's first policy learns anew from everything verified so far, and takes the place of one that many small
 * updates have bent. When: every so many rounds, in the last one, or when the watch asks for it.
 *
 * STP's periodic refresh and final retrain (RL/RL_step3_final_model.py, run_RL_train.sh): a random 16 of a statement's
 * distinct proofs, each weighing e^(−0.001·characters); a conjecture's proofs only from rounds in which it was barely provable.
 * STP leaves conjecturing examples out, which puts its conjecturer back to the beginning; here they stay in.
 */
import type { Config } from '../../config/index.ts';
import type { JudgedAttempt, Ledger } from '../../ledger/index.ts';
import * as aggregate from '../../objectives/aggregates.ts';
import * as filter from '../../objectives/filters.ts';
import {
  defineObjective,
  type Group,
  type Objective,
  type ObjectiveSettings,
} from '../../objectives/index.ts';
import * as select from '../../objectives/selectors.ts';
import * as weight from '../../objectives/weights.ts';
import { seedFor } from '../../ops/seeds.ts';
import { passRate, type StageRules } from '../proving/staging.ts';
import type { Run } from '../run.ts';
import { judged, type TrainingGroups } from './groups.ts';
import { leftOut } from './left-out.ts';
import type { SampledSequence } from './training.ts';

const MOST_PROOFS = 16;

/** a⁺ = e^(−charDecay·characters); mean over tokens. */
export const retrain: Objective = defineObjective('retrain', {
  formula: 'a⁺ = e^(−charDecay·characters); mean over tokens of at most 16 distinct proofs a statement',
  filter: filter.keepAll,
  select: select.positivesOnly,
  weight: weight.short,
  aggregate: aggregate.weightedTokenMean,
});

/** What the configuration says of it. */
export function retrainSettings({ learn }: Pick<Config, 'learn'>): Partial<ObjectiveSettings> {
  const { charDecay } = learn.objectiveSettings;
  return charDecay === undefined ? {} : { charDecay };
}

/** Name of the ledger's fact that the watch sets to ask for a refresh in that round. */
export const refreshFact = (round: number) => `refresh.${round}`;

export function isRefresh({ config, ledger }: Pick<Run, 'config' | 'ledger'>, round: number): boolean {
  const { refreshEvery, refreshLast } = config.learn;
  if (refreshEvery > 0 && round % refreshEvery === 0) return true;
  if (refreshLast && round === config.run.rounds && round > 1) return true;
  return ledger.facts.get(refreshFact(round)) === true;
}

export interface VerifiedRules {
  /** The upper end of the barely-provable window. */
  readonly high: number;
  /** As the rounds were played. */
  readonly stages: StageRules;
  /** The run's. */
  readonly seed: number;
}

/** Distinct proofs of the run's rounds up to this one, a random few of each statement's. */
export function verifiedGroups(
  ledger: Ledger,
  round: number,
  { high, stages, seed }: VerifiedRules,
): TrainingGroups {
  const sequences = new Map<string, SampledSequence>();
  const proofs = new Map<string, Map<string, JudgedAttempt>>();
  const gone = leftOut(ledger, round);
  for (let earlier = 1; earlier <= round; earlier++)
    for (const { statementId, attempts } of ledger.attempts.judgedGroups({
      round: earlier,
      purpose: 'prove',
    })) {
      if (gone.has(statementId)) continue;
      const proved = attempts.filter((a) => a.verdict === 'proved');
      const conjecture = ledger.statements.get(statementId)?.source === 'conjecture';
      if (conjecture && passRateOf(attempts, stages) > high) continue;
      const distinct = proofs.get(statementId) ?? new Map<string, JudgedAttempt>();
      for (const attempt of proved) if (!distinct.has(attempt.text)) distinct.set(attempt.text, attempt);
      if (distinct.size > 0)
        proofs.set(
          statementId,
          lowest(distinct, (text) => seedFor(seed, 'refresh', round, statementId, text)),
        );
    }
  const groups = [...proofs].map(([statementId, distinct]): Group => {
    for (const attempt of distinct.values()) sequences.set(attempt.id, attempt);
    return { statementId, attempts: [...distinct.values()].map(judged) };
  });
  return { groups: groups.sort((a, b) => (a.statementId < b.statementId ? -1 : 1)), sequences };
}

/**
 * Those of the lowest random keys: a uniform choice that can be made round after round, so that no more are ever held, and
 * the first policy's proofs are no likelier than the latest's.
 */
function lowest(
  distinct: ReadonlyMap<string, JudgedAttempt>,
  key: (text: string) => number,
): Map<string, JudgedAttempt> {
  return new Map(
    [...distinct]
      .map((entry) => ({ entry, key: key(entry[0]) }))
      .sort((a, b) => a.key - b.key)
      .slice(0, MOST_PROOFS)
      .map(({ entry }) => entry),
  );
}

/** As selection estimates it. */
function passRateOf(attempts: readonly JudgedAttempt[], stages: StageRules): number {
  const count = (some: readonly JudgedAttempt[]) => ({
    judged: some.filter((a) => a.verdict !== 'fault').length,
    proved: some.filter((a) => a.verdict === 'proved').length,
  });
  const first = count(attempts.filter((a) => a.index < stages.samples));
  return passRate({ first, ...count(attempts) }, stages);
}
