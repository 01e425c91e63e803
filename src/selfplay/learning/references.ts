/**
 * Reference log-probs for a round's attempts: what a KL penalty pulls towards and implicit rewards compare with. The
 * run's first policy is opened beside the current one, except in the first round, where they are the same.
 */
import type { Group, Objective, ObjectiveSettings } from '../../objectives/index.ts';
import type { Run } from '../run.ts';
import { firstPolicy } from '../versions.ts';
import type { SampledSequence } from './training.ts';

type Logprobs = ReadonlyMap<string, readonly number[]>;
type Sequences = ReadonlyMap<string, SampledSequence>;

/** For the attempts whose update reads them, by id; empty where none does. */
export async function referenceLogprobs(
  run: Run,
  objective: Objective,
  settings: Partial<ObjectiveSettings>,
  groups: readonly Group[],
  sequences: Sequences,
): Promise<Logprobs> {
  const wanted = attemptsRead(objective, settings, groups).flatMap((id) => sequences.get(id) ?? []);
  if (wanted.length === 0) return new Map();
  const { klReference } = { ...objective.defaults, ...settings };
  if (klReference === 'sampler') return new Map(wanted.map((s) => [s.id, s.logprobs]));
  const first = firstPolicy(run.ledger);
  const reference =
    first === undefined || first.version === run.policy.version
      ? run.policy
      : await run.openPolicy(first.path);
  try {
    const scores = await reference.score(wanted);
    return new Map(wanted.map((s, i) => [s.id, [...(scores[i] ?? [])]]));
  } finally {
    if (reference !== run.policy) await reference.close();
  }
}

function attemptsRead(
  objective: Objective,
  settings: Partial<ObjectiveSettings>,
  groups: readonly Group[],
): readonly string[] {
  if (objective.readsLogprobs)
    return groups.flatMap((g) => g.attempts.filter((a) => a.reward !== null).map((a) => a.attemptId));
  const { attempts } = objective.weigh(groups, settings);
  return attempts.filter((a) => a.klCoef !== 0).map((a) => a.attemptId);
}

/** The groups with what sampler and reference said of each attempt's tokens. */
export function withLogprobs(groups: readonly Group[], sequences: Sequences, references: Logprobs): Group[] {
  return groups.map((group) => ({
    ...group,
    attempts: group.attempts.map((attempt) => ({
      ...attempt,
      policyLogprobs: sequences.get(attempt.attemptId)?.logprobs ?? [],
      refLogprobs: references.get(attempt.attemptId) ?? [],
    })),
  }));
}
