/** The problem set as a run uses it: what is trained on, what is only evaluated, and what nobody may conjecture. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../ops/errors.ts';
import { lemmaText } from '../../seed/examples.ts';
import { readCheckout } from '../../statements/checkout.ts';
import { readJsonl } from '../../statements/jsonl.ts';
import { leanCoreToolchain, readLeanCore } from '../../statements/lean-core.ts';
import { DatasetError } from '../../statements/lines.ts';
import type { Language, Problem } from '../../statements/statement.ts';
import type { Problems } from '../run.ts';

export interface ProblemSource {
  /** Lean's set is lean-core; Isabelle's a folder of anyone's own: one `SPLIT.jsonl`, or one folder of theories, a split. */
  readonly language: Language;
  readonly path: string;
  readonly trainSplit: string;
  readonly heldoutSplit: string;
}

/** Every split of the set: its problems' hashes guard against leaks even when a run uses two of them. */
const SPLITS = ['train', 'validation', 'heldout'];

/** Every problem of the set, as its files state it. */
export interface ProblemSet {
  readonly problems: readonly Problem[];
  /** What made the type hashes that come with them, where it is known. */
  readonly toolchain: string | undefined;
}

export function readProblems({ language, path, trainSplit, heldoutSplit }: ProblemSource): ProblemSet {
  const isLean = language === 'lean';
  const read = isLean ? readLeanCore : readFolder;
  const problems = [...new Set([...SPLITS, trainSplit, heldoutSplit])].flatMap((split) => read(path, split));
  if (!problems.some((p) => p.split === trainSplit))
    throw new UsageError(
      `data.path: expected ${trainSplit}.jsonl${isLean ? '' : `, or a folder ${trainSplit} of .thy files,`} with the problems to train on in ${path}, found none.`,
      'data.path',
    );
  return { problems, toolchain: isLean ? leanCoreToolchain(path) : undefined };
}

/** @param problems of every split */
export function problemsOf(
  problems: readonly Problem[],
  { trainSplit, heldoutSplit }: Pick<ProblemSource, 'trainSplit' | 'heldoutSplit'>,
): Problems {
  const train = problems.filter((p) => p.split === trainSplit);
  const typed = problems.flatMap((p) => (p.typeHash === undefined ? [] : [{ ...p, typeHash: p.typeHash }]));
  return {
    train,
    heldout: problems.filter((p) => p.split === heldoutSplit),
    idsByTypeHash: new Map(typed.map((p) => [p.typeHash, p.id])),
    testHashes: new Set(typed.filter((p) => p.split !== trainSplit).map((p) => p.typeHash)),
    lemmas: new Map(train.map((p) => [p.name, lemmaText(p)])),
  };
}

/** A split that is not there is empty. */
function readFolder(dir: string, split: string): Problem[] {
  const file = join(dir, `${split}.jsonl`);
  const theories = join(dir, split);
  if (!existsSync(file)) return existsSync(theories) ? readCheckout('isabelle', theories, split) : [];
  const problems = readJsonl(file).map((p) => ({ ...p, split }));
  const other = problems.find((p) => p.language !== 'isabelle');
  if (other === undefined) return problems;
  throw new DatasetError(
    `${file}: problem "${other.id}" has the language ${other.language}; data.language is isabelle, so each line needs "language": "isabelle".`,
  );
}
