/** Reads a problem set of anyone's own: one JSON object a line, `statement` the only field it must have. */
import { basename } from 'node:path';
import { z } from 'zod';
import { cutBeforeProof } from './before-proof.ts';
import { DatasetError, readLines } from './lines.ts';
import type { Problem } from './statement.ts';

const record = z.object({
  id: z.union([z.string().min(1), z.number()]).optional(),
  name: z.string().min(1).optional(),
  statement: z.string().min(1),
  header: z.string().default(''),
  language: z.enum(['lean', 'isabelle']).default('lean'),
  split: z.string().default(''),
  forbidden: z.array(z.string()).default([]),
});

/** Problems are called by their `id`, else their `name`, else by file and position. */
export function readJsonl(path: string): Problem[] {
  const problems = readLines(path, record).map((r, i) => {
    const id = String(r.id ?? r.name ?? `${basename(path)}:${i + 1}`);
    const { header, language, split, forbidden } = r;
    const text = cutBeforeProof(language, r.statement);
    return { id, name: r.name ?? id, split, language, header, text, forbidden };
  });
  refuseTwins(path, problems);
  return problems;
}

function refuseTwins(path: string, problems: readonly Problem[]): void {
  const seen = new Set<string>();
  for (const { id } of problems) {
    if (seen.has(id))
      throw new DatasetError(`${path}: two problems are called "${id}". Give each its own id.`);
    seen.add(id);
  }
}
