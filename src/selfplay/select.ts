/**
 * Select: which conjectures of the round are barely provable, and so worth learning to write. Rules: selection.ts.
 * What the strategy compared is stored with the outcome, so that the selection can be made again without the model.
 */
import { needsEmbeddings } from '../config/select-settings.ts';
import { randomFrom, seedFor } from '../ops/seeds.ts';
import { stageRules } from './prove.ts';
import type { Run } from './run.ts';
import { cellOf } from './selection/archive.ts';
import { embedded } from './selection/embedding.ts';
import type { Candidate } from './selection/gates.ts';
import { archiveBefore, candidatesOf, unprovedProblems } from './selection/pool.ts';
import { selectConjectures } from './selection/selection.ts';

export async function select(run: Run, round: number): Promise<() => void> {
  const rules = run.config.select;
  const stages = stageRules(run);
  const candidates = candidatesOf(run.ledger, round, stages);
  const targets = unprovedProblems(run.ledger, round, rules.votes);
  const vectors = needsEmbeddings(rules.strategy)
    ? await embedded(run.policy, rules.strategy, candidates, targets)
    : new Map<string, Float32Array>();
  const selections = selectConjectures(candidates, rules, {
    targets,
    vectors,
    archive: rules.strategy === 'archive' ? archiveBefore(run.ledger, round, stages) : new Map(),
    random: selectionRandom(run.config.run.seed, round),
  });
  const kept = selections.filter((s) => s.outcome === 'selected');
  run.ledger.metrics.set(round, {
    'select.tried': selections.length,
    'select.kept': kept.length,
    'select.weight': kept.reduce((sum, s) => sum + s.weight, 0),
    'select.targets': targets.length,
    'select.cells': new Set(kept.map((s) => cellOf(textOf(candidates, s.statementId)))).size,
  });
  run.say(summary(candidates, kept.length, rules.window), {
    round,
    kept: kept.length,
    targets: targets.length,
  });
  return () => {
    run.ledger.embeddings.insert(round, vectors);
    run.ledger.selections.insert(selections.map((s) => ({ ...s, round })));
  };
}

/** The random choices of a round's selection. */
export const selectionRandom = (runSeed: number, round: number) =>
  randomFrom(seedFor(runSeed, 'select', round));

const textOf = (candidates: readonly Candidate[], id: string) =>
  candidates.find((c) => c.statementId === id)?.statement ?? '';

function summary(candidates: readonly Candidate[], kept: number, window: Window): string {
  if (candidates.length === 0) return 'no conjecture was tried: nothing to select from';
  const most = Math.max(...candidates.map((c) => c.judged));
  if (kept === 0 && most > 0 && !holdsSomeRate(window, most))
    return `no conjecture can be barely provable: of ${most} attempts no pass rate lies above ${window.low} and up to ${window.high}; raise prove.samples or select.window.high`;
  return `${kept} of ${candidates.length} conjectures tried are barely provable and kept`;
}

type Window = Run['config']['select']['window'];

const holdsSomeRate = ({ low, high }: Window, attempts: number) =>
  Array.from({ length: attempts }, (_, i) => (i + 1) / attempts).some((r) => r > low && r <= high);
