/**
 * What is proved before the first round: the warm start's seed proofs, planted in the ledger as attempts of round 0,
 * so that seeds of conjectures, replay and reports find every proof in one place.
 */
import type { Checker } from '../../checkers/checker.ts';
import type { Ledger } from '../../ledger/index.ts';
import type { StartProgress } from '../../ops/progress.ts';
import type { SeedProof } from '../../seed/examples.ts';
import type { Problem } from '../../statements/statement.ts';

/** Policy version of attempts that no model wrote. */
export const PORTFOLIO = 'portfolio';

type TimedProof = SeedProof & { readonly ms: number };

/** The table that ships was judged, on the statements that ship. */
const SHIPPED = { path: 'data/lean-core', seedProofs: 'data/seed-proofs' };

/** Any other table, and any other statements under its names, are a claim: the run's checker is asked first. */
export const isJudged = ({ path, seedProofs }: typeof SHIPPED): boolean =>
  path === SHIPPED.path && seedProofs === SHIPPED.seedProofs;

export interface SeedJudge {
  readonly checker: Checker;
  readonly startProgress: StartProgress;
  readonly signal: AbortSignal;
  /** One line a person may want to read. */
  readonly say: (message: string) => void;
}

/** Those that the checker proves, with what it says of them. What the ledger has already is not asked about again. */
export async function judgedSeeds(
  ledger: Ledger,
  train: readonly Problem[],
  proofs: readonly Pick<SeedProof, 'name' | 'proof'>[],
  { checker, startProgress, signal, say }: SeedJudge,
): Promise<TimedProof[]> {
  const statements = new Map(train.map((p) => [p.name, p]));
  const attempts = proofs.flatMap(({ name, proof }) => {
    const statement = statements.get(name);
    const id = seedId({ name, proof });
    return statement && ledger.verdicts.get(id) === undefined ? [{ id, statement, proof }] : [];
  });
  if (attempts.length === 0) return [];
  const byId = new Map(attempts.map((attempt) => [attempt.id, attempt]));
  const proved: TimedProof[] = [];
  const refused: string[] = [];
  const progress = startProgress({ label: 'seed proofs', unit: 'verdicts', total: attempts.length });
  try {
    for await (const { id, verdict, reason, premises, ms } of checker.judge(attempts)) {
      signal.throwIfAborted();
      progress.advance();
      const { statement, proof } = byId.get(id) ?? {};
      if (statement === undefined || proof === undefined) continue;
      if (verdict === 'proved') proved.push({ name: statement.name, proof, premises, ms });
      else refused.push(`${statement.name}: ${verdict}, ${reason}`);
    }
  } finally {
    progress.end();
  }
  if (refused.length > 0)
    say(
      `${refused.length} of ${attempts.length} seed proofs are not proved by ${checker.toolchain} and are left out; the first, ${refused[0]}`,
    );
  return proved;
}

/** Idempotent. `toolchain` is what judged the seed proofs when they were made. */
export function plantSeeds(
  ledger: Ledger,
  dataset: string,
  train: readonly Problem[],
  proofs: readonly TimedProof[],
  toolchain: string,
): void {
  const byName = new Map(train.map((p) => [p.name, p]));
  const planted = proofs.flatMap((proof) => {
    const problem = byName.get(proof.name);
    return problem === undefined ? [] : [{ proof, problem }];
  });
  ledger.transaction(() => {
    ledger.statements.insert(planted.map(({ problem }) => ({ ...problem, source: 'dataset', dataset })));
    ledger.attempts.insert(
      planted.map(({ proof, problem }, index) => ({
        id: seedId(proof),
        round: 0,
        purpose: 'seed',
        statementId: problem.id,
        index,
        policyVersion: PORTFOLIO,
        prompt: '',
        promptTokens: [],
        text: proof.proof,
        tokens: [],
        logprobs: [],
        finish: 'stop',
        sampler: { temperature: 0, topP: 1, topK: 0, maxTokens: 0 },
        seed: 0,
      })),
    );
    ledger.verdicts.insert(
      planted.map(({ proof }) => ({
        id: seedId(proof),
        verdict: 'proved',
        reason: 'proved',
        axioms: [],
        premises: proof.premises,
        ms: proof.ms,
        toolchain,
        judgedAt: 0,
      })),
    );
  });
}

const seedId = ({ name, proof }: Pick<SeedProof, 'name' | 'proof'>) => `seed/${name}/${proof}`;
