/**
 * An attempt as the doors take it, a JSON object `{id, statement, proof, header?, language?, forbidden?}`, read once
 * at the edge. What does not fit is refused with the name of the field.
 */
import { z } from 'zod';
import { cutBeforeProof } from '../statements/before-proof.ts';
import type { Statement } from '../statements/statement.ts';
import type { Attempt } from './checker.ts';

/** Whole numbers beyond 2^53 would come back as others. */
const isExact = (n: unknown): boolean =>
  typeof n === 'number' && (Number.isSafeInteger(n) || (Number.isFinite(n) && !Number.isInteger(n)));
const id = z.custom<string | number>(
  (value) => typeof value === 'string' || isExact(value),
  'expected a string, or a number that is exact (whole ones up to 2^53)',
);
const language = z.enum(['lean', 'isabelle']);
/** Lean reads anything else as the name of nothing, with which every name begins. */
const NAME = /^(?:[^\s.«»]+|«[^«»]+»)(?:\.(?:[^\s.«»]+|«[^«»]+»))*$/u;
const constant = z.string().regex(NAME, 'expected the full name of a constant, e.g. Nat.add_comm');

export const statementRow = z.object({
  id,
  /** Ends before the proof; a trailing `:= by sorry` and the like are cut. */
  statement: z.string().min(1),
  header: z.string().default(''),
  language: language.default('lean'),
  forbidden: z.array(constant).default([]),
});
export const attemptRow = statementRow.extend({ proof: z.string() });

export type RowId = string | number;

export interface BadRow {
  /** Where it could be read. */
  readonly id: RowId | null;
  /** Dotted path of the first field that does not fit, '' for the row as a whole. */
  readonly field: string;
  readonly reason: string;
}

export type ReadRow<Question> = { readonly id: RowId; readonly question: Question } | BadRow;

/** Ids of rows may repeat and may be numbers: `as` is the id that the checker is asked under. */
export function readAttempt(value: unknown, as: string): ReadRow<Attempt> {
  const parsed = attemptRow.safeParse(value);
  if (!parsed.success) return badRow(value, parsed.error);
  return {
    id: parsed.data.id,
    question: { id: as, statement: statementOf(parsed.data, as), proof: parsed.data.proof },
  };
}

export function readStatement(value: unknown, as: string): ReadRow<Statement> {
  const parsed = statementRow.safeParse(value);
  if (!parsed.success) return badRow(value, parsed.error);
  return { id: parsed.data.id, question: statementOf(parsed.data, as) };
}

function statementOf(row: z.infer<typeof statementRow>, as: string): Statement {
  const { header, language, forbidden } = row;
  return { id: as, language, header, text: cutBeforeProof(language, row.statement), forbidden };
}

function badRow(value: unknown, error: z.ZodError): BadRow {
  const readable = z.object({ id }).safeParse(value);
  const [issue] = error.issues;
  const field = issue?.path.join('.') ?? '';
  const reason = field === '' ? 'expected a JSON object' : `field "${field}": ${issue?.message}`;
  return { id: readable.success ? readable.data.id : null, field, reason };
}
