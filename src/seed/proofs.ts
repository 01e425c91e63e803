/**
 * The seed proofs as they are committed, and the deliberately weak part of them that the warm start learns from.
 *
 * A model trained on the whole portfolio merely equals it; so the warm start sees proofs by `steps` only (no lone
 * `grind`, `omega` or `simp_all`), and only for one half of the statements, chosen by a hash of their name.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { readLines } from '../statements/lines.ts';
import type { Language } from '../statements/statement.ts';

/** One line of portfolio.jsonl: an accepted proof of the portfolio's; in a table of one's own the first two are enough. */
const record = z.object({
  name: z.string().min(1),
  proof: z.string().min(1),
  /** What the proof is written in; Lean when absent. */
  language: z.enum(['lean', 'isabelle']).optional(),
  family: z.string().default(''),
  kind: z.enum(['closer', 'steps']).default('steps'),
  premises: z.array(z.string()).default([]),
  ms: z.number().default(0),
});

export type PortfolioProof = Readonly<z.infer<typeof record>>;

export const PROOFS_FILE = 'portfolio.jsonl';

export function readSeedProofs(dir: string): PortfolioProof[] {
  return readLines(join(dir, PROOFS_FILE), record);
}

/** What a run in that language starts from: Lean's weak half, all of Isabelle's. */
export function startingProofs(proofs: readonly PortfolioProof[], language: Language): PortfolioProof[] {
  const own = proofs.filter((p) => (p.language ?? 'lean') === language);
  return language === 'lean' ? warmStartProofs(own) : own;
}

export function warmStartProofs(proofs: readonly PortfolioProof[]): PortfolioProof[] {
  return proofs.filter(({ name, kind }) => kind === 'steps' && isWarm(name));
}

/** Half of all names. */
export function isWarm(name: string): boolean {
  return hashOf(name).readUInt8(0) < 128;
}

/** So many of the names, a random part that is always the same; all without a count. */
export function firstByHash(names: Iterable<string>, count?: number): string[] {
  const byHash = [...names].map((name) => [hashOf(name).toString('hex'), name] as const).sort();
  return byHash.slice(0, count).map(([, name]) => name);
}

const hashOf = (name: string) => createHash('sha256').update(`warm start ${name}`).digest();
