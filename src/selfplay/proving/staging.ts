/**
 * Staged sampling: every statement gets a first stage of attempts; a second stage only where the pass rate may still lie
 * in the barely-provable window. Pure.
 *
 * Stopping by what was seen biases the plain share of proofs, so the pass rate is the uniformly minimum variance unbiased
 * estimate of a two-stage design: Girshick, Mosteller & Savage 1946 (Ann. Math. Stat. 17:13), as in Jung & Kim 2004
 * (Statistics in Medicine 23:881), eq. (2). With one stage it is the plain share.
 */

export interface StageRules {
  /** Attempts of the first stage. */
  readonly samples: number;
  /** Attempts of both stages; equal to `samples` for a single stage. */
  readonly maxSamples: number;
  /** Does a statement without a proof in the first stage go on? */
  readonly extendUnproved: boolean;
  /** Upper end of the barely-provable window. */
  readonly high: number;
}

/** What the attempts at one statement came to; faults are in neither number. */
export interface StageCounts {
  /** Judged attempts of the first stage, and the proofs among them. */
  readonly first: { readonly judged: number; readonly proved: number };
  /** Of both stages. */
  readonly judged: number;
  readonly proved: number;
}

/** One-sided 95 %. */
const Z = 1.6449;

/** Goes on unless the rate is above the window with 95 % confidence (Wilson's lower bound), or nothing was proved. */
export function goesOn(proved: number, judged: number, rules: StageRules): boolean {
  if (rules.maxSamples <= rules.samples || judged === 0) return false;
  if (proved === 0) return rules.extendUnproved;
  return wilsonLower(proved, judged) <= rules.high;
}

/** Unbiased estimate of the pass rate under these rules; 0 when nothing was judged. */
export function passRate({ first, judged, proved }: StageCounts, rules: StageRules): number {
  const later = judged - first.judged;
  if (later <= 0 || first.judged === 0) return judged === 0 ? 0 : proved / judged;
  let above = 0;
  let below = 0;
  for (let x = 0; x <= Math.min(first.judged, proved); x++) {
    if (!goesOn(x, first.judged, rules)) continue;
    const rest = choose(later, proved - x);
    above += choose(first.judged - 1, x - 1) * rest;
    below += choose(first.judged, x) * rest;
  }
  // Only a statement extended under other rules has no way to its counts; its plain share is all there is to say.
  return below === 0 ? proved / judged : above / below;
}

function wilsonLower(proved: number, judged: number): number {
  const p = proved / judged;
  const spread = Z * Math.sqrt((p * (1 - p)) / judged + (Z * Z) / (4 * judged * judged));
  return (p + (Z * Z) / (2 * judged) - spread) / (1 + (Z * Z) / judged);
}

/** n over k; 0 outside of 0 ≤ k ≤ n. Exact far beyond any number of attempts at a statement that doubles can weigh. */
function choose(n: number, k: number): number {
  if (k < 0 || k > n) return 0;
  let result = 1;
  for (let i = 1; i <= Math.min(k, n - k); i++) result = (result * (n - i + 1)) / i;
  return result;
}
