/**
 * Keeps what a run is measured on out of what it learns from: no training problem, hence no seed, and no conjecture may
 * state a held-out problem, nor a problem of the sets named in `data.protected` or `nightly.evaluate`. The same statement
 * is told by the hash of its elaborated type, or by its text up to the theorem's name; a paraphrase is not told. What a run
 * has tried before a set was named is left-out.ts's.
 */
import { isFault } from '../../checkers/answers.ts';
import type { Checker } from '../../checkers/checker.ts';
import type { Config } from '../../config/index.ts';
import { StoppedError } from '../../ops/errors.ts';
import type { StartProgress } from '../../ops/progress.ts';
import { datasetSource, loadDataset } from '../../statements/datasets.ts';
import { namelessHash } from '../../statements/identity.ts';
import type { Problem, Statement } from '../../statements/statement.ts';
import type { Problems } from '../run.ts';

export interface ProtectionParts {
  readonly checker: Checker;
  readonly startProgress: StartProgress;
  readonly signal: AbortSignal;
  /** One line a person may want to read. */
  readonly say: (message: string) => void;
}

/** What is kept out beside the held-out split, whether it was asked for or is measured. */
export function protectedSets({ data, nightly }: Pick<Config, 'data' | 'nightly'>): readonly string[] {
  return [...new Set([...data.protected, ...nightly.evaluate])];
}

export interface GuardedProblems extends Problems {
  /** Does it state what is kept out? */
  readonly isProtected: (statement: Statement & Pick<Problem, 'typeHash'>) => boolean;
}

/** @param sets each `name:split:path`, e.g. `minif2f:test:data/minif2f.jsonl` */
export async function protect(
  problems: Problems,
  sets: readonly string[],
  parts: ProtectionParts,
): Promise<GuardedProblems> {
  const guarded = sets.flatMap((set) => loadDataset(datasetSource(set, 'data.protected')).problems);
  // Held-out problems come with their types where the set has them.
  const untyped = problems.heldout.filter((p) => p.typeHash === undefined);
  const typeHashes = await typeHashesOf([...guarded, ...untyped], parts);
  const testHashes = new Set([...problems.testHashes, ...typeHashes.keys()]);
  const texts = new Set([...guarded, ...problems.heldout].map(namelessHash));
  const isProtected: GuardedProblems['isProtected'] = (s) =>
    testHashes.has(s.typeHash ?? '') || texts.has(namelessHash(s));
  const train = problems.train.filter((p) => !isProtected(p));
  const dropped = problems.train.length - train.length;
  const learned = new Set(train.map((p) => p.name));
  if (guarded.length > 0)
    parts.say(
      `${guarded.length} problems of ${sets.length} sets are protected, ${typeHashes.size} of them elaborate here; ${dropped} training problems state one of them and are left out`,
    );
  return {
    ...problems,
    train,
    lemmas: new Map([...problems.lemmas].filter(([name]) => learned.has(name))),
    testHashes,
    idsByTypeHash: new Map([...problems.idsByTypeHash, ...typeHashes]),
    isProtected,
  };
}

/** Of those that elaborate here: what does not cannot be stated here either. */
async function typeHashesOf(
  problems: readonly Problem[],
  { checker, startProgress, signal }: ProtectionParts,
): Promise<Map<string, string>> {
  if (problems.length === 0) return new Map();
  const hashes = new Map<string, string>();
  const faults: string[] = [];
  const progress = startProgress({ label: 'protected problems', unit: 'problems', total: problems.length });
  try {
    for await (const inspection of checker.inspect(problems)) {
      signal.throwIfAborted();
      progress.advance();
      if (inspection.ok) hashes.set(inspection.typeHash, inspection.id);
      else if (isFault(inspection)) faults.push(inspection.reason);
    }
  } finally {
    progress.end();
  }
  if (faults.length > 0)
    throw new StoppedError(
      `The checker failed on ${faults.length} protected problems (${faults[0]}); without their types they cannot be kept out of training. Run the same command again.`,
    );
  return hashes;
}
