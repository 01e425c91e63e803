/** What was learned from, as the ledger keeps it. */
import type { ReferenceRecord, TokenScoreRecord, WeightRecord } from '../../ledger/index.ts';
import type { Bundle } from '../../policy/bundle.ts';
import type { RoundPlan } from './planning.ts';

/** Every weight that was used, of attempts and of conjectures. */
export function weightRecords(
  { objective, weighted, conjectures }: RoundPlan,
  bundleHash: string,
): WeightRecord[] {
  const shared = { bundleHash, objective };
  return [
    ...weighted.map(
      ({ attemptId, reward, c, k, weight }): WeightRecord => ({
        ...shared,
        role: 'prover',
        sampleId: attemptId,
        reward,
        c,
        k,
        weight,
      }),
    ),
    ...conjectures.map(
      ({ id, weight, selection }): WeightRecord => ({
        ...shared,
        role: 'conjecturer',
        sampleId: id,
        reward: null,
        c: selection.proved,
        k: selection.judged,
        weight,
      }),
    ),
  ];
}

/** The reward model's scores that the policy learned by, step by step. */
export function tokenScoreRecords(
  { hash, steps }: Bundle,
  scores: readonly ReadonlyMap<string, readonly number[]>[] = [],
): TokenScoreRecord[] {
  return steps.flatMap((_, step) =>
    [...(scores[step] ?? [])].map(([sampleId, scores]) => ({ bundleHash: hash, step, sampleId, scores })),
  );
}

/** What the weights were compared with, where they depend on a reference. */
export const referenceRecords = ({ references }: RoundPlan, bundleHash: string): ReferenceRecord[] =>
  [...references].map(([sampleId, logprobs]) => ({ bundleHash, sampleId, logprobs }));
