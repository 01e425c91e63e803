/** Request bodies → checked records, or an `HttpProblem` that names the field. */
import type { Context } from 'hono';
import { z } from 'zod';
import {
  type BadRow,
  type ReadRow,
  type RowId,
  readAttempt,
  readStatement,
} from '../checkers/attempt-row.ts';
import type { Attempt, InspectOptions } from '../checkers/checker.ts';
import type { Statement } from '../statements/statement.ts';
import { HttpProblem } from './problem.ts';

/** The body as JSON. Bytes that are no UTF-8 are refused: replaced by something else they would be another proof. */
export async function jsonBody(c: Context): Promise<unknown> {
  const bytes = await c.req.arrayBuffer().catch((error: unknown) => {
    if (c.req.raw.signal.aborted) throw new HttpProblem(400, 'the body broke off: the client has left');
    throw error;
  });
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new HttpProblem(400, `the body is not JSON: ${error instanceof Error ? error.message : error}`);
  }
}

export interface Asked<Question> {
  /** The client's own ids, in the order of the request; the checker is asked under the positions. */
  readonly ids: readonly RowId[];
  readonly questions: readonly Question[];
}

export function attemptsIn(body: unknown): Asked<Attempt> {
  const rows = parse(z.object({ attempts: z.array(z.unknown()).min(1) }), body).attempts;
  return uniquely(rows, 'attempts', readAttempt);
}

const inspection = z.object({
  statements: z.array(z.unknown()).min(1),
  probes: z.array(z.enum(['hollow', 'trivial', 'refute'])).default([]),
});

export function statementsIn(body: unknown): Asked<Statement> & { readonly options: InspectOptions } {
  const { statements, probes } = parse(inspection, body);
  return { ...uniquely(statements, 'statements', readStatement), options: { probes } };
}

/** Throws for the first field that does not fit. */
export function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') ?? '';
  throw new HttpProblem(400, `${field || 'the body'}: ${issue?.message ?? 'not as expected'}`, field);
}

/** Answers are told apart by their ids, so no two questions of a request may share one. */
export function refuseTwins(ids: readonly RowId[], field: (position: number) => string): void {
  const seen = new Map<string, number>();
  for (const [i, id] of ids.entries()) {
    const twin = seen.get(String(id));
    if (twin !== undefined)
      throw new HttpProblem(
        400,
        `${field(i)}: ${JSON.stringify(id)} is the id of ${field(twin)} too`,
        field(i),
      );
    seen.set(String(id), i);
  }
}

function uniquely<Question extends Attempt | Statement>(
  rows: readonly unknown[],
  list: string,
  read: (row: unknown, as: string) => ReadRow<Question>,
): Asked<Question> {
  const ids: RowId[] = [];
  const questions: Question[] = [];
  for (const [i, row] of rows.entries()) {
    const result = read(row, String(i));
    if (!('question' in result)) throw badField(`${list}.${i}`, result);
    ids.push(result.id);
    questions.push(result.question);
  }
  refuseTwins(ids, (i) => `${list}.${i}.id`);
  return { ids, questions };
}

function badField(row: string, { field, reason }: Pick<BadRow, 'field' | 'reason'>): HttpProblem {
  const path = field === '' ? row : `${row}.${field}`;
  return new HttpProblem(400, `${path}: ${reason}`, path);
}
