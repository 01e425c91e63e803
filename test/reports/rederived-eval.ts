/** report.json of an evaluation, derived a second time from the rows of its ledger, by other code. */
import { z } from 'zod';
import { settingsIn } from '../../src/evaluation/settings.ts';
import { readSurvey } from '../../src/evaluation/survey.ts';
import { openLedger } from '../../src/ledger/index.ts';
import { seedFor } from '../../src/ops/seeds.ts';
import { type EvalReport, evalReportSchema } from '../../src/reports/index.ts';
import { complaint } from '../../src/reports/reasons.ts';
import {
  axiomRows,
  byStatement,
  counted,
  doublings,
  faultsIn,
  interval,
  type Judged,
  lengthBins,
  mean,
  passAtK,
  proofsIn,
  Rows,
  rateBins,
  reasonRows,
  shortest,
  total,
} from './rederive.ts';

export function evalFigures(path: string, withheld: string | null): EvalReport {
  const rows = new Rows(path);
  try {
    return figures(rows, path, withheld);
  } finally {
    rows.close();
  }
}

const runRow = z.object({ id: z.string(), config: z.string(), versions: z.string(), started_at: z.number() });

function figures(rows: Rows, path: string, withheld: string | null): EvalReport {
  const [run] = rows.all(runRow, 'SELECT * FROM run');
  const settings = settingsIn(run?.config ?? '{}');
  const ledger = openLedger(path, { readonly: true });
  const survey = readSurvey(ledger);
  ledger.close();
  if (run === undefined || settings === undefined || survey === undefined) throw new Error('no evaluation');
  const judged = rows.judged();
  const groups = byStatement(judged);
  const [attempts, proofs] = [judged.length, proofsIn(judged)];
  const solvedIds = new Set(proofs.map((p) => p.statementId));
  const seed = seedFor(settings.seed, 'evaluation report');
  const row = (k: number) =>
    headline(
      groups.map(([, g]) => g),
      k,
      seed,
      withheld !== null,
    );
  const most = Math.min(...groups.map(([, g]) => g.length - faultsIn(g).length));
  const excluded = survey.problems.flatMap(({ name, hash, excluded: reason }) =>
    reason === null ? [] : [{ name, hash, reason }],
  );
  const results = survey.problems.flatMap((p) => resultOf(rows, p, groups));
  const tokens = total(judged.map((r) => r.tokens));
  return evalReportSchema.parse({
    kind: 'lakatos.evaluation',
    version: 1,
    id: run.id,
    startedAt: new Date(run.started_at).toISOString(),
    settings,
    passAtK: settings.k.map(row),
    withheld,
    problems: groups.length,
    excluded: excluded.length,
    solved: solvedIds.size,
    exclusions: excluded,
    exclusionReasons: counted(excluded.map((e) => complaint(e.reason))).map(({ name: reason, count }) => ({
      reason,
      count,
    })),
    droppedLines: survey.dropped,
    attempts,
    verdicts: Object.fromEntries(
      ['proved', 'rejected', 'forbidden', 'timeout', 'memory', 'fault'].map((verdict) => [
        verdict,
        rows.number('SELECT count(*) FROM verdicts WHERE verdict = ?', verdict),
      ]),
    ),
    faultRate: faultsIn(judged).length / attempts,
    duplicates:
      attempts - rows.number('SELECT count(*) FROM (SELECT DISTINCT statement_id, text FROM attempts)'),
    curve: doublings(most).flatMap((k) => {
      const { estimate, low, high } = row(k);
      return estimate === null ? [] : [{ k, estimate, low, high, tokens: (k * tokens) / attempts }];
    }),
    families: counted(results.map((r) => r.family)).map(({ name: family, count }) => {
      const members = results.filter((r) => r.family === family);
      const passAt1 = mean(members.map((r) => r.c / r.n));
      return { family, problems: count, solved: members.filter((r) => r.c > 0).length, passAt1 };
    }),
    passRates: rateBins(
      results.map((r) => r.c / r.n),
      (problems) => ({ problems }),
    ),
    proofLengths: lengthBins(proofs),
    reasons: reasonRows(judged, 12),
    axioms: axiomRows(proofs),
    proofsWithoutAxioms: rows.number(
      "SELECT count(*) FROM verdicts WHERE verdict = 'proved' AND axioms = '[]'",
    ),
    results,
    defects: survey.problems.flatMap(({ id, name, defect, excluded: reason }) =>
      defect === null ? [] : [{ name, ...defect, evaluated: reason === null, solved: solvedIds.has(id) }],
    ),
    contamination: rows.fact('contamination') ?? null,
    comparison: rows.fact('comparison') ?? null,
    cost: cost(rows, judged, solvedIds.size, tokens),
    provenance: {
      toolchain: settings.toolchain,
      versions: JSON.parse(run.versions),
      machine: rows.fact('machine') ?? null,
    },
  });
}

/** Bounds whatever the faults hide; an estimate on the judged attempts, where there is a headline. */
function headline(groups: readonly (readonly Judged[])[], k: number, seed: number, withheld: boolean) {
  const counts = groups.map((g) => ({ all: g.length, c: proofsIn(g).length, faults: faultsIn(g).length }));
  const faultLow = mean(counts.map(({ all, c }) => passAtK(all, c, k)));
  const faultHigh = mean(counts.map(({ all, c, faults }) => passAtK(all, c + faults, k)));
  const shared = { k, faultLow, faultHigh, spread: spread(groups, k) };
  if (withheld)
    return { ...shared, estimate: null, low: faultLow, high: faultHigh, method: 'fault-bounds' as const };
  const rates = counts.map(({ all, c, faults }) => passAtK(all - faults, c, k));
  return {
    ...shared,
    ...interval(
      rates,
      counts.every(({ all, faults }) => all - faults === k),
      seed,
    ),
  };
}

/** Standard deviation over disjoint blocks of k attempts in the order they were sampled; none below four blocks. */
function spread(groups: readonly (readonly Judged[])[], k: number) {
  const ordered = groups.map((g) => g.filter((r) => r.verdict !== 'fault').sort((a, b) => a.index - b.index));
  const blocks = Math.floor(Math.min(...ordered.map((g) => g.length)) / k);
  if (blocks < 4) return null;
  const scores = Array.from({ length: blocks }, (_, b) =>
    mean(ordered.map((g) => Number(proofsIn(g.slice(b * k, b * k + k)).length > 0))),
  );
  const centre = mean(scores);
  return { blocks, mean: centre, sd: Math.sqrt(total(scores.map((s) => (s - centre) ** 2)) / (blocks - 1)) };
}

function resultOf(
  rows: Rows,
  { id, name, hash, family }: { id: string; name: string; hash: string; family: string },
  groups: readonly (readonly [string, readonly Judged[]])[],
) {
  const found = groups.find(([statementId]) => statementId === id)?.[1];
  if (found === undefined) return [];
  const [c, faults] = [proofsIn(found).length, faultsIn(found).length];
  const [statement] = rows.all(
    z.object({ text: z.string() }),
    'SELECT text FROM statements WHERE id = ?',
    id,
  );
  return [
    {
      ...{ id, name, hash, family, statement: statement?.text ?? '' },
      ...{ n: found.length - faults, c, faults },
      duplicates: found.length - new Set(found.map((r) => r.text)).size,
      distinctProofs: new Set(proofsIn(found).map((r) => r.text)).size,
      tokens: total(found.map((r) => r.tokens)),
      proof: shortest(found),
    },
  ];
}

function cost(rows: Rows, judged: readonly Judged[], solved: number, tokens: number) {
  const of = (name: string) => rows.metric(name) ?? 0;
  const sorted = judged.map((r) => r.ms).sort((a, b) => a - b);
  const quantile = (q: number) => {
    const at = q * (sorted.length - 1);
    const [below = 0, above = below] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
    return below + (at - Math.floor(at)) * (above - below);
  };
  const seconds = of('survey.seconds') + of('sample.seconds') + of('judge.seconds');
  return {
    surveySeconds: of('survey.seconds'),
    sampleSeconds: of('sample.seconds'),
    judgeSeconds: of('judge.seconds'),
    sampleCpuSeconds: rows.metric('sample.cpuSeconds'),
    judgeCpuSeconds: rows.metric('judge.cpuSeconds'),
    tokens,
    tokensPerSecond: of('sample.tokens') / of('sample.seconds'),
    verdictsPerSecond: of('judge.verdicts') / of('judge.seconds'),
    checkSeconds: total(sorted) / 1000,
    medianMs: quantile(0.5),
    p95Ms: quantile(0.95),
    secondsPerSolved: solved === 0 ? null : seconds / solved,
    tokensPerSolved: solved === 0 ? null : tokens / solved,
    peakRssBytes: rows.metric('process.peakRssBytes'),
  };
}
