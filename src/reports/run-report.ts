/** The figures of a run, every one derived from its ledger; nothing here was measured by the report itself. */
import { z } from 'zod';
import type { Ledger, RunRecord } from '../ledger/index.ts';
import { LakatosError } from '../ops/errors.ts';
import { statementHash } from '../statements/identity.ts';
import { type AttemptScan, type StatementResult, scanAttempts } from './attempt-scan.ts';
import { conjectureFunnel } from './conjecture-figures.ts';
import { costFigures } from './cost-figures.ts';
import { type EvaluatedRound, evaluatedRounds, evaluationFigures } from './evaluation-figures.ts';
import { updateFigures } from './learning-figures.ts';
import { PASS_RATE_BINS } from './pass-rate-bins.ts';
import {
  type Conjecture,
  type HashedTheorem,
  machine,
  type RunReport,
  runReportSchema,
} from './report-data.ts';
import { alarms, notes, roundSeries } from './round-series.ts';
import { runContamination } from './run-contamination.ts';

/** The fact that a run leaves when it begins: what its settings do not say of its model, prompts and machine. */
export const originFact = z.strictObject({
  tokenizer: z.string().nullable(),
  prompts: z.string(),
  machine,
  /** Fingerprints of the splits; a run begun by an older version has none. */
  dataset: z.strictObject({ train: z.string(), heldout: z.string() }).optional(),
});

export type Origin = z.infer<typeof originFact>;

export function buildRunReport(ledger: Ledger): RunReport {
  const run = ledger.run.read();
  if (run === undefined)
    throw new LakatosError(`${ledger.path}: expected the ledger of a run, found one no run has begun in.`);
  const scan = scanAttempts(ledger);
  const theorem = theoremFrom(ledger);
  const evaluated = evaluatedRounds(ledger, scan, run.seed);
  const newlyProved = firstProofs(ledger, scan).map(theorem);
  const rounds = roundFigures(ledger, scan, evaluated, newlyProved);
  return runReportSchema.parse({
    kind: 'lakatos.run',
    version: 2,
    run: {
      id: run.id,
      startedAt: new Date(run.startedAt).toISOString(),
      roundsDone: evaluated.filter(({ side }) => side.round > 0).length,
    },
    evaluation: evaluationFigures(ledger, evaluated, theorem),
    rounds,
    series: roundSeries(ledger, rounds),
    alarms: alarms(ledger),
    notes: notes(ledger),
    funnel: conjectureFunnel(ledger),
    passRates: passRateBins(ledger, scan),
    verdicts: verdictCounts(ledger),
    reasons: scan.reasons,
    axioms: scan.axioms,
    proofLengths: scan.proofLengths,
    kept: keptConjectures(ledger, scan, theorem),
    newlyProved,
    updates: updateFigures(ledger),
    contamination: runContamination(ledger),
    cost: costFigures(ledger, newlyProved.length),
    provenance: provenance(ledger, run),
  } satisfies RunReport);
}

/** A statement's text and proof as the report shows them. */
function theoremFrom(ledger: Ledger): (result: StatementResult) => HashedTheorem {
  return ({ problemId, proof, round, n, c }) => {
    const statement = ledger.statements.get(problemId);
    return {
      id: problemId,
      name: statement?.source === 'dataset' ? statement.name : '',
      hash: statement === undefined ? '' : statementHash(statement),
      statement: statement?.text ?? '',
      proof: proof?.text ?? '',
      axioms: [...(proof?.axioms ?? [])],
      round,
      proved: c,
      judged: n,
    };
  };
}

/** Problems of the data set that the run proved and no seed proof had, each at its first proof. */
function firstProofs(ledger: Ledger, scan: AttemptScan): readonly StatementResult[] {
  const first = new Map<string, StatementResult>();
  for (const result of scan.results) {
    if (result.purpose !== 'prove' || result.proof === null || first.has(result.problemId)) continue;
    if (ledger.statements.get(result.problemId)?.source !== 'dataset') continue;
    if (!hasSeedProof(ledger, result.problemId)) first.set(result.problemId, result);
  }
  return [...first.values()];
}

function hasSeedProof(ledger: Ledger, statementId: string): boolean {
  return ledger.proofs
    .ofStatement(statementId)
    .some(({ attemptId }) => ledger.attempts.get(attemptId)?.purpose === 'seed');
}

function keptConjectures(
  ledger: Ledger,
  scan: AttemptScan,
  theorem: (result: StatementResult) => HashedTheorem,
): Conjecture[] {
  const results = new Map(
    scan.results.filter((r) => r.purpose === 'prove').map((r) => [`${r.round} ${r.problemId}`, r]),
  );
  const selections = ledger.rounds.list().flatMap(({ number }) => ledger.selections.list(number));
  return selections.flatMap(({ outcome, round, statementId, elegance }) => {
    const statement = ledger.statements.get(statementId);
    const result = results.get(`${round} ${statementId}`);
    if (outcome !== 'selected' || statement?.source !== 'conjecture' || result === undefined) return [];
    const seedStatement = ledger.statements.get(statement.seedId)?.text ?? '';
    const { seedId, lemmaName: lemma } = statement;
    return [{ ...theorem(result), seedId, seedStatement, lemma, elegance }];
  });
}

function roundFigures(
  ledger: Ledger,
  scan: AttemptScan,
  evaluated: readonly EvaluatedRound[],
  newlyProved: readonly HashedTheorem[],
): RunReport['rounds'] {
  return ledger.rounds.list().map(({ number: round, policyIn, policyOut }) => {
    const tried = scan.results.filter((r) => r.round === round && r.purpose === 'prove');
    const funnel = ledger.funnel(round);
    const side = evaluated.find((e) => e.side.round === round)?.side;
    return {
      round,
      policyVersion: policyOut ?? policyIn,
      attempts: tried.reduce((total, r) => total + r.n, 0),
      proved: tried.reduce((total, r) => total + r.c, 0),
      proposed: funnel.proposed,
      kept: funnel.selected.selected ?? 0,
      newlyProved: newlyProved.filter((t) => t.round === round).length,
      passAt1: side?.passAtK.find((row) => row.k === 1) ?? null,
      seconds: ledger.steps.list(round).reduce((total, s) => total + (s.seconds ?? 0), 0),
    };
  });
}

/** Statements by pass rate in the round that tried them, over all rounds. */
function passRateBins(ledger: Ledger, scan: AttemptScan): RunReport['passRates'] {
  const tried = scan.results
    .filter((r) => r.purpose === 'prove' && r.n > 0)
    .map((r) => ({ rate: r.c / r.n, source: ledger.statements.get(r.problemId)?.source }));
  return PASS_RATE_BINS.map(([label, holds]) => {
    const inside = tried.filter(({ rate }) => holds(rate));
    const conjectures = inside.filter(({ source }) => source === 'conjecture').length;
    return { label, problems: inside.length - conjectures, conjectures };
  });
}

function verdictCounts(ledger: Ledger): RunReport['verdicts'] {
  const totals = new Map<string, RunReport['verdicts'][number]>();
  for (const { purpose, verdict, count } of ledger.verdicts.counts()) {
    const key = `${purpose} ${verdict}`;
    totals.set(key, { purpose, verdict, count: (totals.get(key)?.count ?? 0) + count });
  }
  return [...totals.values()];
}

/** The part of the configuration that provenance names; the whole of it is in the report as it is. */
const namedSettings = z.object({
  data: z.object({ dataset: z.string() }),
});

function provenance(ledger: Ledger, run: RunRecord): RunReport['provenance'] {
  const origin = originFact.optional().parse(ledger.facts.get('origin'));
  const config = z.json().parse(JSON.parse(run.config));
  return {
    toolchain: run.toolchain,
    seed: run.seed,
    versions: { ...run.versions },
    dataset: namedSettings.parse(config).data.dataset,
    datasetFingerprint: origin?.dataset ?? null,
    tokenizer: origin?.tokenizer ?? null,
    prompts: origin?.prompts ?? null,
    policies: ledger.policies
      .list()
      .map((p) => ({ version: p.version, parent: p.parent, bundle: p.bundleHash })),
    machine: origin?.machine ?? null,
    config,
  };
}
