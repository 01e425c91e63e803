/**
 * Before anything is sampled: the checker elaborates every problem. A problem that
 * does not elaborate is left out, with the reason, or under the `full` profile stops the evaluation. A checker that
 * fails says nothing of the problem: it is asked again, and if it fails again the evaluation stops, resumable.
 */
import { z } from 'zod';
import { isFault } from '../checkers/answers.ts';
import type { Checker, Inspection } from '../checkers/checker.ts';
import type { Ledger } from '../ledger/index.ts';
import { StoppedError, UsageError } from '../ops/errors.ts';
import type { StartProgress } from '../ops/progress.ts';
import type { Dataset } from '../statements/datasets.ts';
import { defectOf } from '../statements/defects.ts';
import { namelessHash, statementHash } from '../statements/identity.ts';
import { droppedLines, type Profile, underProfile } from '../statements/profile.ts';
import type { Problem } from '../statements/statement.ts';

const surveyed = z.strictObject({
  id: z.string(),
  name: z.string(),
  /** Of the statement as the data set has it, header included. */
  hash: z.string(),
  /** The same without name and header. */
  nameless: z.string(),
  family: z.string(),
  /** Why the problem is not evaluated; null when it is. */
  excluded: z.string().nullable(),
  defect: z.strictObject({ reason: z.string(), source: z.string() }).nullable(),
  typeHashes: z.array(z.string()),
});

const surveySchema = z.strictObject({
  problems: z.array(surveyed),
  dropped: z.array(z.strictObject({ line: z.string(), reason: z.string(), problems: z.int() })),
});

export type SurveyedProblem = z.infer<typeof surveyed>;
export type Survey = z.infer<typeof surveySchema>;

export function readSurvey(ledger: Ledger): Survey | undefined {
  const stored = ledger.facts.get('survey');
  return stored === undefined ? undefined : surveySchema.parse(stored);
}

export interface SurveyParts {
  readonly checker: Checker;
  readonly startProgress: StartProgress;
  readonly signal: AbortSignal;
}

/** Writes nothing: what is refused leaves no trace. */
export async function surveyProblems(
  parts: SurveyParts,
  dataset: Dataset,
  profile: Profile,
): Promise<Survey> {
  const judged = dataset.problems.map((problem) => underProfile(profile, problem));
  const inspections = await inspectAll(parts, judged);
  const survey: Survey = {
    problems: dataset.problems.map((problem) => surveyOf(dataset.name, problem, inspections.get(problem.id))),
    dropped: droppedLines(profile, dataset.problems),
  };
  refuse(survey, profile, parts.checker.toolchain);
  return survey;
}

/** Into the ledger, with the statements as they will be judged. A ledger that has a survey keeps it. */
export function storeSurvey(ledger: Ledger, survey: Survey, dataset: Dataset, profile: Profile): void {
  if (readSurvey(ledger) !== undefined) return;
  const typeHashes = new Map(survey.problems.map((p) => [p.id, p.typeHashes[0]]));
  ledger.transaction(() => {
    ledger.statements.insert(
      dataset.problems.map((problem) => {
        const typeHash = typeHashes.get(problem.id);
        const known = typeHash === undefined ? {} : { typeHash };
        return {
          ...underProfile(profile, problem),
          ...known,
          source: 'dataset' as const,
          dataset: dataset.name,
        };
      }),
    );
    ledger.facts.set('survey', survey);
  });
}

function surveyOf(dataset: string, problem: Problem, inspection: Inspection | undefined): SurveyedProblem {
  const hashes = [problem.typeHash ?? '', inspection?.typeHash ?? ''].filter((hash) => hash !== '');
  return {
    id: problem.id,
    name: problem.name,
    hash: statementHash(problem),
    nameless: namelessHash(problem),
    family: familyOf(problem.name),
    excluded: inspection?.ok ? null : (inspection?.reason ?? 'not inspected'),
    defect: defectOf(dataset, problem.name),
    typeHashes: [...new Set(hashes)],
  };
}

/** Where a problem comes from, as its name says: `mathd_algebra`, `amc12a`, `imo`, `List`. */
export function familyOf(name: string): string {
  const [mathd] = /^mathd_[a-z]+/.exec(name) ?? [];
  return mathd ?? name.split(/[._]/, 1)[0] ?? name;
}

async function inspectAll(
  parts: SurveyParts,
  problems: readonly Problem[],
): Promise<Map<string, Inspection>> {
  const inspections = new Map<string, Inspection>();
  const progress = parts.startProgress({ label: 'survey', unit: 'problems', total: problems.length });
  try {
    for (let attempt = 0; attempt < 2; attempt++) {
      const open = problems.filter((p) => isOpen(inspections.get(p.id)));
      if (open.length === 0) break;
      for await (const inspection of parts.checker.inspect(open)) {
        inspections.set(inspection.id, inspection);
        progress.advance(attempt === 0 ? 1 : 0);
        parts.signal.throwIfAborted();
      }
    }
  } finally {
    progress.end();
  }
  const faults = problems.flatMap((p) => {
    const inspection = inspections.get(p.id);
    return isOpen(inspection) ? [inspection?.reason ?? 'no answer'] : [];
  });
  if (faults.length > 0)
    throw new StoppedError(
      `The checker failed on ${faults.length} of ${problems.length} problems before anything was sampled (${faults[0]}); nothing is counted. Run the same command again.`,
    );
  return inspections;
}

const isOpen = (inspection: Inspection | undefined) => inspection === undefined || isFault(inspection);

function refuse({ problems }: Survey, profile: Profile, toolchain: string): void {
  const excluded = problems.filter((p) => p.excluded !== null);
  const [first] = excluded;
  if (first === undefined) return;
  if (excluded.length === problems.length)
    throw new UsageError(
      `None of the ${problems.length} problems elaborates on ${toolchain}; the first, ${first.name}: ${first.excluded}.`,
      '--file',
    );
  if (profile === 'full')
    throw new UsageError(
      `${excluded.length} of ${problems.length} problems do not elaborate on ${toolchain} (${first.name}: ${first.excluded}); use a checker with the library they need, or evaluate the rest with --profile partial, or --profile core on a Lean without Mathlib.`,
      '--profile',
    );
}
