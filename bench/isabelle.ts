/**
 * Verdicts a second of a resident Isabelle session against one batch build a theory, both in this one run, and the
 * verdicts of both tiers on the conformance cases: what they accept that they should not, and refuse that they should.
 * Needs a real Isabelle (ISABELLE_TOOL or the PATH) with a heap of HOL. Writes bench/results/isabelle.json.
 *
 *   node bench/isabelle.ts [proofs, default 200]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Attempt, Checker } from '../src/checkers/checker.ts';
import { createIsabelleChecker, type IsabelleCheckerOptions } from '../src/checkers/isabelle/checker.ts';
import { findIsabelle, IsabelleError, NO_ISABELLE, requireHeap } from '../src/checkers/isabelle/install.ts';
import { strictWorker } from '../src/checkers/isabelle/strict.ts';
import { compareVerdicts, type Expected } from './isabelle-verdicts.ts';

const count = Number(process.argv[2] ?? 200);
const BUILDS = 5;
const isabelle = findIsabelle({ tool: process.env.ISABELLE_TOOL, searchPath: process.env.PATH ?? '' });
if (!isabelle) throw new IsabelleError(NO_ISABELLE);
const found = isabelle;
requireHeap(found, 'HOL');

const threads = availableParallelism();
const settings = { session: 'HOL', dirs: [], imports: ['Main'], workers: 1, threads, batch: 32 };
const limits = { wallMs: 20_000, startMs: 600_000, memoryMb: 16_000 };
const options: IsabelleCheckerOptions = { ...settings, ...limits, tier: 'fast', sledgehammer: 'forbid' };

const attempts = Array.from({ length: count }, (_, i) =>
  attemptOf({ title: `${i}`, statement: `theorem t: "(n::nat) + ${i} = ${i} + n"`, proof: 'by simp' }),
);
const { toolchain, resident, fast } = await using(options, async (checker) => {
  await perSecond(checker, [attemptOf({ title: 'warm', statement: 'theorem t: "True"', proof: 'by simp' })]);
  const resident = await perSecond(checker, attempts);
  return { toolchain: checker.toolchain, resident, fast: await onCases(checker) };
});
const strict = await using({ ...options, tier: 'strict' }, onCases);

const builder = strictWorker(found, options);
const started = performance.now();
for (const { statement, proof } of attempts.slice(0, BUILDS)) {
  const answer = await builder.ask([{ imports: ['Main'], statement: statement.text, proof }]);
  if (answer.kind !== 'confirmed')
    throw new Error(`Expected a build that confirms ${statement.text}: ${answer.reason}`);
}
const built = BUILDS / ((performance.now() - started) / 1000);

const result = {
  command: `node bench/isabelle.ts ${count}`,
  machine: { cores: threads, node: process.version },
  isabelle: toolchain,
  proofs: count,
  verdictsPerSecond: { residentSession: round(resident), oneBuildEach: round(built) },
  ratio: round(resident / built),
  conformance: { fast, strict },
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

async function onCases(on: Checker) {
  const text = readFileSync('test/checkers/isabelle/conformance.jsonl', 'utf8').trimEnd();
  const cases: (Case & Expected)[] = text.split('\n').map((line) => JSON.parse(line));
  return compareVerdicts(cases, await Array.fromAsync(on.judge(cases.map(attemptOf))));
}

async function using<T>(
  settings: IsabelleCheckerOptions,
  work: (checker: Checker) => Promise<T>,
): Promise<T> {
  const checker = createIsabelleChecker(found, settings);
  try {
    return await work(checker);
  } finally {
    await checker.close();
  }
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
