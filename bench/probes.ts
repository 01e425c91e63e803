/**
 * What the probe of the negation finds beyond small counterexamples, and what it costs: the same conjectures inspected by
 * the judge as it is and by one without that probe, in turns. Writes bench/results/probes.json.
 *
 *   node bench/probes.ts JSONL [statements, default 300]      # {id, statement} a line, of conjectures that are no repeats
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Checker, Inspection } from '../src/checkers/checker.ts';
import { createLeanChecker } from '../src/checkers/lean/checker.ts';
import { EMBEDDED_TOOLCHAIN, embeddedRuntime } from '../src/checkers/lean/embedded.ts';

const PORTFOLIO = '["simp", "omega", "grind"]';
const row = z.object({ id: z.string(), statement: z.string() });
const [file = '', most = '300'] = process.argv.slice(2);
const rows = readFileSync(file, 'utf8')
  .trimEnd()
  .split('\n')
  .slice(0, Number(most))
  .map((line) => row.parse(JSON.parse(line)));

const scratch = mkdtempSync(join(tmpdir(), 'lakatos-probes-'));
const sides = { with: checker((path) => path), without: checker(withoutNegation) };
const seen = { with: [] as Inspection[], without: [] as Inspection[] };
try {
  for (const { id, statement } of rows)
    for (const side of ['with', 'without'] as const)
      seen[side].push(await inspect(sides[side], id, statement));
} finally {
  await Promise.all([sides.with.close(), sides.without.close()]);
  rmSync(scratch, { recursive: true });
}

const reached = (i: Inspection) => i.ok && i.hollow === null && i.trivial === null;
const byNegation = seen.with.filter((i) => reached(i) && i.refuted?.startsWith('its negation'));
const result = {
  command: `node bench/probes.ts FILE ${rows.length}`,
  machine: { cores: cpus().length, node: process.version },
  toolchain: EMBEDDED_TOOLCHAIN,
  conjectures: rows.length,
  elaborate: seen.with.filter((i) => i.ok).length,
  hollow: tally(seen.with.map((i) => i.hollow)),
  trivial: seen.with.filter((i) => i.hollow === null && i.trivial !== null).length,
  refutedByInstance: seen.without.filter((i) => reached(i) && i.refuted !== null).length,
  refutedByNegation: { count: byNegation.length, tactics: tally(byNegation.map((i) => i.refuted)) },
  left: seen.with.filter((i) => reached(i) && i.refuted === null).length,
  inspectionMs: { with: total(seen.with), without: total(seen.without) },
  costOverWithout: Number((total(seen.with) / total(seen.without)).toFixed(3)),
};
writeFileSync('bench/results/probes.json', `${JSON.stringify(result, null, 2)}\n`);
console.log(JSON.stringify(result, null, 2));
for (const i of byNegation) console.error(rows.find((r) => r.id === i.id)?.statement, '|', i.refuted);

function checker(programOf: (path: string) => string): Checker {
  const runtime = embeddedRuntime();
  const start: typeof runtime.start = (program) => runtime.start(program.map(programOf));
  return createLeanChecker({ ...runtime, start }, { tier: 'fast', workers: 1, wallMs: 120_000 });
}

/** The same Lean program with no tactic to try at the negation. */
function withoutNegation(path: string): string {
  if (!path.endsWith('Inspect.lean')) return path;
  const text = readFileSync(path, 'utf8');
  if (text.split(PORTFOLIO).length !== 2) throw new Error(`expected ${PORTFOLIO} once in ${path}`);
  const other = join(scratch, 'Inspect.lean');
  writeFileSync(other, text.replace(PORTFOLIO, '[]'));
  return other;
}

async function inspect(by: Checker, id: string, text: string): Promise<Inspection> {
  const statement = { id, language: 'lean' as const, header: '', text, forbidden: [] };
  for await (const i of by.inspect([statement], { probes: ['hollow', 'trivial', 'refute'] })) return i;
  throw new Error(`no inspection of ${id}`);
}

function tally(items: readonly (string | null)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) if (item !== null) counts[item] = (counts[item] ?? 0) + 1;
  return counts;
}

function total(inspections: readonly Inspection[]): number {
  return inspections.reduce((sum, { ms }) => sum + ms, 0);
}
