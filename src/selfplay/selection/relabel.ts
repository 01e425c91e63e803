/**
 * Prompts of conjectures that were kept although their proofs ignore the lemma: the conjecturer learns them as an answer
 * to the same seed with the trivial lemma (STP, RL/utils/RL_utils.py:487). The engine turns the prompt into tokens as
 * it does for sampling, by sampling a single token after it.
 */
import type { ConjectureRecord } from '../../ledger/index.ts';
import { trivialLemma } from '../../prompts/prompts.ts';
import type { Run } from '../run.ts';

/** Conjecture id → the tokens of its prompt with the trivial lemma. */
export async function relabelledPrompts(
  run: Pick<Run, 'policy' | 'prompts' | 'ledger'>,
  conjectures: readonly ConjectureRecord[],
): Promise<Map<string, readonly number[]>> {
  const requests = conjectures.flatMap(({ id, seedId, seedProof }) => {
    const seed = run.ledger.statements.get(seedId);
    if (seed === undefined) return [];
    const lemma = trivialLemma(seed.language);
    return [{ id, prompt: run.prompts.conjecturer({ seed, seedProof, lemma }), n: 1, seed: 0 }];
  });
  const tokens = new Map<string, readonly number[]>();
  if (requests.length === 0) return tokens;
  const one = { temperature: 0, topP: 1, topK: 0, maxTokens: 1 };
  for await (const { id, promptTokens } of run.policy.sample(requests, one)) tokens.set(id, promptTokens);
  return tokens;
}
