/** Attempts for benchmarks, from the committed problem set and seed proofs. The same ones every time. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Attempt } from '../src/checkers/checker.ts';
import { readSeedProofs } from '../src/seed/proofs.ts';

const problem = z.object({ name: z.string(), statement: z.string(), forbidden: z.array(z.string()) });

interface SeedAttemptOptions {
  /** Is a statement's own theorem forbidden? */
  readonly forbid?: boolean;
  /** Slower proofs are left out of the seeds, so that figures compare from one machine to another. */
  readonly mostMs?: number;
}

/** Every fifth at its own statement; the others at another's, by steps, since a lone `grind` proves much. */
export function seedAttempts(count: number, options: SeedAttemptOptions = {}): Attempt[] {
  const { forbid = true, mostMs = 1000 } = options;
  const proofs = readSeedProofs('data/seed-proofs').filter(({ ms }) => ms <= mostMs);
  const steps = proofs.filter(({ kind }) => kind === 'steps');
  const problems = ['train', 'validation', 'heldout'].flatMap((split) =>
    readFileSync(`data/lean-core/${split}.jsonl`, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => problem.parse(JSON.parse(line))),
  );
  const byName = new Map(problems.map((p) => [p.name, p]));
  // 7919 is prime, so the steps reach every proof before any comes again.
  return Array.from({ length: count }, (_, i) => {
    const among = i % 5 === 0 ? proofs : steps;
    const chosen = among[(i * 7919) % among.length];
    const own = byName.get(chosen?.name ?? '');
    const other = problems[(i * 7919) % problems.length];
    const from = i % 5 === 0 ? own : other;
    if (!chosen || !from)
      throw new Error(`no problem for seed proof ${i}: data/lean-core and data/seed-proofs differ`);
    const { statement: text, forbidden } = from;
    const statement = {
      id: from.name,
      language: 'lean' as const,
      header: '',
      text,
      forbidden: forbid ? forbidden : [],
    };
    return { id: `${i}`, statement, proof: chosen.proof };
  });
}
