/**
 * The rules that every strategy shares: a pass rate in the barely-provable window, a correct proof that uses the lemma,
 * and an elegance (shortest correct proof ÷ statement, characters) above the lowest quantile (STP §3.2, Algorithm 2).
 * As in the paper the quantile is global; STP's code takes it per lemma, which leaves groups under five untouched
 * (RL/utils/RL_utils.py:79). Its code also keeps most conjectures whose proofs ignore the lemma, as if they had been
 * written from the trivial one (:487); that is `relabelUnused`. Pure.
 */
import type { SelectOutcome } from '../../ledger/records.ts';

/** A conjecture with what its attempts came to. */
export interface Candidate {
  readonly statementId: string;
  readonly statement: string;
  /** '' when the trivial lemma was given, which every proof uses. */
  readonly lemmaName: string;
  readonly proved: number;
  /** Attempts with a verdict that is no fault. */
  readonly judged: number;
  /** The unbiased estimate under the round's stages (staging.ts). */
  readonly passRate: number;
  /** The correct proofs, with the library constants they use. */
  readonly proofs: readonly { readonly text: string; readonly premises: readonly string[] }[];
}

export interface GateRules {
  readonly window: { readonly low: number; readonly high: number };
  readonly requireLemma: boolean;
  readonly relabelUnused: boolean;
  readonly eleganceQuantile: number;
}

export interface Gated extends Candidate {
  /** `selected` here means: may be chosen from. */
  readonly outcome: SelectOutcome;
  readonly elegance: number | null;
  readonly relabelled: boolean;
}

/** STP relabels at most this many, or 20 for each conjecture that does use its lemma (RL_utils.py:497). */
const MOST_RELABELLED = 4096;
const RELABELLED_PER_USED = 20;

/** One a candidate, in the given order. */
export function gate(candidates: readonly Candidate[], rules: GateRules): Gated[] {
  const relabelled = rules.relabelUnused ? relabelledOf(candidates, rules) : new Set<Candidate>();
  const judged = candidates.map((c) => ({
    ...c,
    elegance: eleganceOf(c),
    relabelled: relabelled.has(c),
    outcome: relabelled.has(c) ? ('selected' as const) : ruleOutcome(c, rules),
  }));
  const inside = judged.filter((c) => c.outcome === 'selected').map((c) => c.elegance ?? 0);
  const cut = quantileCut(inside, rules.eleganceQuantile);
  return judged.map((c) =>
    c.outcome === 'selected' && (c.elegance ?? 0) < cut
      ? { ...c, outcome: 'inelegant', relabelled: false }
      : c,
  );
}

function ruleOutcome(c: Candidate, rules: GateRules): SelectOutcome {
  if (c.judged === 0) return 'unjudged';
  if (c.passRate <= rules.window.low) return 'unproved';
  if (c.passRate > rules.window.high) return 'too-easy';
  const usesLemma = c.lemmaName === '' || c.proofs.some((p) => p.premises.includes(c.lemmaName));
  return rules.requireLemma && !usesLemma ? 'lemma-unused' : 'selected';
}

function relabelledOf(candidates: readonly Candidate[], rules: GateRules): Set<Candidate> {
  const outcomes = candidates.map((c) => ruleOutcome(c, rules));
  const using = outcomes.filter((o) => o === 'selected').length;
  const unused = candidates.filter((_, i) => outcomes[i] === 'lemma-unused');
  return new Set(unused.toSorted(byId).slice(0, Math.max(RELABELLED_PER_USED * using, MOST_RELABELLED)));
}

function eleganceOf(c: Candidate): number | null {
  if (c.proofs.length === 0) return null;
  return Math.min(...c.proofs.map((p) => p.text.length)) / c.statement.length;
}

/** The value below which the lowest ⌊q·n⌋ lie; −∞ when that is none. */
function quantileCut(values: readonly number[], q: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(q * values.length)] ?? Number.NEGATIVE_INFINITY;
}

/** For sorting, the same whatever the locale. */
export const byId = (a: { readonly statementId: string }, b: { readonly statementId: string }): number =>
  a.statementId < b.statementId ? -1 : a.statementId > b.statementId ? 1 : 0;

/** The hardest first, ties by id. */
export const byHardness = (a: Candidate, b: Candidate): number => a.passRate - b.passRate || byId(a, b);
