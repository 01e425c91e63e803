/** The embeddings that a strategy compares, from the policy that made the round's attempts (STP: the current model). */
import { needsEmbeddings, type Strategy } from '../../config/select-settings.ts';
import { LakatosError, UsageError } from '../../ops/errors.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Candidate } from './gates.ts';
import type { UnprovedProblem } from './pool.ts';

/**
 * Of the conjectures proved at least once, whatever the window, and of the unproved problems; by statement id. Rounded
 * as the ledger stores them, so that what is chosen by them now is what a replay chooses.
 */
export async function embedded(
  policy: Pick<Policy, 'embed'>,
  strategy: Strategy,
  candidates: readonly Candidate[],
  targets: readonly UnprovedProblem[],
): Promise<Map<string, Float32Array>> {
  const provable = candidates.filter((c) => c.proved > 0);
  if (provable.length === 0 || targets.length === 0) return new Map();
  const ids = [...provable, ...targets].map((s) => s.statementId);
  const texts = [...provable.map((c) => c.statement), ...targets.map((t) => t.text)];
  const vectors = await embedOrRefuse(policy, strategy, texts);
  return new Map(ids.map((id, i) => [id, (vectors[i] ?? new Float32Array()).map(Math.f16round)]));
}

/** Throws before anything was spent when the strategy needs embeddings and the policy has none. */
export async function requireEmbeddings(policy: Pick<Policy, 'embed'>, strategy: Strategy): Promise<void> {
  if (needsEmbeddings(strategy)) await embedOrRefuse(policy, strategy, ['theorem t : True']);
}

async function embedOrRefuse(
  policy: Pick<Policy, 'embed'>,
  strategy: Strategy,
  texts: readonly string[],
): Promise<Float32Array[]> {
  try {
    return await policy.embed(texts);
  } catch (cause) {
    if (!(cause instanceof LakatosError)) throw cause;
    throw new UsageError(
      `select.strategy: ${strategy} compares embeddings, which this policy does not give (${cause.message}); choose window or archive, or another policy.uri.`,
      'select.strategy',
      { cause },
    );
  }
}
