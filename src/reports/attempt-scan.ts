/** One pass over a run's judged attempts, a statement at a time, keeping only what the report shows. */
import type { VerdictKind } from '../checkers/checker.ts';
import { resultOf, type TrialResult } from '../evaluation/trial-results.ts';
import type { AttemptOutcome, Ledger, Purpose } from '../ledger/index.ts';
import { type LengthBin, ProofLengths } from './proof-lengths.ts';
import { complaintKind } from './reasons.ts';

/** What a round's attempts at one statement came to. */
export interface StatementResult extends TrialResult {
  readonly round: number;
  readonly purpose: Purpose;
}

export interface AttemptScan {
  readonly results: readonly StatementResult[];
  readonly reasons: { verdict: VerdictKind; reason: string; count: number }[];
  readonly axioms: { axiom: string; proofs: number }[];
  readonly proofLengths: LengthBin[];
}

/** Reasons kept, of the many. */
const REASONS = 8;

export function scanAttempts(ledger: Ledger): AttemptScan {
  const results: StatementResult[] = [];
  const reasons = new Map<string, { verdict: VerdictKind; reason: string; count: number }>();
  const axioms = new Map<string, number>();
  const lengths = new ProofLengths();
  for (const { number: round } of ledger.rounds.list()) {
    for (const purpose of ['prove', 'evaluate'] as const) {
      for (const { statementId, attempts } of ledger.outcomes.groups({ round, purpose })) {
        results.push({ round, purpose, ...resultOf(statementId, attempts) });
        for (const attempt of attempts) {
          if (attempt.verdict === 'proved') {
            lengths.add(attempt.text);
            for (const axiom of attempt.axioms) add(axioms, axiom);
          } else countReason(reasons, attempt);
        }
      }
    }
  }
  return {
    results,
    reasons: [...reasons.values()]
      .sort((a, b) => b.count - a.count || compare(a.reason, b.reason))
      .slice(0, REASONS),
    axioms: [...axioms]
      .map(([axiom, proofs]) => ({ axiom, proofs }))
      .sort((a, b) => b.proofs - a.proofs || compare(a.axiom, b.axiom)),
    proofLengths: lengths.bins(),
  };
}

function countReason(
  reasons: Map<string, { verdict: VerdictKind; reason: string; count: number }>,
  { verdict, reason: full }: AttemptOutcome,
): void {
  const reason = complaintKind(full);
  const key = `${verdict} ${reason}`;
  reasons.set(key, { verdict, reason, count: (reasons.get(key)?.count ?? 0) + 1 });
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
