/**
 * report.json of a self-play run: the figures of the page, for programs. A reader checks `kind` and `version` first;
 * a change that would break one is a new version.
 */
import { z } from 'zod';
import { VERDICTS } from '../checkers/checker.ts';
import { contaminationMatch } from '../evaluation/contamination.ts';
import { PURPOSES } from '../ledger/records.ts';

const count = () => z.int().min(0);
const rate = () => z.number().min(0).max(1);
const seconds = () => z.number().min(0);

const passAtK = z.strictObject({
  k: z.int().min(1),
  /** Null when withheld, and then `low` and `high` are what checker faults leave open. */
  estimate: rate().nullable(),
  /** 95 % interval over problems. */
  low: rate(),
  high: rate(),
  method: z.enum(['wilson', 'bootstrap', 'fault-bounds']),
});

/** One policy on the held-out problems. */
const evaluation = z.strictObject({
  round: count(),
  policyVersion: z.string(),
  problems: count(),
  /** Problems with at least one proof. */
  solved: count(),
  attempts: count(),
  /** Attempts that ended in a checker fault: neither right nor wrong. */
  faults: count(),
  passAtK: z.array(passAtK),
  /** Why there are no estimates; null when there are. */
  withheld: z.string().nullable(),
});

/** A statement with a proof of it. */
const theorem = z.strictObject({
  id: z.string(),
  /** Its name in the problem set; '' for a conjecture. */
  name: z.string(),
  /** Of the statement, header included, blanks aside: as in an evaluation's report. */
  hash: z.string(),
  statement: z.string(),
  proof: z.string(),
  axioms: z.array(z.string()),
  round: count(),
  proved: count(),
  judged: count(),
});

const conjecture = theorem.extend({
  /** What it was made from: the seed statement, and the lemma its proof uses ('' for the trivial one). */
  seedId: z.string(),
  seedStatement: z.string(),
  lemma: z.string(),
  /** Shortest proof ÷ statement, characters. */
  elegance: z.number().nullable(),
});

const comparison = z.strictObject({
  /** Mean over problems of the paired difference in pass rate, with its 95 % bootstrap interval. */
  difference: z.number(),
  low: z.number(),
  high: z.number(),
  /** More than noise: the interval excludes zero, and at least six problems moved. */
  distinct: z.boolean(),
  gained: z.array(theorem),
  lost: z.array(theorem),
  /** Two-sided exact McNemar on the solved sets. */
  pValue: rate(),
});

const stage = z.strictObject({
  stage: z.string(),
  count: count(),
  /** What was lost since the stage before, by reason. */
  dropped: z.array(z.strictObject({ reason: z.string(), count: count() })),
});

/** Statements of one round by pass rate, split where "barely provable" splits. */
const passRateBin = z.strictObject({ label: z.string(), problems: count(), conjectures: count() });

const update = z.strictObject({
  round: count(),
  objective: z.string(),
  policyIn: z.string(),
  policyOut: z.string(),
  bundle: z.string(),
  rows: count(),
  tokens: count(),
  /** Sequences that carried weight: proofs, failures, conjectures. */
  positives: count(),
  negatives: count(),
  conjectures: count(),
  steps: count(),
  firstLoss: z.number().nullable(),
  lastLoss: z.number().nullable(),
  /** Loss of each optimiser step, where it was kept. */
  losses: z.array(z.number()),
});

const round = z.strictObject({
  round: count(),
  policyVersion: z.string(),
  attempts: count(),
  proved: count(),
  proposed: count(),
  kept: count(),
  newlyProved: count(),
  /** Of the policy that the round ended with; null before it is evaluated. */
  passAt1: passAtK.nullable(),
  seconds: seconds(),
});

/** A number over rounds; several lines where what is watched has members, such as the bins of a histogram. */
const series = z.strictObject({
  name: z.string(),
  /** Counted from the ledger by the report, or written there by the loop (`watch.*`). */
  counted: z.boolean(),
  members: z.array(
    z.strictObject({
      label: z.string(),
      points: z.array(z.strictObject({ round: count(), value: z.number() })),
    }),
  ),
});

/** What was kept out of learning, and whether anything got in. */
const contamination = z.strictObject({
  /** Problems evaluated, and what they were looked for in. */
  tested: count(),
  problems: count(),
  conjectures: count(),
  /** Conjectures that the screen dropped because they state a test problem. */
  refused: count(),
  /** Sets kept out beside the held-out split, and training problems left out for it; null where nobody wrote it down. */
  protectedSets: z.array(z.string()).nullable(),
  dropped: count().nullable(),
  matches: z.array(contaminationMatch),
});

const cost = z.strictObject({
  /** Of each step over all rounds, in the order of a round: wall time, CPU time of the process tree, GPU time reserved. */
  steps: z.array(
    z.strictObject({
      step: z.string(),
      seconds: seconds(),
      cpuSeconds: seconds().nullable(),
      gpuSeconds: seconds().nullable(),
    }),
  ),
  seconds: seconds(),
  cpuSeconds: seconds().nullable(),
  gpuSeconds: seconds().nullable(),
  sampledTokens: count(),
  sampledTokensPerSecond: z.number().nullable(),
  trainedTokens: count(),
  trainedTokensPerSecond: z.number().nullable(),
  verdicts: count(),
  verdictsPerSecond: z.number().nullable(),
  /** While proofs were sampled and judged at once: the share of that time in which the slower side was at work. */
  busyShare: rate().nullable().default(null),
  secondsPerNewProof: z.number().nullable(),
  /** Largest resident memory of the process tree; null when nobody measured it. */
  peakRssBytes: z.number().nullable(),
});

export const machine = z.strictObject({
  cpu: z.string(),
  cores: count(),
  memoryBytes: z.number(),
  system: z.string(),
  /** The name of each of NVIDIA's; null where there is none, or nobody asked. */
  gpus: z.array(z.string()).nullable().default(null),
});

const provenance = z.strictObject({
  toolchain: z.string(),
  seed: z.int(),
  versions: z.record(z.string(), z.string()),
  dataset: z.string(),
  /** Of each split, over names and statements, as an evaluation of it says; null where nobody wrote it down. */
  datasetFingerprint: z.strictObject({ train: z.string(), heldout: z.string() }).nullable(),
  /** The model's tokenizer and the prompts' templates, by hash; null where nobody wrote it down. */
  tokenizer: z.string().nullable(),
  prompts: z.string().nullable(),
  policies: z.array(
    z.strictObject({ version: z.string(), parent: z.string().nullable(), bundle: z.string().nullable() }),
  ),
  machine: machine.nullable(),
  config: z.json(),
});

export const runReportSchema = z.strictObject({
  kind: z.literal('lakatos.run'),
  version: z.literal(2),
  run: z.strictObject({
    id: z.string(),
    startedAt: z.iso.datetime(),
    /** Self-play rounds whose evaluation is done. */
    roundsDone: count(),
  }),
  evaluation: z
    .strictObject({ before: evaluation, after: evaluation.nullable(), comparison: comparison.nullable() })
    .nullable(),
  rounds: z.array(round),
  series: z.array(series),
  /** What the loop found alarming, by round. */
  alarms: z.array(z.strictObject({ round: count(), text: z.string() })),
  /** What a round came to where nothing failed and yet little was done, and what else is to be known of it. */
  notes: z.array(z.strictObject({ round: count(), text: z.string() })).default([]),
  funnel: z.array(stage),
  passRates: z.array(passRateBin),
  verdicts: z.array(z.strictObject({ purpose: z.enum(PURPOSES), verdict: z.enum(VERDICTS), count: count() })),
  /** Commonest reasons of verdicts that are not `proved`, names replaced by …, most frequent first. */
  reasons: z.array(z.strictObject({ verdict: z.enum(VERDICTS), reason: z.string(), count: count() })),
  /** Axioms under the accepted proofs. */
  axioms: z.array(z.strictObject({ axiom: z.string(), proofs: count() })),
  proofLengths: z.array(z.strictObject({ label: z.string(), proofs: count() })),
  kept: z.array(conjecture),
  newlyProved: z.array(theorem),
  updates: z.array(update),
  contamination: contamination.nullable(),
  cost,
  provenance,
});

export type RunReport = z.infer<typeof runReportSchema>;
export type Evaluation = RunReport['evaluation'];
export type EvaluationSide = z.infer<typeof evaluation>;
export type PassAtKRow = z.infer<typeof passAtK>;
export type HashedTheorem = z.infer<typeof theorem>;
/** What of it a page shows. */
export type Theorem = Omit<HashedTheorem, 'hash'>;
export type Conjecture = z.infer<typeof conjecture>;
export type Machine = z.infer<typeof machine>;
