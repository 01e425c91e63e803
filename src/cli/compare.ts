/** `lakatos compare A B`: what changed from one evaluation to another, and whether it is more than noise. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UsageError } from '../ops/errors.ts';
import {
  compareEvaluations,
  comparisonFigures,
  type EvalComparison,
  type EvalReport,
  evalReportSchema,
} from '../reports/index.ts';

export interface CompareFlags {
  readonly force: boolean;
  readonly json: boolean;
}

export function compareCommand(before: string, after: string, { force, json }: CompareFlags): void {
  const comparison = compareEvaluations(readEvalReport(before), readEvalReport(after), { force });
  process.stdout.write(json ? `${JSON.stringify(comparison, null, 2)}\n` : comparisonText(comparison));
}

/** @param place an evaluation's directory, its report.json, or that as it is committed with its command */
export function readEvalReport(place: string): EvalReport {
  const path = existsSync(place) && statSync(place).isDirectory() ? join(place, 'report.json') : place;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`${place}: expected a finished evaluation with its report.json; ${why}.`, '', {
      cause,
    });
  }
  const committed = z.object({ command: z.string(), report: z.unknown() }).safeParse(value);
  const parsed = evalReportSchema.safeParse(committed.success ? committed.data.report : value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UsageError(
    `${path}: expected the report.json of an evaluation (kind lakatos.evaluation, version 1); ${issue?.path.join('.') || 'it'}: ${issue?.message}.`,
    '',
    { cause: parsed.error },
  );
}

export function comparisonText(comparison: EvalComparison): string {
  const { before, after, problems, sentence, gained, lost, differences, notes } = comparison;
  const warning =
    differences.length === 0 ? '' : `Not of a kind, compared on request: ${differences.join('; ')}.\n\n`;
  return `${warning}${before} → ${after}, ${problems} problems in common\n${sentence}\n${comparisonFigures(comparison)}\n${notes.map((note) => `${note}\n`).join('')}${flips('Gained', gained)}${flips('Lost (the earlier proof)', lost)}`;
}

function flips(title: string, problems: EvalComparison['gained']): string {
  if (problems.length === 0) return '';
  return `\n${title}: ${problems.length}\n${problems
    .map(({ name, n, c, proof }) => `  ${name} (${c} of ${n})\n${indented(proof?.text ?? '')}\n`)
    .join('')}`;
}

const indented = (text: string) =>
  text
    .split('\n')
    .map((line) => `      ${line}`)
    .join('\n');
