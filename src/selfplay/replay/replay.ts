/**
 * Replay: the selection and the weighting of a past round once more, under the settings it had or under others, from the
 * ledger alone: no model, no checker. Under its own settings a round comes out as it was recorded, number for number.
 *
 * Not replayed: what depends on a model's log-probs beyond those that the ledger has, of the samplers and of the reference
 * that the round's own objective read (prime where another objective was recorded; token weights of a reward model).
 * Rounds before those asked for count as they were recorded. Whether a round is a refresh, or learns at all, follows the
 * settings asked for; which rounds the watch asked to refresh is in the ledger.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Config, needsEmbeddings } from '../../config/index.ts';
import type { Ledger, SelectionRecord, WeightRecord } from '../../ledger/index.ts';
import { objectiveNamed } from '../../objectives/index.ts';
import { UsageError } from '../../ops/errors.ts';
import { settingsFact } from '../learn.ts';
import { conjectureExamples } from '../learning/conjecturing.ts';
import { trainingGroups } from '../learning/groups.ts';
import { objectiveSettings, type UpdateParts, updateInput } from '../learning/planning.ts';
import { withLogprobs } from '../learning/references.ts';
import { isRefresh, retrain, retrainSettings, verifiedGroups } from '../learning/refresh.ts';
import { frozenSteps } from '../learning/reward-model.ts';
import { orderSteps } from '../learning/training.ts';
import { stageRules } from '../prove.ts';
import { selectionRandom } from '../select.ts';
import { embedded } from '../selection/embedding.ts';
import { archiveBefore, candidatesOf, unprovedProblems } from '../selection/pool.ts';
import { selectConjectures } from '../selection/selection.ts';

/** A sequence and its weight, as the ledger keeps them. */
export type Weighed = Omit<WeightRecord, 'bundleHash'>;

export interface ReplayedRound {
  readonly round: number;
  readonly selections: {
    readonly before: readonly SelectionRecord[];
    readonly after: readonly SelectionRecord[];
  };
  readonly weights: {
    /** Null when the round recorded no update though it might have; a frozen model learned from nothing. */
    readonly before: readonly Weighed[] | null;
    /** Null when they cannot be computed without a model. */
    readonly after: readonly Weighed[] | null;
  };
}

export interface ReplayInput {
  readonly ledger: Ledger;
  /** The settings the run was played under, and those to replay it under. */
  readonly recorded: Config;
  readonly wanted: Config;
  readonly rounds: readonly number[];
  /** Embeds texts as the round's policy did; without it only stored embeddings are used. */
  readonly embed?: (round: number, texts: readonly string[]) => Promise<Float32Array[]>;
}

/** In the rounds' order. */
export async function* replayRounds(input: ReplayInput): AsyncGenerator<ReplayedRound> {
  const { ledger, rounds } = input;
  const replayed = new Map<number, readonly SelectionRecord[]>();
  const selectionsOf = (round: number) => replayed.get(round) ?? ledger.selections.list(round);
  for (const round of rounds) {
    const after = await replaySelection(input, round, selectionsOf);
    replayed.set(round, after);
    yield {
      round,
      selections: { before: ledger.selections.list(round), after },
      weights: {
        before: recordedWeights(input, round),
        after: replayWeights(input, round, selectionsOf),
      },
    };
  }
}

type SelectionsOf = (round: number) => readonly SelectionRecord[];

async function replaySelection(
  input: ReplayInput,
  round: number,
  selectionsOf: SelectionsOf,
): Promise<SelectionRecord[]> {
  const { ledger, recorded, wanted } = input;
  const rules = wanted.select;
  const stages = stageRules({ config: recorded });
  const candidates = candidatesOf(ledger, round, stages);
  const targets = unprovedProblems(ledger, round, rules.votes);
  const selections = selectConjectures(candidates, rules, {
    targets,
    vectors: needsEmbeddings(rules.strategy)
      ? await vectorsOf(input, round, candidates, targets)
      : new Map<string, Float32Array>(),
    archive: rules.strategy === 'archive' ? archiveBefore(ledger, round, stages, selectionsOf) : new Map(),
    random: selectionRandom(recorded.run.seed, round),
  });
  return selections.map((s) => ({ ...s, round })).sort((a, b) => (a.statementId < b.statementId ? -1 : 1));
}

async function vectorsOf(
  { ledger, wanted, embed }: ReplayInput,
  round: number,
  candidates: Parameters<typeof embedded>[2],
  targets: Parameters<typeof embedded>[3],
): Promise<ReadonlyMap<string, ArrayLike<number>>> {
  const stored = ledger.embeddings.ofRound(round);
  const { strategy } = wanted.select;
  if (stored.size > 0 || targets.length === 0 || !candidates.some((c) => c.proved > 0)) return stored;
  if (embed !== undefined)
    return embedded({ embed: (texts) => embed(round, texts) }, strategy, candidates, targets);
  throw new UsageError(
    `select.strategy: ${strategy} compares embeddings, and round ${round} recorded none, for it selected otherwise; add --embed to compute them with the policy that played the round.`,
    'select.strategy',
  );
}

function recordedWeights({ ledger, recorded }: ReplayInput, round: number): Weighed[] | null {
  if (recorded.learn.frozen) return [];
  const bundle = ledger.bundles.list().find((b) => b.round === round);
  return bundle === undefined
    ? null
    : ledger.bundles.weights(bundle.hash).map(({ bundleHash: _, ...rest }) => rest);
}

function replayWeights(input: ReplayInput, round: number, selectionsOf: SelectionsOf): Weighed[] | null {
  const { ledger, wanted } = input;
  const { conjecturerShare, conjecturerRounds, frozen } = wanted.learn;
  if (frozen) return [];
  const refreshed = isRefreshed(input, round);
  const parts = refreshed ? refreshParts(input, round) : roundParts(input, round);
  if (parts === null) return null;
  const { objective, groups, settings } = parts;
  const conjectures =
    conjecturerShare > 0
      ? conjectureExamples(ledger, round, refreshed ? round : conjecturerRounds, selectionsOf)
      : [];
  const learned = learnedIds(input, round, { ...parts, references: new Map(), conjectures });
  const weighed = [
    ...objective.weigh(groups, settings).attempts.map(({ attemptId, reward, c, k, weight }): Weighed => {
      return { role: 'prover', sampleId: attemptId, objective: objective.name, reward, c, k, weight };
    }),
    ...conjectures.map(({ id, weight, selection: { proved: c, judged: k } }): Weighed => {
      return { role: 'conjecturer', sampleId: id, objective: objective.name, reward: null, c, k, weight };
    }),
  ];
  return weighed
    .filter(({ sampleId }) => learned.has(sampleId))
    .sort((a, b) => compare(a.role, b.role) || compare(a.sampleId, b.sampleId));
}

/** What some step of the policy was made from: not what only the reward model's first steps had. */
function learnedIds({ ledger, wanted }: ReplayInput, round: number, parts: UpdateParts): Set<string> {
  const { tokenWeights } = { ...parts.objective.defaults, ...parts.settings };
  const frozen = tokenWeights === 'none' ? 0 : frozenSteps(ledger, round);
  const steps = orderSteps(updateInput(wanted, round, parts)).slice(frozen);
  return new Set(
    steps.flatMap(({ weighted, conjectures }) => [
      ...weighted.map((a) => a.attemptId),
      ...conjectures.map((c) => c.id),
    ]),
  );
}

type Weighing = Omit<UpdateParts, 'references' | 'conjectures'>;

function refreshParts({ ledger, recorded, wanted }: ReplayInput, round: number): Weighing {
  const verified = verifiedGroups(ledger, round, {
    high: wanted.select.window.high,
    stages: stageRules({ config: recorded }),
    seed: recorded.run.seed,
  });
  return { ...verified, objective: retrain, settings: retrainSettings(wanted) };
}

function roundParts({ ledger, wanted }: ReplayInput, round: number): Weighing | null {
  const objective = objectiveNamed(wanted.learn.objective);
  const settings = objectiveSettings(wanted, round);
  const { groups, sequences } = trainingGroups(ledger, round, wanted.learn.bufferRounds);
  if (!objective.readsLogprobs) return { groups, sequences, objective, settings };
  const { klReference } = { ...objective.defaults, ...settings };
  const references =
    klReference === 'sampler'
      ? new Map([...sequences].map(([id, { logprobs }]) => [id, logprobs]))
      : recordedReferences(ledger, round);
  const complete = groups.every(({ attempts }) =>
    attempts.every((a) => a.reward === null || references.has(a.attemptId)),
  );
  return complete
    ? { groups: withLogprobs(groups, sequences, references), sequences, objective, settings }
    : null;
}

function recordedReferences(ledger: Ledger, round: number): ReadonlyMap<string, readonly number[]> {
  const bundle = ledger.bundles.list().find((b) => b.round === round);
  return bundle === undefined ? new Map() : ledger.bundles.referenceLogprobs(bundle.hash);
}

/** As recorded, where the settings that decide it are: which round was the last may have changed while the run went on. */
function isRefreshed({ ledger, recorded, wanted }: ReplayInput, round: number): boolean {
  const played = ledger.facts.get(settingsFact(round));
  const due = ({ learn: { refreshEvery, refreshLast } }: Config) => [refreshEvery, refreshLast];
  if (played !== undefined && isDeepStrictEqual(due(wanted), due(recorded))) return isRetrain(played);
  const last = Math.max(recorded.run.rounds, ...ledger.rounds.list().map((r) => r.number));
  return isRefresh({ ledger, config: { ...wanted, run: { ...wanted.run, rounds: last } } }, round);
}

/** What learn stored of the objective in force. */
const isRetrain = (fact: unknown): boolean =>
  typeof fact === 'object' && fact !== null && 'objective' in fact && fact.objective === retrain.name;

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
