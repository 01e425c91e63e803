/**
 * What a server is and can do, asked once at the start, of every replica: its models, the longest sequence, whether
 * it answers with log-probs and token ids and of which distribution. A server that lacks what sampling needs is
 * refused here, in its own words, before a run has begun.
 */
import { UsageError } from '../../ops/errors.ts';
import type { Control, Dialect, ModelId, Offers, ServedModel } from './dialect.ts';
import { CapabilityError, ServerError } from './errors.ts';

/**
 * Of what distribution its log-probs are: `processed` is the sampler's own, temperature and filters included; `raw`
 * is not filtered.
 */
export type LogprobsOf = 'raw' | 'processed';

export interface ServerFacts {
  readonly base: ServedModel;
  /** Ids of everything served. */
  readonly ids: readonly string[];
  readonly offers: Offers;
  readonly logprobsOf: LogprobsOf;
}

/** `name` is the id that must be served; the first base model when absent. */
export async function probeServer(
  dialect: Dialect,
  control: Control,
  name: string | undefined,
): Promise<ServerFacts> {
  const models = await dialect.models(control);
  const base = models.find(({ id, parent }) => (name === undefined ? parent === null : id === name));
  if (base === undefined)
    throw new UsageError(
      `policy.uri: ${control.replica.url} serves no model ${name ?? 'at all'}; it serves ${models.map(({ id }) => id).join(', ') || 'nothing'}. Name one of them after #.`,
      'policy.uri',
    );
  const offers = await dialect.offers(control);
  const logprobsOf = await probeSampling(dialect, control, { id: base.id, adapter: base.parent !== null });
  return { base, ids: models.map(({ id }) => id), offers, logprobsOf };
}

/** One token drawn among the one likeliest: the sampler is certain of it, the model is not. */
async function probeSampling(
  dialect: Dialect,
  { replica, seconds }: Control,
  model: ModelId,
): Promise<LogprobsOf> {
  const settings = { temperature: 1, topP: 1, topK: 1, maxTokens: 1 };
  const call = { model, promptTokens: [1, 2, 3], n: 2, seed: 0, settings, endTokens: [], seconds };
  try {
    const samples = await dialect.sample(replica, call);
    return samples.every(({ logprobs }) => (logprobs[0] ?? -1) > -1e-6) ? 'processed' : 'raw';
  } catch (cause) {
    if (!(cause instanceof ServerError)) throw cause;
    throw new CapabilityError(
      `${replica.url} cannot sample as a policy must (token ids in, token ids and log-probs out, several samples a request): ${cause.message}`,
      { cause },
    );
  }
}
