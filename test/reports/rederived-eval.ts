/** report.json of an evaluation, derived a second time from the rows of its ledger, by other code. */
import { z } from 'zod';
import { bootstrapMean } from '../../src/evaluation/index.ts';
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

/** What an evaluation is reported with beside its own ledger; sentences are the test's, figures come from ledgers. */
export interface Beside {
  /** Why the headline is withheld. */
  readonly withheld?: string;
  /** Ledger of the evaluation it is compared with, and the sentence on the outcome. */
  readonly before?: { readonly path: string; readonly sentence: string };
  /** Ledger of the self-play run whose statements are looked for. */
  readonly run?: string;
}

export function evalFigures(path: string, beside: Beside = {}): EvalReport {
  const rows = new Rows(path);
  try {
    return figures(rows, path, beside);
  } finally {
    rows.close();
  }
}

const runRow = z.object({ id: z.string(), config: z.string(), versions: z.string(), started_at: z.number() });

function figures(rows: Rows, path: string, { withheld, before, run: learning }: Beside): EvalReport {
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
  const { adaptive } = settings;
  const row = (k: number) =>
    headline(
      groups.map(([, g]) => g),
      k,
      seed,
      { adaptive, withheld: withheld !== undefined },
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
    withheld: withheld ?? null,
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
    curve: doublings(adaptive ? 0 : most).flatMap((k) => {
      const { estimate, low, high } = row(k);
      return estimate === null ? [] : [{ k, estimate, low, high, tokens: (k * tokens) / attempts }];
    }),
    families: counted(results.map((r) => r.family)).map(({ name: family, count }) => {
      const members = results.filter((r) => r.family === family);
      const passAt1 = adaptive ? null : mean(members.map((r) => r.c / r.n));
      return { family, problems: count, solved: members.filter((r) => r.c > 0).length, passAt1 };
    }),
    passRates: adaptive
      ? []
      : rateBins(
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
    contamination:
      learning === undefined
        ? null
        : contamination(
            learning,
            survey.problems.filter((p) => p.excluded === null),
            rows,
            settings.policy.version,
          ),
    comparison: before === undefined ? null : comparison(before, { id: run.id, results, adaptive }),
    cost: cost(rows, judged, solvedIds.size, tokens),
    provenance: {
      toolchain: settings.toolchain,
      versions: JSON.parse(run.versions),
      machine: rows.fact('machine') ?? null,
    },
  });
}

/** Bounds whatever the faults hide; an estimate on the judged attempts, where there is a headline. */
function headline(
  groups: readonly (readonly Judged[])[],
  k: number,
  seed: number,
  { adaptive, withheld }: { readonly adaptive: boolean; readonly withheld: boolean },
) {
  if (adaptive) {
    // Attempts end with a proof: a problem is solved or not, and every k but the number planned is refused.
    const solved = groups.map((g) => Number(proofsIn(g).length > 0));
    const open = { faultLow: mean(solved), faultHigh: mean(solved) };
    return { k, ...open, spread: null, ...interval(solved, true, seed) };
  }

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

/** Pairs by hash, flips counted, the difference averaged; p is 2·P[Bin(n, ½) ≤ the fewer flips] in whole numbers. */
function comparison(
  { path, sentence }: NonNullable<Beside['before']>,
  after: Pick<EvalReport, 'id' | 'results'> & { readonly adaptive: boolean },
): EvalReport['comparison'] {
  const before = evalFigures(path);
  const pairs = before.results.flatMap((b) => {
    const a = after.results.find((r) => r.hash === b.hash);
    return a === undefined ? [] : [{ b, a }];
  });
  const score = ({ n, c }: { n: number; c: number }) => (after.adaptive ? Math.sign(c) : c / n);
  const differences = pairs.map(({ b, a }) => score(a) - score(b));
  const shown = ({ name, hash, statement, n, c, proof }: EvalReport['results'][number]) => ({
    ...{ name, hash, statement, n, c, proof },
  });
  const [gained, lost] = [
    pairs.filter(({ b, a }) => b.c === 0 && a.c > 0).map(({ a }) => shown(a)),
    pairs.filter(({ b, a }) => b.c > 0 && a.c === 0).map(({ b }) => shown(b)),
  ];
  const flips = gained.length + lost.length;
  let [ways, tail] = [1, 0];
  for (let i = 0; i <= Math.min(gained.length, lost.length); i++) {
    tail += ways;
    ways = (ways * (flips - i)) / (i + 1);
  }
  return {
    before: before.id,
    after: after.id,
    problems: pairs.length,
    measure: after.adaptive ? 'solved' : 'pass-rate',
    difference: mean(differences),
    ...bootstrapMean(differences, { seed: seedFor(before.settings.seed, 'comparison') }),
    gained,
    lost,
    pValue: Math.min(1, (2 * tail) / 2 ** flips),
    sentence,
    differences: [],
    notes: [],
  };
}

const statementRow = z.object({
  id: z.string(),
  text: z.string(),
  source: z.string(),
  type_hash: z.string().nullable(),
});

/** The run's problems and conjectures that are problems of the evaluation, by type or else by what follows the name. */
function contamination(
  path: string,
  tested: readonly { id: string; name: string; typeHashes: readonly string[] }[],
  evaluation: Rows,
  version: string,
): EvalReport['contamination'] {
  const run = new Rows(path);
  const learned = run.all(
    statementRow,
    `SELECT s.id, s.text, s.source, s.type_hash FROM attempts a JOIN statements s ON s.id = a.statement_id
     WHERE purpose IN ('seed', 'prove') GROUP BY s.id ORDER BY min(a.round), min(purpose = 'prove'), s.id`,
  );
  const id = z.object({ id: z.string() });
  const policies = run
    .all(z.object({ version: z.string() }), 'SELECT version FROM policies ORDER BY created_at')
    .map((p) => p.version);
  const [{ id: name } = { id: '' }] = run.all(id, 'SELECT id FROM run');
  run.close();
  const body = (text: string) => text.replace(/^theorem \S+/, '').replace(/\s+/g, ' ');
  const texts = new Map(
    evaluation.all(statementRow, 'SELECT * FROM statements').map((s) => [s.id, body(s.text)]),
  );
  const conjectures = learned.filter((s) => s.source === 'conjecture').length;
  return {
    run: name,
    policies,
    ofThisRun: policies.includes(version),
    problems: learned.length - conjectures,
    conjectures,
    matches: learned.flatMap((s) => {
      const byType = tested.find((t) => t.typeHashes.includes(s.type_hash ?? '-'));
      const match = byType ?? tested.find((t) => texts.get(t.id) === body(s.text));
      if (match === undefined) return [];
      const as = s.source === 'conjecture' ? ('conjecture' as const) : ('training problem' as const);
      const by = byType === undefined ? ('text' as const) : ('type' as const);
      return [{ name: match.name, as, statementId: s.id, by }];
    }),
  };
}

function cost(rows: Rows, judged: readonly Judged[], solved: number, tokens: number) {
  const of = (name: string) => rows.metric(name) ?? 0;
  const perSecond = (amount: string, time: string) => (of(time) === 0 ? null : of(amount) / of(time));
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
    tokensPerSecond: perSecond('sample.tokens', 'sample.seconds'),
    verdictsPerSecond: perSecond('judge.verdicts', 'judge.seconds'),
    checkSeconds: total(sorted) / 1000,
    medianMs: quantile(0.5),
    p95Ms: quantile(0.95),
    secondsPerSolved: solved === 0 ? null : seconds / solved,
    tokensPerSolved: solved === 0 ? null : tokens / solved,
    peakRssBytes: rows.metric('process.peakRssBytes'),
  };
}
