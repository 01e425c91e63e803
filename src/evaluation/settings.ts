/**
 * What an evaluation is: everything that could change its numbers, in one record. It is what the ledger keeps as the
 * evaluation's configuration, what a resumed evaluation must agree with, and what two compared ones are held against.
 */
import { z } from 'zod';
import { UsageError } from '../ops/errors.ts';
import { PROFILES } from '../statements/profile.ts';

export const evaluationSettings = z.strictObject({
  kind: z.literal('lakatos.evaluation'),
  dataset: z.strictObject({ name: z.string(), path: z.string(), split: z.string(), fingerprint: z.string() }),
  profile: z.enum(PROFILES),
  policy: z.strictObject({ uri: z.string(), version: z.string(), tokenizer: z.string().nullable() }),
  prompts: z.strictObject({ style: z.string(), hash: z.string() }),
  /** Attempts at each problem. */
  samples: z.int().min(1),
  k: z.array(z.int().min(1)).min(1),
  /** Stop at a problem's first proof; only where pass@k is asked for k = samples alone. */
  adaptive: z.boolean(),
  sampler: z.strictObject({
    temperature: z.number(),
    topP: z.number(),
    topK: z.int(),
    /** Absent where it is off. */
    minP: z.number().exactOptional(),
    stop: z.array(z.string()).exactOptional(),
    maxTokens: z.int(),
  }),
  seed: z.int(),
  /** The checker's configuration: its limits. */
  checker: z.json(),
  toolchain: z.string(),
});

export type EvaluationSettings = z.infer<typeof evaluationSettings>;

/** The settings an evaluation's ledger was begun with; undefined when the ledger is of something else. */
export function settingsIn(config: string): EvaluationSettings | undefined {
  const parsed = evaluationSettings.safeParse(JSON.parse(config));
  return parsed.success ? parsed.data : undefined;
}

/** Is the policy a list of tactics tried in order? Its attempts are no random sample: a block of them is a part of the list. */
export const isFixedList = ({ policy }: Pick<EvaluationSettings, 'policy'>): boolean =>
  policy.uri.startsWith('portfolio:');

/** Whole numbers of at least 1 in ascending order, none above `samples`; an adaptive evaluation asks for `samples` only. */
export function checkedKs(text: string, samples: number, adaptive: boolean): readonly number[] {
  const ks = text.split(',').map((part) => wholeNumber('--k', part.trim()));
  const tooLarge = ks.find((k) => k > samples);
  if (tooLarge !== undefined)
    throw new UsageError(
      `--k: pass@${tooLarge} needs at least ${tooLarge} attempts a problem, found -n ${samples}; sample more or ask for a smaller k.`,
      '--k',
    );
  if (adaptive && ks.some((k) => k !== samples))
    throw new UsageError(
      `--adaptive: stopping at the first proof leaves only pass@${samples} ("any of ${samples}") unbiased, found --k ${text}; ask for --k ${samples} or leave --adaptive out.`,
      '--adaptive',
    );
  return [...new Set(ks)].sort((a, b) => a - b);
}

export function wholeNumber(flag: string, text: string): number {
  if (/^\d+$/.test(text) && Number(text) >= 1) return Number(text);
  throw new UsageError(
    `${flag}: expected a whole number of at least 1, found ${JSON.stringify(text)}.`,
    flag,
  );
}

/** Dotted names of the settings that differ; where the data set lies does not count. */
export function differingSettings(a: EvaluationSettings, b: EvaluationSettings): readonly string[] {
  return differing(comparable(a), comparable(b));
}

const comparable = ({ dataset: { path: _, ...dataset }, ...rest }: EvaluationSettings) => ({
  ...rest,
  dataset,
});

function differing(a: unknown, b: unknown, path: readonly string[] = []): string[] {
  if (isTable(a) && isTable(b))
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) =>
      differing(a[key], b[key], [...path, key]),
    );
  return JSON.stringify(a) === JSON.stringify(b) ? [] : [path.join('.')];
}

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
