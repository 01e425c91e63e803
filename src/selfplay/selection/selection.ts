/**
 * Which tried conjectures the conjecturer learns from, and how much from each. Pure; the step that applies it is
 * select.ts. First the rules that all share (selection/gates.ts), then the configured strategy
 * (selection/strategies.ts), then the guards against short and vacuous proofs (selection/guards.ts), then the cap.
 */
import type { SelectionRecord } from '../../ledger/records.ts';
import { byHardness, type Candidate, type Gated, type GateRules, gate } from './gates.ts';
import { type GuardRules, isGuarded } from './guards.ts';
import { choose, type StrategyRules, type Surroundings } from './strategies.ts';

export interface SelectionRules extends GateRules, GuardRules, StrategyRules {}

export type Selection = Omit<SelectionRecord, 'round'>;

/** One outcome a candidate, in the given order; the cap keeps those of most weight, then the hardest, ties by id. */
export function selectConjectures(
  candidates: readonly Candidate[],
  rules: SelectionRules,
  around: Surroundings,
): Selection[] {
  const gated = gate(candidates, rules);
  const eligible = gated.filter((c) => c.outcome === 'selected');
  const { weights, otherwise } = choose(eligible, rules, around);
  const weightOf = (c: Gated) => {
    const weight = weights.get(c.statementId) ?? 0;
    return isGuarded(c, rules) ? Math.min(weight, rules.guardedWeight) : weight;
  };
  const ranked = eligible
    .filter((c) => weights.has(c.statementId))
    .toSorted((a, b) => weightOf(b) - weightOf(a) || byHardness(a, b));
  const kept = new Set(ranked.slice(0, rules.maxKept));
  const beyond = new Set(ranked.slice(rules.maxKept));
  return gated.map((c): Selection => {
    const { statementId, proved, judged, elegance } = c;
    const common = { statementId, proved, judged, elegance };
    if (kept.has(c)) return { ...common, outcome: 'selected', weight: weightOf(c), relabelled: c.relabelled };
    const outcome = beyond.has(c) ? 'over-cap' : c.outcome === 'selected' ? otherwise : c.outcome;
    return { ...common, outcome, weight: 0, relabelled: false };
  });
}
