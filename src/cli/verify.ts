/** What is asked of the lines of a file: `verify` has proofs judged, `inspect` statements inspected. */
import { faultAnswer, isFault, notInspected } from '../checkers/answers.ts';
import { readAttempt, readStatement } from '../checkers/attempt-row.ts';
import type { Attempt, Checker, Inspection, InspectOptions, Verdict } from '../checkers/checker.ts';
import type { Statement } from '../statements/statement.ts';
import { type Answering, answerLines, type LinesDone, type LinesJob } from './answer-lines.ts';

const judging = (checker: Checker): Answering<Attempt, Verdict> => ({
  read: readAttempt,
  ask: (attempts) => checker.judge(attempts),
  failed: faultAnswer,
  kindOf: ({ verdict }) => verdict,
});

export const inspecting = (checker: Checker, options: InspectOptions): Answering<Statement, Inspection> => ({
  read: readStatement,
  ask: (statements) => checker.inspect(statements, options),
  failed: (reason) => notInspected(`fault: ${reason}`),
  kindOf: kindOfInspection,
});

/** Proofs in, verdicts out, both as JSON lines. */
export const verify = (checker: Checker, job: LinesJob): Promise<LinesDone> =>
  answerLines(judging(checker), job);

/** Statements in, inspections out, both as JSON lines. */
export const inspect = (checker: Checker, job: LinesJob, options: InspectOptions): Promise<LinesDone> =>
  answerLines(inspecting(checker, options), job);

/** The first that applies. */
function kindOfInspection(answer: Omit<Inspection, 'id'>): string {
  if (!answer.ok) return isFault(answer) ? 'fault' : 'ill-formed';
  if (answer.hollow !== null) return 'hollow';
  if (answer.trivial !== null) return 'trivial';
  return answer.refuted === null ? 'ok' : 'refuted';
}
