/** What one run of the experiment came to, from its ledger alone: the curve, the held-out attempts, the funnel, a digest. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Ledger } from '../../src/ledger/index.ts';

const count = z.int().min(0);

/** After each round, all counted from the run's beginning. */
const pointSchema = z.object({
  round: count,
  /** Sampled for conjectures and for attempts at problems and conjectures. */
  sampledTokens: count,
  /** CPU time of the process tree in proposing, screening, proving and judging: the sampler's on this machine and the judge's. */
  cpuSeconds: z.number(),
  /** What the judge says its verdicts and inspections took, the sampler's time not in it. Absent from older outcomes. */
  judgingSeconds: z.number().exactOptional(),
  /** Problems of the pool that no proof was known of before the run and that some attempt proved. */
  newlyProved: count,
  /** Of this round's proving: the share of its time in which the busier of sampler and judge was at work; absent where none was measured. */
  busy: z.number().exactOptional(),
});
export type Point = z.infer<typeof pointSchema>;

export const outcomeSchema = z.object({
  arm: z.string(),
  seed: z.int(),
  command: z.string(),
  toolchain: z.string(),
  /** SHA-256 over every attempt's id, text and verdict, in id order. */
  digest: z.string(),
  /** Open problems at the beginning. */
  open: count,
  /** SHA-256 over their ids, 16 hex digits. Absent from older outcomes. */
  pool: z.string().exactOptional(),
  points: z.array(pointSchema),
  /** [statement, judged, proved] of the last evaluation of the held-out problems. */
  heldout: z.array(z.tuple([z.string(), count, count])),
  /** Conjectures by what became of them, over all rounds; `proposed` is their sum. */
  funnel: z.record(z.string(), count),
  /** Per round: the kept conjectures. */
  kept: z.array(count),
  /** Ids of the problems newly proved. */
  proved: z.array(z.string()),
});
export type Outcome = z.infer<typeof outcomeSchema>;

export function outcomeOf(ledger: Ledger): Omit<Outcome, 'arm' | 'seed' | 'command'> {
  const rounds = ledger.rounds.list().map(({ number }) => number);
  const played = rounds.filter((round) => round > 0);
  const known = new Set(ledger.proofs.ofRounds(0, 0).map((p) => p.statementId));
  const problems = new Set<string>();
  const proved = new Set<string>();
  const hash = createHash('sha256');
  let [sampledTokens, cpuSeconds, judgingSeconds] = [0, 0, 0];
  const points: Point[] = [];
  for (const round of played) {
    for (const c of ledger.conjectures.list(round)) sampledTokens += c.tokens.length;
    const metrics = ledger.metrics.get(round);
    for (const step of ['propose', 'screen', 'prove', 'judge']) cpuSeconds += metrics[`cpu.${step}`] ?? 0;
    judgingSeconds += metrics['screen.seconds'] ?? 0;
    for (const { statementId, attempts } of ledger.attempts.judgedGroups({ round, purpose: 'prove' })) {
      const isProblem = ledger.statements.get(statementId)?.source === 'dataset' && !known.has(statementId);
      if (isProblem) problems.add(statementId);
      for (const { id, text, tokens, verdict, ms } of attempts) {
        sampledTokens += tokens.length;
        judgingSeconds += ms / 1000;
        hash.update(JSON.stringify([id, text, verdict]));
        if (isProblem && verdict === 'proved') proved.add(statementId);
      }
    }
    const cost = { sampledTokens, cpuSeconds, judgingSeconds };
    points.push({ round, ...cost, newlyProved: proved.size, ...busyShare(metrics) });
  }
  const last = rounds.at(-1) ?? 0;
  const funnel: Record<string, number> = {};
  const add = (outcomes: Readonly<Record<string, number>>) => {
    for (const [outcome, n] of Object.entries(outcomes)) funnel[outcome] = (funnel[outcome] ?? 0) + n;
  };
  for (const round of played) {
    const { proposed, screened, selected } = ledger.funnel(round);
    add({ proposed, ...screened, ...selected });
  }
  return {
    toolchain: ledger.run.read()?.toolchain ?? '',
    digest: hash.digest('hex'),
    open: problems.size,
    pool: createHash('sha256')
      .update(JSON.stringify([...problems].sort()))
      .digest('hex')
      .slice(0, 16),
    points,
    heldout: ledger.verdicts
      .passRates({ round: last, purpose: 'evaluate' })
      .map((r) => [r.statementId, r.judged, r.proved]),
    funnel,
    kept: played.map((round) => ledger.funnel(round).selected.selected ?? 0),
    proved: [...proved].sort(),
  };
}

function busyShare(metrics: Readonly<Record<string, number>>): Pick<Point, 'busy'> {
  const [whole = 0, sampling = 0, judging = 0] = ['seconds', 'samplingSeconds', 'judgingSeconds'].map(
    (name) => metrics[`overlap.${name}`],
  );
  return whole === 0 ? {} : { busy: Math.max(sampling, judging) / whole };
}
