/** report.json of a run, derived a second time from the rows of its ledger, by other code. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { bootstrapMean, mcnemarExact } from '../../src/evaluation/index.ts';
import { seedFor } from '../../src/ops/seeds.ts';
import { type RunReport, runReportSchema } from '../../src/reports/index.ts';
import type { EvaluationSide } from '../../src/reports/report-data.ts';
import {
  axiomRows,
  byStatement,
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

const statementRow = z.object({
  id: z.string(),
  source: z.string(),
  language: z.string(),
  header: z.string(),
  text: z.string(),
  name: z.string().nullable(),
  split: z.string().nullable(),
  type_hash: z.string().nullable(),
  seed_id: z.string().nullable(),
  lemma_name: z.string().nullable(),
});
const runRow = z.object({
  id: z.string(),
  config: z.string(),
  seed: z.int(),
  toolchain: z.string(),
  versions: z.string(),
  started_at: z.int(),
});
const roundRow = z.object({ number: z.int(), policy_in: z.string(), policy_out: z.string().nullable() });
const stepRow = z.object({ round: z.int(), step: z.string(), status: z.string(), seconds: z.number() });
const settings = z.looseObject({
  data: z.looseObject({ dataset: z.string() }),
});

export function runFigures(path: string): RunReport {
  const rows = new Rows(path);
  try {
    return new Derivation(rows).figures();
  } finally {
    rows.close();
  }
}

class Derivation {
  readonly #rows: Rows;
  readonly #run: z.infer<typeof runRow>;
  readonly #rounds: z.infer<typeof roundRow>[];
  readonly #steps: z.infer<typeof stepRow>[];
  readonly #statements: ReadonlyMap<string, z.infer<typeof statementRow>>;
  readonly #judged: readonly Judged[];

  constructor(rows: Rows) {
    this.#rows = rows;
    const [run] = rows.all(runRow, 'SELECT * FROM run');
    if (run === undefined) throw new Error('no run');
    this.#run = run;
    this.#rounds = rows.all(roundRow, 'SELECT * FROM rounds ORDER BY number');
    this.#steps = rows.all(
      stepRow,
      'SELECT round, step, status, (worked_ms + touched_at - resumed_at) / 1000.0 AS seconds FROM steps ORDER BY started_at',
    );
    this.#statements = new Map(rows.all(statementRow, 'SELECT * FROM statements').map((s) => [s.id, s]));
    this.#judged = rows.judged();
  }

  figures(): RunReport {
    const sides = this.#rounds.flatMap(({ number }) => this.#side(number) ?? []);
    const tried = this.#judged.filter((r) => r.purpose !== 'seed');
    const newlyProved = this.#newlyProved();
    const rounds = this.#rounds.map((r) => this.#round(r, newlyProved, sides));
    return runReportSchema.parse({
      kind: 'lakatos.run',
      version: 2,
      run: {
        id: this.#run.id,
        startedAt: new Date(this.#run.started_at).toISOString(),
        roundsDone: sides.filter((s) => s.round > 0).length,
      },
      evaluation: this.#evaluation(sides),
      rounds,
      series: this.#series(rounds),
      alarms: this.#rounds.flatMap(({ number: round }) =>
        [this.#rows.fact(`refused.${round}`) ?? [], this.#rows.fact(`alarm.${round}`) ?? []]
          .flat()
          .map((alarm) => ({
            round,
            text:
              typeof alarm === 'string'
                ? alarm
                : Object.entries(alarm ?? {})
                    .map(([key, value]) => `${key}: ${value}`)
                    .join(', '),
          })),
      ),
      notes: this.#rounds.flatMap(({ number: round }) =>
        ['protection', 'propose', 'learn', 'watch']
          .flatMap((step) => this.#rows.fact(`note.${round}.${step}`) ?? [])
          .map((text) => ({ round, text: String(text) })),
      ),
      funnel: this.#funnel(),
      passRates: this.#passRates(),
      verdicts: this.#rows.all(
        z.object({ purpose: z.string(), verdict: z.string(), count: z.int() }),
        'SELECT purpose, verdict, count(*) AS count FROM verdicts JOIN attempts ON id = attempt_id GROUP BY 1, 2 ORDER BY min(round), 1, 2',
      ),
      reasons: reasonRows(tried, 8),
      axioms: axiomRows(proofsIn(tried)),
      proofLengths: lengthBins(proofsIn(tried)),
      kept: this.#kept(),
      newlyProved,
      updates: this.#updates(),
      contamination: this.#contamination(),
      cost: this.#cost(newlyProved.length),
      provenance: this.#provenance(),
    });
  }

  #of(round: number, purpose: Judged['purpose']): [string, Judged[]][] {
    return byStatement(this.#judged.filter((r) => r.round === round && r.purpose === purpose));
  }

  #side(round: number): EvaluationSide | null {
    if (!this.#steps.some((s) => s.round === round && s.step === 'evaluate' && s.status === 'done'))
      return null;
    const counted = this.#of(round, 'evaluate').map(([, g]) => {
      const [all, c, faults] = [g.length, proofsIn(g).length, faultsIn(g).length];
      return { all, n: all - faults, c, faults };
    });
    const policy = this.#rounds.find((r) => r.number === round);
    const faults = total(counted.map((x) => x.faults));
    const share = (100 * faults) / total(counted.map((x) => x.all));
    const seed = seedFor(this.#run.seed, 'report', round);
    const rows = doublings(Math.max(1, Math.min(...counted.map((x) => x.n)))).map((k) => ({
      k,
      ...(share > 0.5
        ? {
            estimate: null,
            low: mean(counted.map(({ all, c }) => passAtK(all, c, k))),
            high: mean(counted.map((x) => passAtK(x.all, x.c + x.faults, k))),
            method: 'fault-bounds' as const,
          }
        : interval(
            counted.map(({ n, c }) => passAtK(n, c, k)),
            counted.every(({ n }) => n === k),
            seed,
          )),
    }));
    return {
      round,
      policyVersion: policy?.policy_out ?? policy?.policy_in ?? '',
      problems: counted.length,
      solved: counted.filter((x) => x.c > 0).length,
      attempts: total(counted.map((x) => x.n)),
      faults,
      passAtK: rows,
      withheld:
        share > 0.5
          ? `${share.toFixed(2)} % of the attempts ended in a checker fault, more than 0.5 %`
          : null,
    };
  }

  #evaluation(sides: readonly EvaluationSide[]) {
    const [before, after] = [sides[0], sides.at(-1)];
    if (before === undefined || after === undefined) return null;
    if (before === after) return { before, after: null, comparison: null };
    if (before.withheld !== null || after.withheld !== null) return { before, after, comparison: null };
    const rate = (round: number) =>
      new Map(
        this.#of(round, 'evaluate').map(([id, g]) => [
          id,
          proofsIn(g).length / (g.length - faultsIn(g).length),
        ]),
      );
    const [first, last] = [rate(before.round), rate(after.round)];
    const pairs = [...first].map(([id, b]) => [id, b, last.get(id) ?? Number.NaN] as const);
    const [gained, lost] = [
      pairs.filter(([, b, a]) => b === 0 && a > 0),
      pairs.filter(([, b, a]) => b > 0 && a === 0),
    ];
    const differences = pairs.map(([, b, a]) => a - b);
    const { low, high } = bootstrapMean(differences, {
      seed: seedFor(this.#run.seed, 'report', 'comparison'),
    });
    const moved = differences.filter((d) => d !== 0).length;
    const theorems = (flips: typeof pairs, round: number) =>
      flips.map(([id]) => this.#theorem(id, round, 'evaluate'));
    return {
      before,
      after,
      comparison: {
        difference: mean(differences),
        low,
        high,
        distinct: moved > 5 && low * high > 0,
        gained: theorems(gained, after.round),
        lost: theorems(lost, before.round),
        pValue: mcnemarExact(gained.length, lost.length),
      },
    };
  }

  #theorem(id: string, round: number, purpose: Judged['purpose']) {
    const statement = this.#statements.get(id);
    const rows = this.#judged.filter(
      (r) => r.statementId === id && r.round === round && r.purpose === purpose,
    );
    const proof = shortest(rows);
    return {
      id,
      name: statement?.name ?? '',
      hash: digest(
        [statement?.language, statement?.header, statement?.text].map((s) => s?.replace(/\s+/g, ' ')),
      ),
      statement: statement?.text ?? '',
      proof: proof?.text ?? '',
      axioms: proof?.axioms ?? [],
      round,
      proved: proofsIn(rows).length,
      judged: rows.length - faultsIn(rows).length,
    };
  }

  #newlyProved() {
    const seeds = new Set(this.#judged.filter((r) => r.purpose === 'seed').map((r) => r.statementId));
    const seen = new Set<string>();
    return this.#rounds.flatMap(({ number }) =>
      this.#of(number, 'prove').flatMap(([id, g]) => {
        if (proofsIn(g).length === 0 || seen.has(id) || seeds.has(id)) return [];
        if (this.#statements.get(id)?.source !== 'dataset') return [];
        seen.add(id);
        return [this.#theorem(id, number, 'prove')];
      }),
    );
  }

  #round(
    { number, policy_in, policy_out }: z.infer<typeof roundRow>,
    newlyProved: readonly { round: number }[],
    sides: readonly EvaluationSide[],
  ): RunReport['rounds'][number] {
    const tried = this.#judged.filter((r) => r.round === number && r.purpose === 'prove');
    return {
      round: number,
      policyVersion: policy_out ?? policy_in,
      attempts: tried.length - faultsIn(tried).length,
      proved: proofsIn(tried).length,
      proposed: this.#rows.number('SELECT count(*) FROM conjectures WHERE round = ?', number),
      kept: this.#rows.number(
        "SELECT count(*) FROM selections WHERE round = ? AND outcome = 'selected'",
        number,
      ),
      newlyProved: newlyProved.filter((t) => t.round === number).length,
      passAt1: sides.find((s) => s.round === number)?.passAtK[0] ?? null,
      seconds: total(this.#steps.filter((s) => s.round === number).map((s) => s.seconds)),
    };
  }

  #series(rounds: RunReport['rounds']): RunReport['series'] {
    const screened = (round: number, ...outcomes: readonly string[]) =>
      this.#rows.number(
        `SELECT count(*) FROM screenings JOIN conjectures ON id = conjecture_id
         WHERE round = ? AND outcome IN (${outcomes.map((o) => `'${o}'`).join(',')})`,
        round,
      );
    const unformed = ['unparsed', 'too-long', 'fault', 'ill-formed'];
    const stale = ['duplicate', 'near-copy', 'known', 'held-out'];
    const counted = (name: string, of: (r: RunReport['rounds'][number]) => readonly [number, number]) => ({
      name,
      counted: true,
      members: [
        {
          label: '',
          points: rounds.flatMap((r) => {
            const [part, whole] = of(r);
            return whole > 0 ? [{ round: r.round, value: part / whole }] : [];
          }),
        },
      ],
    });
    const watched = this.#rows.all(
      z.object({ round: z.int(), name: z.string(), value: z.number() }),
      "SELECT * FROM metrics WHERE name LIKE 'watch.%' ORDER BY round, name",
    );
    const names = [...new Set(watched.map((m) => m.name.split('.')[1] ?? ''))];
    return [
      counted('provedShare', (r) => [r.proved, r.attempts]),
      counted('elaboratesShare', (r) => [r.proposed - screened(r.round, ...unformed), r.proposed]),
      counted('novelShare', (r) => [r.proposed - screened(r.round, ...unformed, ...stale), r.proposed]),
      counted('keptShare', (r) => [r.kept, r.proposed]),
      ...names.map((name) => {
        const members = Map.groupBy(
          watched.filter((m) => m.name.split('.')[1] === name),
          (m) => m.name.split('.').slice(2).join('.'),
        );
        return {
          name,
          counted: false,
          members: [...members].map(([label, points]) => ({
            label,
            points: points.map(({ round, value }) => ({ round, value })),
          })),
        };
      }),
    ];
  }

  /** Stage by stage, each outcome under the stage that the round asks it at; one that nobody foresaw before "proved". */
  #funnel(): RunReport['funnel'] {
    const screens = this.#rows.all(
      z.object({ reason: z.string(), count: z.int() }),
      "SELECT outcome AS reason, count(*) AS count FROM screenings WHERE outcome <> 'kept' GROUP BY 1 ORDER BY 1",
    );
    const selections = this.#rows.all(
      z.object({ reason: z.string(), count: z.int() }),
      "SELECT outcome AS reason, count(*) AS count FROM selections WHERE outcome <> 'selected' GROUP BY 1 ORDER BY 1",
    );
    const stages: readonly (readonly [string, readonly string[]])[] = [
      ['proposed', []],
      ['parsed', ['unparsed', 'too-long', 'fault']],
      ['elaborates', ['ill-formed']],
      ['novel', ['duplicate', 'near-copy', 'known', 'held-out']],
      ['says something', ['hollow', 'trivial']],
      ['not refuted', ['refuted']],
    ];
    const foreseen = stages.flatMap(([, reasons]) => reasons);
    const asked: readonly (readonly [string, readonly { reason: string; count: number }[]])[] = [
      ...stages.map(
        ([stage, reasons]) => [stage, reasons.flatMap((r) => screens.filter((s) => s.reason === r))] as const,
      ),
      ['passes the screen', screens.filter((s) => !foreseen.includes(s.reason))],
      ['proved', selections.filter((s) => s.reason === 'unproved' || s.reason === 'unjudged')],
      ['barely provable', selections.filter((s) => s.reason === 'too-easy')],
      ['kept', selections.filter((s) => !['unproved', 'unjudged', 'too-easy'].includes(s.reason))],
    ];
    let count = this.#rows.number('SELECT count(*) FROM conjectures');
    return asked.map(([stage, dropped]) => {
      count -= total(dropped.map((d) => d.count));
      return { stage, count, dropped: [...dropped] };
    });
  }

  #passRates(): RunReport['passRates'] {
    const tried = this.#rounds.flatMap(({ number }) =>
      this.#of(number, 'prove').flatMap(([id, g]) => {
        const n = g.length - faultsIn(g).length;
        return n === 0 ? [] : [{ id, rate: proofsIn(g).length / n }];
      }),
    );
    return rateBins(
      tried.map((t) => t.rate),
      (count, inside) => {
        const conjectures = inside.filter(
          (i) => this.#statements.get(tried[i]?.id ?? '')?.source === 'conjecture',
        ).length;
        return { problems: count - conjectures, conjectures };
      },
    );
  }

  #kept(): RunReport['kept'] {
    const kept = this.#rows.all(
      z.object({ round: z.int(), statement_id: z.string(), elegance: z.number().nullable() }),
      "SELECT * FROM selections WHERE outcome = 'selected' ORDER BY round, statement_id",
    );
    return kept.map(({ round, statement_id, elegance }) => {
      const { seed_id, lemma_name } = this.#statements.get(statement_id) ?? {};
      return {
        ...this.#theorem(statement_id, round, 'prove'),
        seedId: seed_id ?? '',
        seedStatement: this.#statements.get(seed_id ?? '')?.text ?? '',
        lemma: lemma_name ?? '',
        elegance,
      };
    });
  }

  #updates(): RunReport['updates'] {
    const bundles = this.#rows.all(
      z.object({ hash: z.string(), round: z.int(), row_count: z.int(), token_count: z.int() }),
      'SELECT * FROM bundles ORDER BY round',
    );
    return bundles.map(({ hash, round, row_count: rows, token_count: tokens }) => {
      const weights = (where: string) =>
        this.#rows.number(`SELECT count(*) FROM weights WHERE bundle_hash = ? AND ${where}`, hash);
      const { policy_in, policy_out } = this.#rounds.find((r) => r.number === round) ?? {};
      const losses = this.#rows.all(
        z.object({ value: z.number() }),
        "SELECT value FROM metrics WHERE round = ? AND name LIKE 'learn.loss.%' ORDER BY CAST(substr(name, 12) AS INTEGER)",
        round,
      );
      const [objective] = this.#rows.all(
        z.object({ objective: z.string() }),
        'SELECT objective FROM weights WHERE bundle_hash = ?',
        hash,
      );
      return {
        round,
        objective: objective?.objective ?? '',
        policyIn: policy_in ?? '',
        policyOut: policy_out ?? '',
        bundle: hash,
        rows,
        tokens,
        positives: weights("role = 'prover' AND reward = 1"),
        negatives: weights("role = 'prover' AND reward = 0"),
        conjectures: weights("role = 'conjecturer'"),
        steps: this.#rows.metric('learn.steps', round) ?? 0,
        firstLoss: this.#rows.metric('learn.firstLoss', round),
        lastLoss: this.#rows.metric('learn.lastLoss', round),
        losses: losses.map((l) => l.value),
      };
    });
  }

  #contamination(): RunReport['contamination'] {
    const ids = (purposes: readonly string[]) =>
      new Set(this.#judged.filter((r) => purposes.includes(r.purpose)).map((r) => r.statementId));
    const [tested, learned] = [[...ids(['evaluate'])], [...ids(['seed', 'prove'])]];
    const of = (id: string) => this.#statements.get(id);
    const body = (id: string) => of(id)?.text.replace(/^theorem \S+/, '');
    const conjectures = learned.filter((id) => of(id)?.source === 'conjecture');
    const { sets = null, dropped = null } = z
      .object({ sets: z.array(z.string()), dropped: z.int() })
      .partial()
      .parse(this.#rows.fact('protection') ?? {});
    return {
      tested: tested.length,
      problems: learned.length - conjectures.length,
      conjectures: conjectures.length,
      refused: this.#rows.number("SELECT count(*) FROM screenings WHERE outcome = 'held-out'"),
      protectedSets: sets,
      dropped,
      matches: learned.flatMap((id) => {
        const hash = of(id)?.type_hash;
        const type = tested.find((t) => hash !== null && of(t)?.type_hash === hash);
        const match = type ?? tested.find((t) => body(t) === body(id));
        if (match === undefined) return [];
        const as = of(id)?.source === 'conjecture' ? ('conjecture' as const) : ('training problem' as const);
        const by = type === undefined ? ('text' as const) : ('type' as const);
        return [{ name: of(match)?.name ?? '', as, statementId: id, by }];
      }),
    };
  }

  #cost(newProofs: number): RunReport['cost'] {
    const rounds = [...new Set(this.#steps.map((s) => s.round))].sort((a, b) => b - a);
    const names = [
      ...new Set(rounds.flatMap((r) => this.#steps.filter((s) => s.round === r).map((s) => s.step))),
    ];
    const steps = names.map((step) => ({
      step,
      seconds: total(this.#steps.filter((s) => s.step === step).map((s) => s.seconds)),
      cpuSeconds: this.#rows.metric(`cpu.${step}`),
      gpuSeconds: this.#rows.metric(`gpu.${step}`),
    }));
    const seconds = total(steps.map((s) => s.seconds));
    const sum = (name: string) => this.#rows.metric(name) ?? 0;
    return {
      steps,
      seconds,
      cpuSeconds: total(steps.map((s) => s.cpuSeconds ?? 0)),
      gpuSeconds: total(steps.map((s) => s.gpuSeconds ?? 0)),
      sampledTokens: sum('sample.tokens'),
      sampledTokensPerSecond: sum('sample.tokens') / sum('sample.seconds'),
      trainedTokens: sum('learn.tokens'),
      trainedTokensPerSecond: sum('learn.tokens') / sum('learn.seconds'),
      verdicts: sum('judge.verdicts'),
      verdictsPerSecond: sum('judge.verdicts') / sum('judge.seconds'),
      // One round of this ledger sampled and judged at once.
      busyShare:
        Math.max(sum('overlap.samplingSeconds'), sum('overlap.judgingSeconds')) / sum('overlap.seconds'),
      secondsPerNewProof: seconds / newProofs,
      peakRssBytes: this.#rows.number("SELECT max(value) FROM metrics WHERE name = 'process.peakRssBytes'"),
    };
  }

  #provenance(): RunReport['provenance'] {
    const config = settings.parse(JSON.parse(this.#run.config));
    const { dataset: datasetFingerprint, ...origin } = z
      .object({ tokenizer: z.string(), prompts: z.string(), machine: z.json(), dataset: z.json() })
      .parse(this.#rows.fact('origin'));
    return runReportSchema.shape.provenance.parse({
      toolchain: this.#run.toolchain,
      seed: this.#run.seed,
      versions: JSON.parse(this.#run.versions),
      dataset: config.data.dataset,
      datasetFingerprint,
      ...origin,
      policies: this.#rows.all(
        z.object({ version: z.string(), parent: z.string().nullable(), bundle: z.string().nullable() }),
        'SELECT version, parent, bundle_hash AS bundle FROM policies ORDER BY created_at',
      ),
      config,
    });
  }
}

const digest = (parts: readonly unknown[]) =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
