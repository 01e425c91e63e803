/** Settings of the select step, and what they ask of other settings. */
import { z } from 'zod';

const share = () => z.number().min(0).max(1);
const count = () => z.int().min(0);

/** How the conjectures that pass every rule are chosen from. */
export const STRATEGIES = ['window', 'matching', 'facility-location', 'archive'] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** Those that compare conjectures with unproved problems by the policy's embeddings. */
export const needsEmbeddings = (strategy: Strategy): boolean =>
  strategy === 'matching' || strategy === 'facility-location';

export const select = z.strictObject({
  strategy: z.enum(STRATEGIES).default('window').meta({
    description:
      'window: the hardest; matching: those nearest to unproved problems (STP); facility-location: those that together are nearest to all of them; archive: the best of each kind',
  }),
  window: z
    .strictObject({
      low: share().default(0).meta({ description: 'Barely provable: pass rate above this (exclusive)' }),
      high: share().default(0.25).meta({ description: 'Barely provable: pass rate up to this (inclusive)' }),
    })
    .prefault({}),
  requireLemma: z
    .boolean()
    .default(true)
    .meta({ description: 'A kept conjecture has a proof that uses the lemma it was made from' }),
  relabelUnused: z.boolean().default(false).meta({
    description:
      'Keep one whose proofs ignore its lemma after all, learned as if the lemma was the trivial one',
  }),
  eleganceQuantile: z
    .number()
    .min(0)
    .lt(1)
    .default(0.2)
    .meta({ description: 'Drop this share of conjectures, those with the least proof for their length' }),
  votes: z.record(z.string().min(1), z.int().min(1)).default({}).meta({
    description:
      'How much an unproved problem counts, by the start of its id, e.g. "minif2f:" = 128; others 1',
  }),
  maxWeight: z
    .number()
    .gt(0)
    .default(4)
    .meta({ description: 'Most weight of one conjecture, where 1 is usual' }),
  shortProofChars: count().default(8).meta({
    description: 'A proof shorter than this is very short',
    unit: 'characters',
  }),
  guardedWeight: share().default(0.25).meta({
    description: 'Most weight of a conjecture whose proofs are all very short or look vacuous; 1 is no guard',
  }),
  maxKept: count()
    .default(64)
    .meta({ description: 'Most conjectures the conjecturer learns from in a round' }),
});

/** The part of a configuration that these checks read. */
interface Selecting {
  readonly select: z.output<typeof select>;
  readonly policy: { readonly uri: string };
}

export function checkSelect({ select, policy }: Selecting, context: z.RefinementCtx): void {
  const { strategy, window, requireLemma, relabelUnused } = select;
  const complain = (path: readonly string[], message: string, input: unknown) =>
    context.addIssue({ code: 'custom', path: ['select', ...path], message, input });
  if (window.low >= window.high)
    complain(['window', 'low'], `less than select.window.high (${window.high})`, window.low);
  if (relabelUnused && !requireLemma)
    complain(
      ['relabelUnused'],
      'false while select.requireLemma is false, for then none is dropped for its lemma',
      relabelUnused,
    );
  if (needsEmbeddings(strategy) && policy.uri.startsWith('portfolio:'))
    complain(['strategy'], `window or archive, because ${policy.uri} embeds nothing`, strategy);
}
