/** The public door of reports: figures from a ledger, and the same figures as JSON, as a page and as plain text. */

export { compareEvaluations, refuseUnlike } from './eval-comparison.ts';
export { type EvalComparison, type EvalReport, evalReportSchema } from './eval-data.ts';
export { writeEvalReport } from './eval-files.ts';
export { buildEvalReport } from './eval-report.ts';
export { summariseEvaluation } from './eval-summary.ts';
export { renderReport } from './html.ts';
export { type Machine, type RunReport, runReportSchema } from './report-data.ts';
export { protectionFact } from './run-contamination.ts';
export { writeRunReport } from './run-files.ts';
export { buildRunReport, type Origin } from './run-report.ts';
export { comparisonFigures } from './sections/eval-solved.ts';
export { summarise } from './summary.ts';
