/** Counts kept while the attempts of an evaluation pass by once: verdicts, reasons, axioms, proof lengths, times. */
import { VERDICTS, type VerdictKind } from '../checkers/checker.ts';
import { quantile } from '../evaluation/intervals.ts';
import type { AttemptOutcome } from '../ledger/index.ts';
import type { EvalReport } from './eval-data.ts';
import { ProofLengths } from './proof-lengths.ts';
import { complaintKind } from './reasons.ts';

/** Reasons shown, of the many. */
const REASONS = 12;

export class AttemptTally {
  readonly verdicts: Record<VerdictKind, number> = {
    proved: 0,
    rejected: 0,
    forbidden: 0,
    timeout: 0,
    memory: 0,
    fault: 0,
  };
  readonly #reasons = new Map<string, { verdict: VerdictKind; reason: string; count: number }>();
  readonly #axioms = new Map<string, number>();
  readonly #lengths = new ProofLengths();
  readonly #ms: number[] = [];
  #withoutAxioms = 0;

  add(attempt: AttemptOutcome): void {
    this.verdicts[attempt.verdict]++;
    this.#ms.push(attempt.ms);
    if (attempt.verdict === 'proved') this.#addProof(attempt);
    else this.#addReason(attempt);
  }

  #addProof({ text, axioms }: AttemptOutcome): void {
    if (axioms.length === 0) this.#withoutAxioms++;
    for (const axiom of axioms) this.#axioms.set(axiom, (this.#axioms.get(axiom) ?? 0) + 1);
    this.#lengths.add(text);
  }

  #addReason({ verdict, reason: full }: AttemptOutcome): void {
    const reason = complaintKind(full);
    const key = `${verdict} ${reason}`;
    const known = this.#reasons.get(key);
    if (known) known.count++;
    else this.#reasons.set(key, { verdict, reason, count: 1 });
  }

  figures(): Pick<EvalReport, 'proofLengths' | 'reasons' | 'axioms' | 'proofsWithoutAxioms'> {
    return {
      proofLengths: this.#lengths.bins(),
      reasons: [...this.#reasons.values()]
        .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1))
        .slice(0, REASONS),
      axioms: [...this.#axioms]
        .map(([axiom, proofs]) => ({ axiom, proofs }))
        .sort((a, b) => b.proofs - a.proofs || (a.axiom < b.axiom ? -1 : 1)),
      proofsWithoutAxioms: this.#withoutAxioms,
    };
  }

  times(): Pick<EvalReport['cost'], 'checkSeconds' | 'medianMs' | 'p95Ms'> {
    const sorted = Float64Array.from(this.#ms).sort();
    const at = (q: number) => (sorted.length === 0 ? null : quantile(sorted, q));
    return { checkSeconds: sorted.reduce((a, b) => a + b, 0) / 1000, medianMs: at(0.5), p95Ms: at(0.95) };
  }
}

/** Verdicts in the order of their list, for tables. */
export const verdictRows = (verdicts: EvalReport['verdicts']) =>
  VERDICTS.map((verdict) => ({ verdict, count: verdicts[verdict] }));
