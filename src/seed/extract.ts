/**
 * Derives the problem set `lean-core` from Lean's own core library (Init and Std, as compiled in the embedded Lean).
 *
 * Kept: theorems of the wanted namespaces whose printed statement is short and elaborates back to the very same type.
 * One theorem for each proposition; what else states the same is in its `forbidden` list. No proofs: the exported
 * library holds none.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Inspection } from '../checkers/checker.ts';
import { createEmbeddedLeanChecker } from '../checkers/lean/checker.ts';
import { EMBEDDED_TOOLCHAIN } from '../checkers/lean/embedded.ts';
import type { Statement } from '../statements/statement.ts';
import { isGenerated, isWanted, mentionsUnwanted } from './core-names.ts';
import { type LeanProgram, openLeanProgram } from './lean-program.ts';
import { SPLITS, splitOf } from './split.ts';
import { statementTexts } from './statement-text.ts';

export interface ExtractOptions {
  /** Gets `train.jsonl`, `validation.jsonl`, `heldout.jsonl`, and `toolchain`, which names the judge. */
  readonly outDir: string;
  readonly log: (line: string) => void;
}

/** One line of the data set. */
export interface CoreRecord {
  readonly name: string;
  readonly statement: string;
  readonly typeHash: string;
  readonly constants: readonly string[];
  readonly forbidden: readonly string[];
  readonly module: string;
}

/** A theorem of the library. `same` is equal for one proposition in other words, `family` also for close variants. */
interface Theorem {
  readonly name: string;
  readonly module: string;
  readonly same: string;
  readonly family: string;
}

/** How many ways of printing Lean knows (`style` in Extract.lean); later ones are more explicit. */
const STYLES = 5;
const MAX_LENGTH = 180;
const PROGRAM = fileURLToPath(new URL('../../lean/Extract.lean', import.meta.url));

export async function extractLeanCore({ outDir, log }: ExtractOptions): Promise<Record<string, number>> {
  const lean = await openLeanProgram(PROGRAM);
  try {
    const theorems = await scan(lean, log);
    const stated = await stateAll(lean, theorems, log);
    await lean.close();
    const judged = await inspectAll(stated, log);
    return writeSplits(outDir, withForbidden(judged, theorems));
  } finally {
    await lean.close();
  }
}

const moduleAnswer = z.object({
  module: z.string(),
  theorems: z.array(z.tuple([z.string(), z.string(), z.string()])),
  next: z.number(),
});

async function scan(lean: LeanProgram, log: (line: string) => void): Promise<Theorem[]> {
  const { count } = z.object({ count: z.number() }).parse(await lean.request({ op: 'modules' }));
  const theorems: Theorem[] = [];
  for (let module = 0; module < count; module++) {
    for (let from = 0, more = true; more; more = from > 0) {
      const part = moduleAnswer.parse(await lean.request({ op: 'scan', module, from }));
      for (const [name, same, family] of part.theorems)
        theorems.push({ name, module: part.module, same, family });
      from = part.next;
    }
    if (module % 100 === 99) log(`scanned ${module + 1} of ${count} modules: ${theorems.length} theorems`);
  }
  return theorems;
}

interface Stated extends Theorem {
  readonly statement: string;
}

async function stateAll(lean: LeanProgram, theorems: readonly Theorem[], log: (line: string) => void) {
  const candidates = representatives(theorems.filter(({ name }) => isWanted(name)));
  const stated: Stated[] = [];
  for (const [i, theorem] of candidates.entries()) {
    const statement = await stateOne(lean, theorem.name);
    if (statement !== undefined) stated.push({ ...theorem, statement });
    if (i % 500 === 499)
      log(`stated ${i + 1} of ${candidates.length} candidates: ${stated.length} elaborate`);
  }
  return stated;
}

/** One theorem for each proposition: the one with the shortest name, which is rarely the deprecated one. */
function representatives(theorems: readonly Theorem[]): Theorem[] {
  const shortest = (a: Theorem, b: Theorem) => a.name.length - b.name.length || (a.name < b.name ? -1 : 1);
  const groups = Map.groupBy(theorems, ({ same }) => same);
  return [...groups.values()].flatMap((group) => [...group].sort(shortest).slice(0, 1));
}

interface Judged extends Stated {
  readonly typeHash: string;
  readonly constants: readonly string[];
  readonly aliases: readonly string[];
}

/** The judge has the last word: under its own header each statement must elaborate, to a type no other one has. */
async function inspectAll(stated: readonly Stated[], log: (line: string) => void): Promise<Judged[]> {
  const checker = createEmbeddedLeanChecker();
  try {
    const inspections = new Map<string, Inspection>();
    for await (const inspection of checker.inspect(stated.map(asStatement))) {
      inspections.set(inspection.id, inspection);
      if (inspections.size % 1000 === 0) log(`inspected ${inspections.size} of ${stated.length}`);
    }
    const seen = new Set<string>();
    return stated.flatMap((theorem) => {
      const found = inspections.get(theorem.name);
      if (!found?.ok || mentionsUnwanted(found.constants) || seen.has(found.typeHash)) return [];
      seen.add(found.typeHash);
      const { typeHash, constants, aliases } = found;
      return [{ ...theorem, typeHash, constants, aliases }];
    });
  } finally {
    await checker.close();
  }
}

const asStatement = ({ name, statement }: Stated): Statement => ({
  id: name,
  language: 'lean',
  header: '',
  text: statement,
  forbidden: [],
});

/**
 * Citing any of these would be self-citation: the theorem, every constant that states the same proposition (`same`
 * does not see names, binder order and kinds, the sides of an equation or equivalence, `≥` for `≤`, `P = True` for
 * `P`), and what Lean generated from one of those (`X._simp_1`, `X.eq_1` …).
 */
function withForbidden(judged: readonly Judged[], theorems: readonly Theorem[]): [Theorem, CoreRecord][] {
  const bySame = Map.groupBy(theorems, ({ same }) => same);
  const parent = (name: string) => name.replace(/\.[^.]+$/, '');
  const generated = Map.groupBy(
    theorems.filter(({ name }) => isGenerated(name)),
    ({ name }) => parent(name),
  );
  return judged.map((theorem) => {
    const { name, statement, typeHash, constants, aliases, same, module } = theorem;
    const twins = [name, ...(bySame.get(same) ?? []).map((t) => t.name), ...aliases];
    const derived = twins.flatMap((twin) => (generated.get(twin) ?? []).map((t) => t.name));
    const forbidden = [...new Set([...twins, ...derived])];
    return [theorem, { name, statement, typeHash, constants, forbidden, module }];
  });
}

const printed = z.object({ text: z.string() });
const checked = z.object({ ok: z.literal(true) });

/** The first printed form that elaborates back to the theorem's own type. */
async function stateOne(lean: LeanProgram, name: string): Promise<string | undefined> {
  const tried = new Set<string>();
  for (let style = 0; style < STYLES; style++) {
    const answer = printed.safeParse(await lean.request({ op: 'state', name, style }));
    if (!answer.success) return undefined;
    for (const text of statementTexts(answer.data.text)) {
      if (text.length > MAX_LENGTH || tried.has(text)) continue;
      tried.add(text);
      if (checked.safeParse(await lean.request({ op: 'check', name, text })).success) return text;
    }
  }
  return undefined;
}

function writeSplits(outDir: string, records: readonly [Theorem, CoreRecord][]): Record<string, number> {
  mkdirSync(outDir, { recursive: true });
  writeFileSync(join(outDir, 'toolchain'), `${EMBEDDED_TOOLCHAIN}\n`);
  const counts: Record<string, number> = {};
  for (const split of SPLITS) {
    const chosen = records.filter(([{ family }]) => splitOf(family) === split).map(([, record]) => record);
    chosen.sort((a, b) => (a.name < b.name ? -1 : 1));
    writeFileSync(join(outDir, `${split}.jsonl`), chosen.map((r) => `${JSON.stringify(r)}\n`).join(''));
    counts[split] = chosen.length;
  }
  return counts;
}
