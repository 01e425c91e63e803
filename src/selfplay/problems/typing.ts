/**
 * The types of problems whose file has none for this checker: it is asked, once a run, so that a conjecture that repeats
 * one is known for what it is. A hash that another toolchain made may tell other statements apart, so it is not believed.
 */
import { z } from 'zod';
import { isFault } from '../../checkers/answers.ts';
import type { Ledger } from '../../ledger/index.ts';
import { statementHash } from '../../statements/identity.ts';
import type { Problem } from '../../statements/statement.ts';
import type { ProtectionParts } from './protection.ts';

/** By the checker's toolchain: statement hash → type hash, '' where it does not elaborate there. */
const factSchema = z.record(z.string(), z.record(z.string(), z.string()));
const FACT = 'problemTypes';

/** @param madeBy toolchain of the hashes that the problems come with; undefined: this checker's, as far as anyone knows */
export async function withTypes(
  problems: readonly Problem[],
  madeBy: string | undefined,
  ledger: Ledger,
  parts: ProtectionParts,
): Promise<Problem[]> {
  const { toolchain } = parts.checker;
  const isTyped = (p: Problem) => p.typeHash !== undefined && (madeBy === undefined || madeBy === toolchain);
  const facts = factSchema.parse(ledger.facts.get(FACT) ?? {});
  const known = new Map(Object.entries(facts[toolchain] ?? {}));
  const untyped = problems.filter((p) => !isTyped(p) && !known.has(statementHash(p)));
  if (untyped.length > 0)
    try {
      await ask(untyped, known, parts);
    } finally {
      ledger.facts.set(FACT, { ...facts, [toolchain]: Object.fromEntries(known) });
    }
  return problems.map((problem) => {
    if (isTyped(problem)) return problem;
    const { typeHash: _, ...bare } = problem;
    const typeHash = known.get(statementHash(problem)) ?? '';
    return typeHash === '' ? bare : { ...bare, typeHash };
  });
}

/** Adds to what is known; what the checker failed on stays unknown, to be asked again when the run is gone on with. */
async function ask(
  problems: readonly Problem[],
  known: Map<string, string>,
  { checker, startProgress, signal, say }: ProtectionParts,
): Promise<void> {
  const hashes = new Map(problems.map((p) => [p.id, statementHash(p)]));
  const progress = startProgress({ label: 'types of problems', unit: 'problems', total: problems.length });
  let elaborate = 0;
  try {
    for await (const inspection of checker.inspect(problems)) {
      signal.throwIfAborted();
      progress.advance();
      if (isFault(inspection)) continue;
      known.set(hashes.get(inspection.id) ?? '', inspection.typeHash);
      if (inspection.ok) elaborate++;
    }
  } finally {
    progress.end();
  }
  say(
    `${problems.length} problems came without types of ${checker.toolchain}, which was asked for them; ${elaborate} elaborate here`,
  );
}
