/**
 * Reads a JSON-lines file against a schema. All or nothing: the first bad line stops it, and the message names the
 * file, the line, the field and what was expected there.
 */
import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { LakatosError } from '../ops/errors.ts';
import { shippedPath } from '../ops/shipped.ts';

/** A data set that cannot be used as it is. */
export class DatasetError extends LakatosError {
  override readonly name = 'DatasetError';
}

export function readLines<T>(path: string, schema: z.ZodType<T>): T[] {
  return textOf(path)
    .split('\n')
    .flatMap((line, i) => (line.trim() === '' ? [] : [parseLine(line, `${path} line ${i + 1}`, schema)]));
}

function textOf(path: string): string {
  try {
    return readFileSync(shippedPath(path), 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DatasetError(`Cannot read the data set ${path}: ${why}. Check the path in the configuration.`, {
      cause,
    });
  }
}

function parseLine<T>(line: string, where: string, schema: z.ZodType<T>): T {
  const result = schema.safeParse(jsonOf(line, where));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.join('.') || '(the whole line)';
  throw new DatasetError(
    `${where}: field "${field}": ${issue?.message ?? 'not as expected'}. Correct or remove the line.`,
  );
}

function jsonOf(line: string, where: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new DatasetError(
      `${where}: not JSON (${cause instanceof Error ? cause.message : cause}). Correct or remove the line.`,
      {
        cause,
      },
    );
  }
}
