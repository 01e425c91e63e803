/**
 * Prompts of conjectures that were kept although their proofs ignore the lemma: the conjecturer learns them as an answer
 * to the same seed with the trivial lemma (STP, RL/utils/RL_utils.py:487). The engine turns the prompt into tokens as
 * it does for sampling, by sampling a single token after it.
 */
import { trivialLemma } from '../../prompts/prompts.ts';
import type { ConjectureExample } from '../learning/conjecturing.ts';
import type { Run } from '../run.ts';

/** The same examples, those that were relabelled after their new prompt. */
export async function withRelabelledPrompts(
  run: Pick<Run, 'policy' | 'prompts' | 'ledger'>,
  examples: readonly ConjectureExample[],
): Promise<readonly ConjectureExample[]> {
  const relabelled = examples.filter((e) => e.selection.relabelled);
  if (relabelled.length === 0) return examples;
  const requests = relabelled.map(({ id, seedId, seedProof }) => {
    const seed = run.ledger.statements.get(seedId);
    if (seed === undefined) throw new Error(`Conjecture ${id} has a seed that the ledger lacks: ${seedId}.`);
    const lemma = trivialLemma(seed.language);
    return { id, prompt: run.prompts.conjecturer({ seed, seedProof, lemma }), n: 1, seed: 0 };
  });
  const tokens = new Map<string, readonly number[]>();
  const one = { temperature: 0, topP: 1, topK: 0, maxTokens: 1 };
  for await (const { id, promptTokens } of run.policy.sample(requests, one)) tokens.set(id, promptTokens);
  return examples.map((e) => ({ ...e, promptTokens: tokens.get(e.id) ?? e.promptTokens }));
}
