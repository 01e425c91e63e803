/**
 * What a run is made of: every step of a round gets this record and nothing else. Whoever opens it (the command line,
 * a test) closes it; steps only use it.
 */
import type { Checker } from '../checkers/checker.ts';
import type { Config } from '../config/index.ts';
import type { Ledger } from '../ledger/index.ts';
import type { StartProgress } from '../ops/progress.ts';
import type { Policy } from '../policy/policy.ts';
import type { RewardModel } from '../policy/reward-model.ts';
import type { Prompts } from '../prompts/prompts.ts';
import type { Problem } from '../statements/statement.ts';

/** The problem set as a run uses it. */
export interface Problems {
  /** Proved and learned from. */
  readonly train: readonly Problem[];
  /** Only ever evaluated. */
  readonly heldout: readonly Problem[];
  /** Elaborated-type hash → problem id, over every split: a conjecture may repeat none of them. */
  readonly idsByTypeHash: ReadonlyMap<string, string>;
  /** Type hashes of the splits that are never trained on. */
  readonly testHashes: ReadonlySet<string>;
  /** Library lemma → its statement under its own name, train split only. */
  readonly lemmas: ReadonlyMap<string, string>;
}

export interface Run {
  /** The run directory. */
  readonly dir: string;
  readonly config: Config;
  readonly ledger: Ledger;
  readonly checker: Checker;
  /** The current policy: `learn` changes its weights and version in place, a refresh puts another in its place. */
  readonly policy: Policy;
  /** Closes the current policy and goes on with the one saved there, below the run directory. */
  readonly replacePolicy: (path: string) => Promise<void>;
  /** Opens a saved policy beside the current one, e.g. the run's first as a KL reference. Caller closes. */
  readonly openPolicy: (path: string) => Promise<Policy>;
  /** Opens a token-level reward model on a policy, or where one was saved. Caller closes. */
  readonly openRewardModel: (path: string) => Promise<RewardModel>;
  readonly prompts: Prompts;
  readonly problems: Problems;
  /** What a person sees of a long step. */
  readonly startProgress: StartProgress;
  /** One line a person may want to read. */
  readonly say: (message: string, fields?: Readonly<Record<string, unknown>>) => void;
  /** Aborted with a `StoppedError` when the run is asked to stop; steps check it between batches. */
  readonly signal: AbortSignal;
  /** Asked before each step; it may refuse with a `StoppedError`, for want of time. */
  readonly beforeStep?: (round: number, step: string) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Largest resident memory of the process tree so far, bytes; null where nobody can tell. */
  readonly peakMemory: () => number | null;
  /** CPU seconds of the process tree so far; null where nobody can tell. */
  readonly cpuSeconds: () => number | null;
  /** GPUs that the run holds while it works. */
  readonly gpus: number;
}

/** What sampling and judging need of a run. An evaluation on its own has no more than this. */
export interface Trial
  extends Pick<Run, 'ledger' | 'checker' | 'policy' | 'prompts' | 'startProgress' | 'signal' | 'now'> {
  readonly config: { readonly run: { readonly seed: number } };
}
