/** The `learn` settings that only objectives read: their names and their numbers. The rules are in src/objectives. */
import { z } from 'zod';

/** Names an objective may go by; the rules themselves live in src/objectives. */
export const OBJECTIVES = [
  'raft',
  'raft++',
  'expert-iteration',
  'stp',
  'reinforce-rej',
  'rlvr',
  'rloo',
  'grpo',
  'dr-grpo',
  'dapo',
  'prime',
  'topr',
  'w-reinforce',
  'oreal-paper',
  'oreal-repo',
] as const;

/** Those that compare the policy with the sampler, token by token: they need the sampler's log-probs to be its own. */
export const OBJECTIVES_WITH_RATIO: readonly string[] = [
  'raft++',
  'rlvr',
  'grpo',
  'dr-grpo',
  'dapo',
  'prime',
  'topr',
];

/** Those with a KL penalty unless told otherwise, and those whose penalty pulls towards the sampler unless told otherwise. */
export const OBJECTIVES_WITH_KL: readonly string[] = ['rlvr', 'grpo', 'oreal-repo'];
export const OBJECTIVES_TOWARDS_SAMPLER: readonly string[] = ['oreal-paper'];

/** Those that learn from a band of pass rates, and the band unless told otherwise. */
export const PASS_RATE_BANDS: Readonly<Record<string, readonly [least: number, largest: number]>> = {
  stp: [0, 0.5],
  prime: [0.2, 0.8],
};

/** Every key is optional: what is absent is the objective's own, in docs/objectives.md. */
export const objectiveSettings = z.strictObject({
  truncated: z.enum(['count', 'mask']).exactOptional().meta({
    description: 'An attempt cut at the token limit counts by its verdict, or is left out like a fault',
  }),
  klEstimator: z.enum(['k1', 'k2', 'k3']).exactOptional().meta({
    description: 'The KL penalty: k2 has the gradient of KL(policy, reference), k3 of the reverse, k1 none',
  }),
  klReference: z.enum(['initial', 'sampler']).exactOptional().meta({
    description: "Reference of the KL penalty and of prime: the run's first policy, or the one that sampled",
  }),
  klScope: z.enum(['all', 'positives']).exactOptional().meta({
    description: 'The KL penalty is on every weighted attempt, or on proofs only',
  }),
  tokenWeights: z.enum(['none', 'per-token', 'prefix-mean']).exactOptional().meta({
    description: 'Train a token-level reward model, and weigh tokens by what it says of them',
  }),
  clipLow: z
    .number()
    .min(0)
    .max(1)
    .exactOptional()
    .meta({ description: 'PPO clip: the ratio is at least 1 less this' }),
  clipHigh: z.number().min(0).exactOptional().meta({
    description: 'PPO clip: the ratio is at most 1 plus this',
  }),
  dualClip: z
    .number()
    .min(0)
    .refine((x) => x === 0 || x > 1, '0 or a number above 1')
    .exactOptional()
    .meta({ description: 'PPO clip: on failures the ratio counts for at most this, above 1; 0 is off' }),
  eta: z.number().min(0).exactOptional().meta({ description: 'oreal-*: multiplier of failures' }),
  lambda: z.number().min(0).exactOptional().meta({ description: 'w-reinforce: weight of proofs' }),
  failureRate: z.enum(['plug-in', 'leave-one-out']).exactOptional().meta({
    description: 'oreal-paper: how the failure rate is estimated from a failure',
  }),
  deviation: z.enum(['population', 'sample']).exactOptional().meta({
    description: 'grpo, dapo: the standard deviation that divides',
  }),
  verifiedReward: z.number().min(0).exactOptional().meta({ description: 'rlvr: reward of a proof' }),
  charDecay: z
    .number()
    .min(0)
    .exactOptional()
    .meta({ description: 'stp and a refresh: log-decay a character' }),
  secondDecay: z.number().min(0).exactOptional().meta({
    description: 'stp: log-decay a second of checking',
  }),
  minPassRate: z
    .number()
    .min(0)
    .max(1)
    .exactOptional()
    .meta({ description: 'stp, prime: least pass rate learned from' }),
  maxPassRate: z
    .number()
    .min(0)
    .max(1)
    .exactOptional()
    .meta({ description: 'stp, prime: largest pass rate learned from' }),
  maxTokens: z.int().min(1).exactOptional().meta({
    description: 'dr-grpo: the constant that divides every attempt',
    unit: 'tokens',
  }),
  implicitCoef: z.number().min(0).exactOptional().meta({
    description: 'prime: coefficient of the implicit reward',
  }),
  discount: z.number().min(0).max(1).exactOptional().meta({ description: 'prime: discount a token' }),
});

interface Comparison {
  readonly objective: string;
  readonly klCoef?: number;
  readonly objectiveSettings: z.output<typeof objectiveSettings>;
}

/**
 * Why the sampler's log-probs must be the policy's own, neither tempered nor filtered; null where they need not be. A
 * tempered sampler is another distribution: a ratio to it, or a penalty towards it, is not what was asked for.
 */
export function comparisonWithSampler({ objective, klCoef, objectiveSettings }: Comparison): string | null {
  if (OBJECTIVES_WITH_RATIO.includes(objective))
    return `${objective} compares the policy with the sampler token by token`;
  const byDefault = OBJECTIVES_TOWARDS_SAMPLER.includes(objective) ? 'sampler' : 'initial';
  const penalised = klCoef === undefined ? OBJECTIVES_WITH_KL.includes(objective) : klCoef > 0;
  return penalised && (objectiveSettings.klReference ?? byDefault) === 'sampler'
    ? `the KL penalty of ${objective} (learn.klCoef) pulls towards the sampler (learn.objectiveSettings.klReference)`
    : null;
}

/** A band that no pass rate is in, its ends as they hold under the objective, would have the model learn from nothing. */
export function checkPassRateBand(
  { learn: { objective, objectiveSettings } }: { readonly learn: Comparison },
  context: z.RefinementCtx,
): void {
  const [least, largest] = PASS_RATE_BANDS[objective] ?? [0, 1];
  const { minPassRate = least, maxPassRate = largest } = objectiveSettings;
  if (minPassRate <= maxPassRate) return;
  const path = (key: string) => ['learn', 'objectiveSettings', key];
  context.addIssue(
    objectiveSettings.minPassRate === undefined
      ? {
          code: 'custom',
          path: path('maxPassRate'),
          message: `at least learn.objectiveSettings.minPassRate (${minPassRate})`,
          input: maxPassRate,
        }
      : {
          code: 'custom',
          path: path('minPassRate'),
          message: `at most learn.objectiveSettings.maxPassRate (${maxPassRate})`,
          input: minPassRate,
        },
  );
}
