/**
 * What only a machine with a native Lean can show: that the judge gives the verdicts it should there, alone and with a
 * Lake project that has Mathlib. Exit code 1 if any differs. The whole conformance suite runs on the same Lean with
 * `npx vitest run test/checkers/lean/conformance.test.ts`, which finds it by itself.
 *
 *   node bench/native-lean.ts [folder of a built Lake project with Mathlib]
 *
 * Expected (elan's Lean 4.34.1, say; the project is optional):
 *
 *   lean 4.34.1 (0123456789ab): 10 of 10 as expected
 *   lean 4.34.1 (0123456789ab) with Mathlib (0123456789ab): 14 of 14 as expected
 *
 * With a difference, before its line: `differs: <proof> is <verdict> (<reason>), expected <verdict>`. Executed only with the
 * tests' stand-in, whose folder test/checkers/lean/fixtures/bin was first on the PATH: `lean 4.28.0 (38f3c0c45b8d): 10 of 10
 * as expected`. No machine with a native Lean was at hand.
 */
import type { VerdictKind } from '../src/checkers/checker.ts';
import { createLeanChecker } from '../src/checkers/lean/checker.ts';
import { findNativeLean, NativeLeanError } from '../src/checkers/lean/native.ts';

type Case = readonly [statement: string, proof: string, verdict: VerdictKind];

const CORE: readonly Case[] = [
  ['theorem t (a b : Nat) : a + b = b + a', 'by omega', 'proved'],
  [
    'theorem t (l : List Nat) : l ++ [] = l',
    'by induction l with | nil => rfl | cons _ _ ih => simp',
    'proved',
  ],
  ['theorem t (p q : Prop) (h : p ↔ q) : p = q', 'propext h', 'proved'],
  ['theorem t : 1 + 1 = 2', 'by simp (config := { maxSteps := 1000 })', 'proved'],
  ['theorem t (a b : Nat) : a + b = a', 'by omega', 'rejected'],
  ['theorem t : 2 + 2 = 5', 'by sorry', 'forbidden'],
  ['theorem t : 2 ^ 10 = 1024', 'by native_decide', 'forbidden'],
  ['theorem t : 2 ^ 10 = 1024', 'by decide (config := ⟨false, true, true, false⟩)', 'forbidden'],
  ['theorem t : 1 + 1 = 2', 'by simp (maxSteps := dbgTrace "x" fun _ => 9)', 'forbidden'],
  ['theorem t : 2 + 2 = 5', 'by trivial\naxiom cheat : False', 'rejected'],
];
const MATHLIB: readonly Case[] = [
  ['theorem t (a b : ℝ) : (a + b) ^ 2 = a ^ 2 + 2 * a * b + b ^ 2', 'by ring', 'proved'],
  ['theorem t (x : ℝ) (h : 0 ≤ x) : 0 ≤ x ^ 2 + x', 'by positivity', 'proved'],
  ['theorem t (a b : ℝ) : 2 * a * b ≤ a ^ 2 + b ^ 2', 'by nlinarith [sq_nonneg (a - b)]', 'proved'],
  [
    'theorem t (x y : ℝ) (h : x = y) : 2 * x = 2 * y',
    'by linear_combination (norm := ring_nf) 2 * h',
    'proved',
  ],
  ['theorem t (x : ℝ) (h : x ≠ 0) : x / x = 1', 'by field_simp', 'proved'],
  ['theorem t : (5 : ℝ) / 2 < 3', 'by norm_num', 'proved'],
  ['theorem t (n : ℕ) (h : n ∈ Finset.range 3) : n < 3', 'by simpa using h', 'proved'],
  ['theorem t (p q : Prop) (h : p ∧ q) : q ∧ p', 'by aesop', 'proved'],
  ['theorem t (a b : ℝ) : a ^ 2 ≤ b ^ 2', 'by nlinarith [sq_nonneg (a - b)]', 'rejected'],
  ['theorem t (x : ℝ) : x < x + 1', 'by polyrith', 'forbidden'],
  ['theorem t : (2 : ℝ) + 2 = 5', 'by conv => run_conv pure ()', 'forbidden'],
  ['theorem t : (2 : ℕ) + 2 = 4', 'by exact (rfl : eval% 4 = 4)', 'forbidden'],
  ['theorem t : (2 : ℝ) + 2 = 5', 'by norm_num (maxSteps := dbgTrace "x" fun _ => 9)', 'forbidden'],
  ['theorem t : (2 : ℝ) + 2 = 5', 'by admit', 'forbidden'],
];

const [project] = process.argv.slice(2);
const searchPath = process.env.PATH ?? '';
await check(CORE);
if (project !== undefined) await check(MATHLIB, project);

async function check(cases: readonly Case[], project?: string): Promise<void> {
  const runtime = findNativeLean({ searchPath, project });
  if (!runtime) throw new NativeLeanError('No lean on the PATH or in ~/.elan/bin: install elan.');
  const checker = createLeanChecker(runtime, { workers: 1, wallMs: 300_000 });
  const attempts = cases.map(([text, proof], i) => {
    const statement = { id: `${i}`, language: 'lean' as const, header: '', text, forbidden: [] };
    return { id: `${i}`, statement, proof };
  });
  let right = 0;
  try {
    for await (const { id, verdict, reason } of checker.judge(attempts)) {
      const [, proof, expected] = cases[Number(id)] ?? ['', '', 'fault'];
      if (verdict === expected) right++;
      else console.log(`differs: ${proof} is ${verdict} (${reason}), expected ${expected}`);
    }
  } finally {
    await checker.close();
  }
  console.log(`${checker.toolchain}: ${right} of ${cases.length} as expected`);
  if (right < cases.length) process.exitCode = 1;
}
