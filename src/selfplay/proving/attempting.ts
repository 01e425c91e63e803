/** Sampling attempts at statements: the same for proving and for evaluating, but for purpose and sampler. */
import type { AttemptRecord, Purpose } from '../../ledger/index.ts';
import { seedFor } from '../../ops/seeds.ts';
import type { SampleRequest, SamplerSettings } from '../../policy/policy.ts';
import { proofOf } from '../../prompts/completions.ts';
import type { Statement } from '../../statements/statement.ts';
import type { Trial } from '../run.ts';
import { endingAt, sampleAll } from '../sampling.ts';

/** Which of a statement's attempts: indices `from` up to, not including, `to`. */
export interface IndexRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Samples the attempts `range` at each statement, but for those the ledger already holds. `onStored` is told of the
 * new ones once they are in the ledger; sampling waits for it.
 */
export async function attemptAll(
  run: Trial,
  round: number,
  purpose: Purpose,
  statements: readonly Statement[],
  { from, to }: IndexRange,
  sampler: SamplerSettings,
  onStored: (attempts: readonly AttemptRecord[]) => Promise<void> | void = () => {},
): Promise<void> {
  const stored = run.ledger.attempts.ids({ round, purpose });
  const id = (statementId: string, index: number) => `${purpose}/r${round}/${statementId}/${index}`;
  const indices = Array.from({ length: to - from }, (_, i) => from + i);
  // A later stage has a seed of its own: completion i of a request is a function of seed and i.
  const stage = from === 0 ? [] : [from];
  const requests: SampleRequest[] = statements
    .filter((s) => !indices.every((i) => stored.has(id(s.id, i))))
    // By id, as the indices of the ledger are: a large round then writes each of their pages once, not again and again.
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map((s) => ({
      id: s.id,
      prompt: run.prompts.prover(s),
      n: to - from,
      seed: seedFor(run.config.run.seed, purpose, round, s.id, ...stage),
    }));
  const byId = new Map(requests.map((r) => [r.id, r]));
  const settings = endingAt(run.prompts.stops.prover, sampler);
  await sampleAll(run, round, `${purpose}: sampling`, requests, settings, async (completions) => {
    const attempts = completions.map((c): AttemptRecord => {
      const request = byId.get(c.id);
      const index = from + c.index;
      return {
        ...c,
        id: id(c.id, index),
        index,
        round,
        purpose,
        statementId: c.id,
        prompt: request?.prompt ?? '',
        text: proofOf(c.text, run.prompts.stops.prover),
        sampler: settings,
        seed: request?.seed ?? 0,
      };
    });
    run.ledger.attempts.insert(attempts);
    await onStored(attempts.filter((a) => !stored.has(a.id)));
  });
}
