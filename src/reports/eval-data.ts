/**
 * report.json of an evaluation: the figures of its page, for programs. A reader checks `kind` and `version` first; a
 * change that would break one is a new version. `lakatos schema evaluation` prints it as JSON Schema.
 */
import { z } from 'zod';
import { VERDICTS } from '../checkers/checker.ts';
import { contaminationSchema } from '../evaluation/contamination.ts';
import { evaluationSettings } from '../evaluation/settings.ts';
import { machine } from './report-data.ts';

const count = () => z.int().min(0);
const rate = () => z.number().min(0).max(1);

const passAtK = z.strictObject({
  k: z.int().min(1),
  /** Unbiased, mean over problems; null when withheld, and then `low` and `high` are what checker faults leave open. */
  estimate: rate().nullable(),
  /** 95 % interval over problems. */
  low: rate(),
  high: rate(),
  method: z.enum(['wilson', 'bootstrap', 'fault-bounds']),
  /** Had every checker fault been a failure, had every one been a proof. */
  faultLow: rate(),
  faultHigh: rate(),
  /** Sampling noise on these very problems: disjoint blocks of k attempts; null where n allows fewer than four, and for a list of tactics. */
  spread: z.strictObject({ blocks: count(), mean: rate(), sd: z.number().min(0) }).nullable(),
});

const proof = z.strictObject({ text: z.string(), axioms: z.array(z.string()) });

const result = z.strictObject({
  id: z.string(),
  name: z.string(),
  /** Of the statement in the data set, header included, blanks aside: what evaluations are paired by. */
  hash: z.string(),
  family: z.string(),
  statement: z.string(),
  /** Judged attempts and proofs among them; faults are in neither. */
  n: count(),
  c: count(),
  faults: count(),
  duplicates: count(),
  distinctProofs: count(),
  tokens: count(),
  /** The shortest. */
  proof: proof.nullable(),
});

/** A problem that only one side solved, with that side's counts and shortest proof. */
const flip = z.strictObject({
  name: z.string(),
  hash: z.string(),
  statement: z.string(),
  n: count(),
  c: count(),
  proof: proof.nullable(),
});

export const evalComparison = z.strictObject({
  before: z.string(),
  after: z.string(),
  /** Problems that both sides judged. */
  problems: count(),
  /** What is compared of each problem: its pass rate, or, where a side stopped at first proofs, whether it was solved. */
  measure: z.enum(['pass-rate', 'solved']).default('pass-rate'),
  /** Mean paired difference of it, after − before, with its 95 % bootstrap interval over problems. */
  difference: z.number(),
  low: z.number(),
  high: z.number(),
  gained: z.array(flip),
  lost: z.array(flip),
  /** Two-sided exact McNemar on the solved sets. */
  pValue: rate(),
  sentence: z.string(),
  /** Why the two sides are not of a kind; compared nevertheless, on request. */
  differences: z.array(z.string()),
  /** Sentences on what else a reader must know: problems left out or left open, other prompts. */
  notes: z.array(z.string()).default([]),
});

export const evalReportSchema = z.strictObject({
  kind: z.literal('lakatos.evaluation'),
  version: z.literal(1),
  id: z.string(),
  startedAt: z.iso.datetime(),
  settings: evaluationSettings,
  passAtK: z.array(passAtK),
  /** Why there is no headline; null when there is one. */
  withheld: z.string().nullable(),
  /** Problems evaluated, left out, and solved. */
  problems: count(),
  excluded: count(),
  solved: count(),
  exclusions: z.array(z.strictObject({ name: z.string(), hash: z.string(), reason: z.string() })),
  exclusionReasons: z.array(z.strictObject({ reason: z.string(), count: count() })),
  /** Header lines that the profile dropped. */
  droppedLines: z.array(z.strictObject({ line: z.string(), reason: z.string(), problems: count() })),
  attempts: count(),
  verdicts: z.record(z.enum(VERDICTS), count()),
  faultRate: rate(),
  duplicates: count(),
  /** pass@k for 1, 2, 4 … and mean tokens generated for k attempts. */
  curve: z.array(
    z.strictObject({ k: z.int(), estimate: rate(), low: rate(), high: rate(), tokens: z.number() }),
  ),
  families: z.array(
    z.strictObject({
      family: z.string(),
      problems: count(),
      solved: count(),
      /** Over the problems with a judged attempt; null without one, and in an adaptive evaluation, which would bias it. */
      passAt1: rate().nullable(),
    }),
  ),
  /** Problems by the share of their judged attempts that were proofs; empty in an adaptive evaluation, which biases it. */
  passRates: z.array(z.strictObject({ label: z.string(), problems: count() })),
  proofLengths: z.array(z.strictObject({ label: z.string(), proofs: count() })),
  reasons: z.array(z.strictObject({ verdict: z.enum(VERDICTS), reason: z.string(), count: count() })),
  axioms: z.array(z.strictObject({ axiom: z.string(), proofs: count() })),
  proofsWithoutAxioms: count(),
  results: z.array(result),
  /** Statements known to be wrong, and whether they were "solved". */
  defects: z.array(
    z.strictObject({
      name: z.string(),
      reason: z.string(),
      source: z.string(),
      evaluated: z.boolean(),
      solved: z.boolean(),
    }),
  ),
  contamination: contaminationSchema.nullable(),
  comparison: evalComparison.nullable(),
  cost: z.strictObject({
    surveySeconds: z.number(),
    sampleSeconds: z.number(),
    judgeSeconds: z.number(),
    /** CPU time of the process tree in each; null where nobody measured it. */
    sampleCpuSeconds: z.number().nullable().default(null),
    judgeCpuSeconds: z.number().nullable().default(null),
    tokens: count(),
    tokensPerSecond: z.number().nullable(),
    verdictsPerSecond: z.number().nullable(),
    /** Time inside the judge, all workers together, and of one verdict. */
    checkSeconds: z.number(),
    medianMs: z.number().nullable(),
    p95Ms: z.number().nullable(),
    secondsPerSolved: z.number().nullable(),
    tokensPerSolved: z.number().nullable(),
    peakRssBytes: z.number().nullable(),
  }),
  provenance: z.strictObject({
    toolchain: z.string(),
    versions: z.record(z.string(), z.string()),
    machine: machine.nullable(),
  }),
});

export type EvalReport = z.infer<typeof evalReportSchema>;
export type EvalPassAtK = z.infer<typeof passAtK>;
export type EvalResult = z.infer<typeof result>;
export type EvalComparison = z.infer<typeof evalComparison>;
