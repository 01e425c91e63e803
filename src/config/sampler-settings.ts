/** How a step samples: the same keys for proposing, proving and evaluating, and the record a policy is given. */
import { z } from 'zod';

/** Keys of a step's table beside `maxTokens`, whose meaning is its own. */
export const samplerSettings = (temperature: number) => ({
  temperature: z
    .number()
    .min(0)
    .default(temperature)
    .meta({ description: 'Sampling temperature; 0 is greedy' }),
  topP: z.number().gt(0).max(1).default(1).meta({ description: 'Nucleus sampling; 1 is off' }),
  topK: z.int().min(0).default(0).meta({ description: 'Only the so many likeliest tokens; 0 is off' }),
  minP: z.number().min(0).max(1).default(0).meta({
    description: 'Drop tokens less likely than this share of the likeliest one; 0 is off',
  }),
  stop: z.array(z.string().min(1)).default([]).meta({
    description: 'Texts that end a completion where they first appear, beside the end tokens',
  }),
});

interface Sampling {
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number;
  readonly minP: number;
  readonly stop: readonly string[];
  readonly maxTokens: number;
}

/** Values with which the sampler's distribution is the policy's own. */
export const UNTEMPERED = { temperature: 1, topP: 1, topK: 0, minP: 0 } as const;

/** The settings that make a sampler another distribution than the policy. */
export const SAMPLED_BY = ['temperature', 'topP', 'topK', 'minP'] as const;

export const isUntempered = (sampling: Pick<Sampling, keyof typeof UNTEMPERED>): boolean =>
  SAMPLED_BY.every((key) => sampling[key] === UNTEMPERED[key]);

/** A policy's sampler settings; what is off and optional is left out, as ledgers and reports have always had it. */
export function samplerOf({ temperature, topP, topK, minP, stop, maxTokens }: Sampling) {
  return {
    temperature,
    topP,
    topK,
    ...(minP === 0 ? {} : { minP }),
    ...(stop.length === 0 ? {} : { stop: [...stop] }),
    maxTokens,
  };
}
