/**
 * Verdicts a second of a resident Isabelle session against one batch build a theory, both in this one run, and against
 * the expected verdicts of the conformance cases. Needs a real Isabelle (ISABELLE_TOOL or the PATH) with a heap of HOL.
 * Writes bench/results/isabelle.json.
 *
 *   node bench/isabelle.ts [proofs, default 200]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Attempt, Checker } from '../src/checkers/checker.ts';
import { createIsabelleChecker, type IsabelleCheckerOptions } from '../src/checkers/isabelle/checker.ts';
import { findIsabelle, IsabelleError, NO_ISABELLE, requireHeap } from '../src/checkers/isabelle/install.ts';
import { strictWorker } from '../src/checkers/isabelle/strict.ts';

const count = Number(process.argv[2] ?? 200);
const BUILDS = 5;
const isabelle = findIsabelle({ tool: process.env.ISABELLE_TOOL, searchPath: process.env.PATH ?? '' });
if (!isabelle) throw new IsabelleError(NO_ISABELLE);
requireHeap(isabelle, 'HOL');

const threads = availableParallelism();
const settings = { session: 'HOL', dirs: [], imports: ['Main'], workers: 1, threads, batch: 32 };
const limits = { wallMs: 20_000, startMs: 600_000, memoryMb: 16_000 };
const options: IsabelleCheckerOptions = { ...settings, ...limits, tier: 'fast', sledgehammer: 'forbid' };

const attempts = Array.from({ length: count }, (_, i) =>
  attemptOf({ title: `${i}`, statement: `theorem t: "(n::nat) + ${i} = ${i} + n"`, proof: 'by simp' }),
);
const checker = createIsabelleChecker(isabelle, options);
let resident: number;
let wrong: readonly string[];
try {
  await perSecond(checker, [attemptOf({ title: 'warm', statement: 'theorem t: "True"', proof: 'by simp' })]);
  resident = await perSecond(checker, attempts);
  wrong = await unexpected(checker);
} finally {
  await checker.close();
}

const builder = strictWorker(isabelle, options);
const started = performance.now();
for (const { statement, proof } of attempts.slice(0, BUILDS))
  await builder.ask([{ imports: ['Main'], statement: statement.text, proof }]);
const built = BUILDS / ((performance.now() - started) / 1000);

const result = {
  command: `node bench/isabelle.ts ${count}`,
  machine: { cores: threads, node: process.version },
  isabelle: checker.toolchain,
  proofs: count,
  verdictsPerSecond: { residentSession: round(resident), oneBuildEach: round(built) },
  ratio: round(resident / built),
  unexpectedVerdicts: wrong,
};
writeFileSync('bench/results/isabelle.json', `${JSON.stringify(result, null, 2)}\n`);
console.log(JSON.stringify(result, null, 2));

async function perSecond(on: Checker, some: readonly Attempt[]): Promise<number> {
  const began = performance.now();
  const verdicts = await Array.fromAsync(on.judge(some));
  const bad = verdicts.find((v) => v.verdict !== 'proved');
  if (bad) throw new Error(`Expected a proof, found ${bad.verdict}: ${bad.reason}`);
  return some.length / ((performance.now() - began) / 1000);
}

/** Titles of the conformance cases whose verdict is another than expected. */
async function unexpected(on: Checker): Promise<string[]> {
  const text = readFileSync('test/checkers/isabelle/conformance.jsonl', 'utf8').trimEnd();
  const cases: (Case & { verdict: string })[] = text.split('\n').map((line) => JSON.parse(line));
  const expected = new Map(cases.map((c) => [c.title, c.verdict]));
  const said = await Array.fromAsync(on.judge(cases.map(attemptOf)));
  return said.filter((v) => expected.get(v.id) !== v.verdict).map((v) => v.id);
}

interface Case {
  readonly title: string;
  readonly statement: string;
  readonly proof: string;
  readonly header?: string;
  readonly forbidden?: readonly string[];
}

function attemptOf({ title, statement: text, proof, header = '', forbidden = [] }: Case): Attempt {
  return { id: title, statement: { id: title, language: 'isabelle', header, text, forbidden }, proof };
}

function round(x: number): number {
  return Number(x.toFixed(2));
}
