/**
 * Did a run learn from what it is evaluated on? Its seeds, the problems it tried to prove and its conjectures are held
 * against the problems evaluated: by the hash of the elaborated type, and by the text up to the theorem's name. It finds
 * the same statement, not a paraphrase of it.
 */
import { z } from 'zod';
import type { Ledger, StatementRecord } from '../ledger/index.ts';
import { namelessHash } from '../statements/identity.ts';
import type { SurveyedProblem } from './survey.ts';

export const contaminationMatch = z.strictObject({
  name: z.string(),
  as: z.enum(['training problem', 'conjecture']),
  statementId: z.string(),
  by: z.enum(['type', 'text']),
});

export const contaminationSchema = z.strictObject({
  /** The run's id and its policies. */
  run: z.string(),
  policies: z.array(z.string()),
  /** Was the evaluated policy made by that run? */
  ofThisRun: z.boolean(),
  /** Statements of the run that were looked at. */
  problems: z.int(),
  conjectures: z.int(),
  matches: z.array(contaminationMatch),
});

export type Contamination = z.infer<typeof contaminationSchema>;

/** Of a problem, what the same statement is told by. */
export type TestedProblem = Pick<SurveyedProblem, 'name' | 'nameless' | 'typeHashes'>;

export function contaminationBy(
  run: Ledger,
  tested: readonly TestedProblem[],
  version: string,
): Contamination {
  const learned = learnedFrom(run);
  const policies = run.policies.list().map((p) => p.version);
  const byType = new Map(tested.flatMap((p) => p.typeHashes.map((hash) => [hash, p.name] as const)));
  const byText = new Map(tested.map((p) => [p.nameless, p.name]));
  const matches = learned.flatMap((statement): Contamination['matches'] => {
    const type = byType.get(statement.typeHash ?? '');
    const name = type ?? byText.get(namelessHash(statement));
    if (name === undefined) return [];
    const as = statement.source === 'conjecture' ? 'conjecture' : 'training problem';
    return [{ name, as, statementId: statement.id, by: type === undefined ? 'text' : 'type' }];
  });
  const conjectures = learned.filter((s) => s.source === 'conjecture').length;
  return {
    run: run.run.read()?.id ?? '',
    policies,
    ofThisRun: policies.includes(version),
    problems: learned.length - conjectures,
    conjectures,
    matches,
  };
}

/** Whatever attempts that may be learned from were made at, and every conjecture that passed the screen. */
function learnedFrom(run: Ledger): StatementRecord[] {
  const ids = new Set<string>();
  for (const { number: round } of run.rounds.list()) {
    for (const purpose of ['seed', 'prove'] as const)
      for (const { statementId } of run.attempts.countsByStatement({ round, purpose })) ids.add(statementId);
    for (const { id } of run.statements.keptConjectures(round)) ids.add(id);
  }
  return [...ids].flatMap((id) => run.statements.get(id) ?? []);
}
