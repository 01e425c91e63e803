/** The figures of an evaluation, every one derived from its ledger; nothing here was measured by the report itself. */
import { dirname } from 'node:path';
import { contaminationSchema } from '../evaluation/contamination.ts';
import { faultRate, headline, MOST_FAULTS } from '../evaluation/headline.ts';
import { isFixedList, settingsIn } from '../evaluation/settings.ts';
import { readSurvey, type Survey, type SurveyedProblem } from '../evaluation/survey.ts';
import { EVALUATION, type TrialResult, trialResults } from '../evaluation/trial-results.ts';
import type { Ledger } from '../ledger/index.ts';
import { LakatosError, StoppedError } from '../ops/errors.ts';
import { seedFor } from '../ops/seeds.ts';
import { type EvalReport, type EvalResult, evalComparison, evalReportSchema } from './eval-data.ts';
import { AttemptTally } from './eval-tally.ts';
import { PASS_RATE_BINS } from './pass-rate-bins.ts';
import { complaint } from './reasons.ts';
import { machine as machineSchema } from './report-data.ts';

export function buildEvalReport(ledger: Ledger): EvalReport {
  const { run, settings, survey } = evaluationIn(ledger);
  const tally = new AttemptTally();
  const results = trialResults(ledger, (attempt) => tally.add(attempt));
  const options = {
    adaptive: settings.adaptive,
    fixedList: isFixedList(settings),
    seed: seedFor(settings.seed, 'evaluation report'),
  };
  const passAtK = headline(results, { ...options, ks: settings.k });
  const curve = settings.adaptive ? [] : headline(results, { ...options, ks: curveKs(results) });
  const tokens = sum(results.map((r) => r.tokens));
  const attempts = sum(results.map((r) => r.n + r.faults));
  const solved = results.filter((r) => r.c > 0).length;
  const problems = resultRows(ledger, survey, results);
  return evalReportSchema.parse({
    kind: 'lakatos.evaluation',
    version: 1,
    id: run.id,
    startedAt: new Date(run.startedAt).toISOString(),
    settings,
    passAtK: [...passAtK],
    withheld: withheldBecause(results, passAtK),
    problems: results.length,
    solved,
    ...exclusions(survey),
    droppedLines: survey.dropped,
    attempts,
    verdicts: tally.verdicts,
    faultRate: faultRate(results),
    duplicates: sum(results.map((r) => r.duplicates)),
    curve: curve.flatMap(({ k, estimate, low, high }) =>
      estimate === null ? [] : [{ k, estimate, low, high, tokens: (k * tokens) / Math.max(1, attempts) }],
    ),
    families: familyRows(problems, settings.adaptive),
    passRates: settings.adaptive ? [] : passRateRows(results),
    ...tally.figures(),
    results: problems,
    defects: defectRows(survey, results),
    contamination: contaminationSchema.nullable().parse(ledger.facts.get('contamination') ?? null),
    comparison: evalComparison.nullable().parse(ledger.facts.get('comparison') ?? null),
    cost: costOf(ledger, tally, solved, tokens),
    provenance: {
      toolchain: settings.toolchain,
      versions: { ...run.versions },
      machine: machineSchema.nullable().parse(ledger.facts.get('machine') ?? null),
    },
  } satisfies EvalReport);
}

/** What a ledger must hold to be reported on; the figures of an evaluation that was cut off would be wrong ones. */
export function evaluationIn(ledger: Ledger) {
  const run = ledger.run.read();
  const settings = run && settingsIn(run.config);
  const survey = readSurvey(ledger);
  if (run === undefined || settings === undefined || survey === undefined)
    throw new LakatosError(
      `${ledger.path}: expected the ledger of an evaluation, found another or one that has not begun; make one with \`lakatos eval\`.`,
    );
  if (!ledger.steps.isDone(EVALUATION.round, 'evaluate'))
    throw new StoppedError(
      `${ledger.path}: the evaluation was cut off before every attempt was made and judged, so there is nothing to report yet; give the same \`lakatos eval\` command once more, with --out ${dirname(ledger.path)}, to go on with it.`,
    );
  return { run, settings, survey };
}

/** 1, 2, 4 … as far as every problem has that many judged attempts. */
function curveKs(results: readonly TrialResult[]): readonly number[] {
  const most = Math.min(...results.map((r) => r.n));
  return Array.from({ length: most < 1 ? 0 : Math.floor(Math.log2(most)) + 1 }, (_, i) => 2 ** i);
}

function withheldBecause(results: readonly TrialResult[], rows: ReturnType<typeof headline>): string | null {
  const faults = sum(results.map((r) => r.faults));
  const attempts = sum(results.map((r) => r.n)) + faults;
  const share = `${faults} of ${attempts} attempts (${((100 * faults) / attempts).toFixed(2)} %) ended in a checker fault`;
  if (faults > MOST_FAULTS * attempts)
    return `${share}, more than ${100 * MOST_FAULTS} %: the bounds are what pass@k would be had all of them failed, or all been proofs. Run the same command again to have them judged again; until then it is compared with no other evaluation.`;
  const open = rows.filter((row) => row.estimate === null).map((row) => row.k);
  if (open.length === 0) return null;
  return `${share} and left some problem with too few judged attempts for k = ${open.join(', ')}: bounds are given there.`;
}

function exclusions({ problems }: Survey) {
  const excluded = problems.flatMap(({ name, hash, excluded: reason }) =>
    reason === null ? [] : [{ name, hash, reason }],
  );
  const counts = new Map<string, number>();
  for (const { reason } of excluded) counts.set(complaint(reason), (counts.get(complaint(reason)) ?? 0) + 1);
  const exclusionReasons = [...counts]
    .map(([reason, count]) => ({ reason, count }))
    .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));
  return { excluded: excluded.length, exclusions: excluded, exclusionReasons };
}

function resultRows(ledger: Ledger, { problems }: Survey, results: readonly TrialResult[]): EvalResult[] {
  const byId = new Map(results.map((r) => [r.problemId, r]));
  return problems.flatMap((problem: SurveyedProblem): EvalResult[] => {
    const found = byId.get(problem.id);
    if (found === undefined) return [];
    const { id, name, hash, family } = problem;
    const { n, c, faults, duplicates, distinct, tokens, proof } = found;
    const statement = ledger.statements.get(id)?.text ?? '';
    const shortest = proof === null ? null : { text: proof.text, axioms: [...proof.axioms] };
    return [
      {
        id,
        name,
        hash,
        family,
        statement,
        n,
        c,
        faults,
        duplicates,
        distinctProofs: distinct,
        tokens,
        proof: shortest,
      },
    ];
  });
}

function familyRows(rows: readonly EvalResult[], adaptive: boolean): EvalReport['families'] {
  return [...Map.groupBy(rows, (row) => row.family)]
    .map(([family, members]) => {
      const rates = members.filter((row) => row.n > 0).map((row) => row.c / row.n);
      return {
        family,
        problems: members.length,
        solved: members.filter((row) => row.c > 0).length,
        passAt1: adaptive || rates.length === 0 ? null : sum(rates) / rates.length,
      };
    })
    .sort((a, b) => b.problems - a.problems || (a.family < b.family ? -1 : 1));
}

function passRateRows(results: readonly TrialResult[]): EvalReport['passRates'] {
  const judged = results.filter((r) => r.n > 0).map((r) => r.c / r.n);
  return PASS_RATE_BINS.map(([label, holds]) => ({
    label,
    problems: judged.filter((value) => holds(value)).length,
  }));
}

function defectRows({ problems }: Survey, results: readonly TrialResult[]): EvalReport['defects'] {
  const solved = new Set(results.filter((r) => r.c > 0).map((r) => r.problemId));
  return problems.flatMap(({ id, name, defect, excluded }) =>
    defect === null ? [] : [{ name, ...defect, evaluated: excluded === null, solved: solved.has(id) }],
  );
}

function costOf(ledger: Ledger, tally: AttemptTally, solved: number, tokens: number): EvalReport['cost'] {
  const metrics = ledger.metrics.get(0);
  const [sampleSeconds, judgeSeconds] = [metrics['sample.seconds'] ?? 0, metrics['judge.seconds'] ?? 0];
  const ratio = (amount: number, per: number) => (per > 0 ? amount / per : null);
  const surveySeconds = metrics['survey.seconds'] ?? 0;
  return {
    surveySeconds,
    sampleSeconds,
    judgeSeconds,
    sampleCpuSeconds: metrics['sample.cpuSeconds'] ?? null,
    judgeCpuSeconds: metrics['judge.cpuSeconds'] ?? null,
    tokens,
    tokensPerSecond: ratio(metrics['sample.tokens'] ?? 0, sampleSeconds),
    verdictsPerSecond: ratio(metrics['judge.verdicts'] ?? 0, judgeSeconds),
    ...tally.times(),
    secondsPerSolved: ratio(surveySeconds + sampleSeconds + judgeSeconds, solved),
    tokensPerSolved: ratio(tokens, solved),
    peakRssBytes: metrics['process.peakRssBytes'] ?? null,
  };
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
