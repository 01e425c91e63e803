/** The problem set as a run uses it: what is trained on, what is only evaluated, and what nobody may conjecture. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../ops/errors.ts';
import { lemmaText } from '../seed/examples.ts';
import { readCheckout } from '../statements/checkout.ts';
import { readJsonl } from '../statements/jsonl.ts';
import { readLeanCore } from '../statements/lean-core.ts';
import { DatasetError } from '../statements/lines.ts';
import type { Language, Problem } from '../statements/statement.ts';
import type { Problems } from './run.ts';

export interface ProblemSource {
  /** Lean's set is lean-core; Isabelle's a folder of anyone's own: one `SPLIT.jsonl`, or one folder of theories, a split. */
  readonly language: Language;
  readonly path: string;
  readonly trainSplit: string;
  readonly heldoutSplit: string;
}

/** Every split of the set: its problems' hashes guard against leaks even when a run uses two of them. */
const SPLITS = ['train', 'validation', 'heldout'];

export function loadProblems({ language, path, trainSplit, heldoutSplit }: ProblemSource): Problems {
  const read = language === 'lean' ? readLeanCore : readFolder;
  const splits = new Map([...new Set([...SPLITS, trainSplit, heldoutSplit])].map((s) => [s, read(path, s)]));
  const train = splits.get(trainSplit) ?? [];
  if (train.length === 0)
    throw new UsageError(
      `data.path: expected ${trainSplit}.jsonl${language === 'lean' ? '' : `, or a folder ${trainSplit} of .thy files,`} with the problems to train on in ${path}, found none.`,
      'data.path',
    );
  const all = [...splits.values()].flat();
  return {
    train,
    heldout: splits.get(heldoutSplit) ?? [],
    idsByTypeHash: new Map(all.flatMap((p) => (p.typeHash === undefined ? [] : [[p.typeHash, p.id]]))),
    testHashes: new Set(all.filter((p) => p.split !== trainSplit).flatMap((p) => p.typeHash ?? [])),
    lemmas: new Map(train.map((p: Problem) => [p.name, lemmaText(p)])),
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
