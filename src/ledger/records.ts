/** What the ledger stores, as the rest of the program sees it. Ids are deterministic strings made by the caller. */
import type { Verdict, VerdictKind } from '../checkers/checker.ts';
import type { Completion, SamplerSettings } from '../policy/policy.ts';
import type { Problem, Statement } from '../statements/statement.ts';

/** Why attempts were made. Only `seed` and `prove` are ever learned from. */
export const PURPOSES = ['seed', 'prove', 'evaluate'] as const;
export type Purpose = (typeof PURPOSES)[number];

export type Role = 'prover' | 'conjecturer';

/** The run itself; one row. */
export interface RunRecord {
  readonly id: string;
  /** The resolved configuration, as JSON text. */
  readonly config: string;
  readonly seed: number;
  /** The checker's own name for itself. */
  readonly toolchain: string;
  /** Versions of program, node, libraries … for provenance. */
  readonly versions: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

export interface RoundRecord {
  readonly number: number;
  readonly policyIn: string;
  /** Null until the round has learned. */
  readonly policyOut: string | null;
}

export interface StepRecord {
  readonly round: number;
  readonly step: string;
  readonly status: 'started' | 'done';
  /** Milliseconds since the epoch; when a step was resumed, its first start. */
  readonly startedAt: number;
  readonly finishedAt: number | null;
  /** Wall time worked; of an interrupted try, up to its last `touch`. */
  readonly seconds: number;
}

export interface DatasetStatement extends Problem {
  readonly source: 'dataset';
  readonly dataset: string;
}

/** What a conjecture was made from. */
export interface ConjectureOrigin {
  readonly round: number;
  /** Statement whose proof was the seed. */
  readonly seedId: string;
  readonly seedProof: string;
  /** '' when the trivial lemma was given. */
  readonly lemmaName: string;
  readonly lemmaText: string;
}

export interface ConjectureStatement extends Statement, ConjectureOrigin {
  readonly source: 'conjecture';
  readonly typeHash: string;
  readonly constants: readonly string[];
}

export type StatementRecord = DatasetStatement | ConjectureStatement;

/** Everything the sampler said about one completion, and how it was asked. */
export interface SampleRecord {
  readonly id: string;
  readonly round: number;
  readonly policyVersion: string;
  readonly prompt: string;
  readonly promptTokens: readonly number[];
  readonly text: string;
  readonly tokens: readonly number[];
  /** Stored as 32-bit floats. */
  readonly logprobs: readonly number[];
  readonly finish: Completion['finish'];
  readonly sampler: SamplerSettings;
  /** Seed of the request this completion belongs to, uint32. */
  readonly seed: number;
}

/** One completion of the conjecturer, before anybody judged it. */
export interface ConjectureRecord extends SampleRecord, ConjectureOrigin {}

/** What became of a conjecture at the screen; the first reason that applied. */
export const SCREEN_OUTCOMES = [
  'kept',
  'unparsed',
  'too-long',
  'ill-formed',
  'duplicate',
  'known',
  'held-out',
  'near-copy',
  'hollow',
  'trivial',
  'refuted',
  'fault',
] as const;
export type ScreenOutcome = (typeof SCREEN_OUTCOMES)[number];

export interface ScreeningRecord {
  readonly conjectureId: string;
  readonly outcome: ScreenOutcome;
  /** One line: the checker's message, the closing tactic, the counterexample, the statement it repeats … */
  readonly detail: string;
  /** The statement read from the completion; '' when unparsed. */
  readonly parsed: string;
  /** Id of the statement it became; null unless kept. */
  readonly statementId: string | null;
  /** Of its elaborated type; null where it does not elaborate, or the checker failed on it. */
  readonly typeHash: string | null;
}

/** What became of a conjecture that was tried; the first reason that applied. */
export const SELECT_OUTCOMES = [
  'selected',
  'unjudged',
  'unproved',
  'too-easy',
  'lemma-unused',
  'inelegant',
  'unmatched',
  'cell-taken',
  'over-cap',
] as const;
export type SelectOutcome = (typeof SELECT_OUTCOMES)[number];

export interface SelectionRecord {
  readonly round: number;
  readonly statementId: string;
  readonly outcome: SelectOutcome;
  readonly proved: number;
  readonly judged: number;
  /** Shortest proof ÷ statement, characters; null without a proof. */
  readonly elegance: number | null;
  /** How much the conjecturer learns from it, 1 being usual; 0 when it is not selected. */
  readonly weight: number;
  /** Its proofs ignore its lemma, and it is kept as if written from the trivial one. */
  readonly relabelled: boolean;
}

export interface AttemptRecord extends SampleRecord {
  readonly purpose: Purpose;
  readonly statementId: string;
  /** Which of the statement's samples, from 0. */
  readonly index: number;
}

export interface VerdictRecord extends Verdict {
  readonly toolchain: string;
  /** Milliseconds since the epoch. */
  readonly judgedAt: number;
}

export interface JudgedAttempt extends AttemptRecord {
  readonly verdict: VerdictKind;
  readonly reason: string;
  readonly axioms: readonly string[];
  readonly premises: readonly string[];
  readonly ms: number;
}

/** One sequence's share in one update. */
export interface WeightRecord {
  readonly bundleHash: string;
  readonly role: Role;
  /** Attempt id for the prover, conjecture id for the conjecturer. */
  readonly sampleId: string;
  readonly objective: string;
  /** Null for sequences that no verdict stands behind. */
  readonly reward: number | null;
  /** Proved and judged attempts of its group. */
  readonly c: number;
  readonly k: number;
  /** Signed weight of the sequence, before it is spread over tokens. */
  readonly weight: number;
}

/** What the token-level reward model said of an attempt's tokens before an optimiser step. */
export interface TokenScoreRecord {
  readonly bundleHash: string;
  /** Index of the bundle's step. */
  readonly step: number;
  readonly sampleId: string;
  /** w_t of every token. */
  readonly scores: readonly number[];
}

export interface ReferenceRecord {
  readonly bundleHash: string;
  readonly sampleId: string;
  /** log-prob of every token under the reference. */
  readonly logprobs: readonly number[];
}

export interface BundleRecord {
  readonly hash: string;
  readonly round: number;
  readonly rows: number;
  readonly tokens: number;
  /** Where the bundle lies, relative to the run directory; '' when it was not written. */
  readonly path: string;
}

export interface PolicyRecord {
  readonly version: string;
  /** Null for the policy a run starts from. */
  readonly parent: string | null;
  readonly bundleHash: string | null;
  /** Relative to the run directory, or a policy URI. */
  readonly path: string;
  readonly createdAt: number;
}

export interface PassRate {
  readonly statementId: string;
  readonly proved: number;
  /** Attempts with a verdict that is no fault. */
  readonly judged: number;
  readonly faults: number;
}

export interface Proof {
  readonly statementId: string;
  readonly attemptId: string;
  readonly round: number;
  readonly text: string;
  readonly axioms: readonly string[];
  readonly premises: readonly string[];
}

export interface Funnel {
  readonly proposed: number;
  readonly screened: Readonly<Partial<Record<ScreenOutcome, number>>>;
  readonly selected: Readonly<Partial<Record<SelectOutcome, number>>>;
}
