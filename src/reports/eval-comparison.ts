/**
 * One evaluation against another, problem by problem, paired by statement hash. Refused unless both are of the same
 * problems under the same sampler and limits, and neither has its headline withheld for faults: else the difference is
 * one of sets, budgets or breakdowns. When it is made nevertheless, on request, it says what stood against it.
 *
 * A side that stopped at first proofs has no unbiased pass rates: then solved problems are compared, not rates.
 */
import { MOST_FAULTS } from '../evaluation/headline.ts';
import { type Comparison, compareProblems } from '../evaluation/paired.ts';
import type { ProblemResult } from '../evaluation/pass-at-k.ts';
import { differingSettings, type EvaluationSettings } from '../evaluation/settings.ts';
import { LakatosError, UsageError } from '../ops/errors.ts';
import { seedFor } from '../ops/seeds.ts';
import type { EvalComparison, EvalReport, EvalResult } from './eval-data.ts';
import { percent, plural } from './format.ts';

/** What may differ: the policies are what is compared, k is only reported, the seed is one of many; prompts are noted. */
const MAY_DIFFER = /^(policy\.|k$|seed$|prompts\.)/;

type Side = Pick<EvalReport, 'id' | 'settings' | 'faultRate'>;

export function compareEvaluations(
  before: EvalReport,
  after: EvalReport,
  options: { readonly force: boolean },
): EvalComparison {
  if (!options.force) refuseUnlike(before, after);
  const measure = before.settings.adaptive || after.settings.adaptive ? 'solved' : 'pass-rate';
  const judged = judgedPairs(before, after);
  const decided = judged.filter((pair) => pair.every(isDecided));
  // A rate is that of the judged attempts, faults or not; solved or not is known of decided problems only.
  const pairs = measure === 'solved' ? decided : judged;
  if (pairs.length === 0)
    throw new LakatosError(
      `${before.id} and ${after.id} have no judged statement in common: there is nothing to compare.`,
    );
  const all = new Set([...before.results, ...after.results].map((r) => r.hash));
  return {
    before: before.id,
    after: after.id,
    differences: differencesOf(before, after),
    notes: [
      ...promptsNote(before.settings, after.settings),
      ...missingNote(all.size - judged.length),
      ...undecidedNote(judged.length - decided.length),
    ],
    measure,
    ...compared(pairs, measure, before.settings.seed),
  };
}

/** Throws unless both are of the same problems, sampler and limits, and neither is withheld. */
export function refuseUnlike(before: Side, after: Side): void {
  const differences = differencesOf(before, after);
  if (differences.length > 0)
    throw new UsageError(
      `${before.id} and ${after.id} are not of a kind: ${differences.join('; ')}. Evaluate both alike, or compare them nevertheless with \`lakatos compare --force\`.`,
    );
}

type Pair = readonly [before: EvalResult, after: EvalResult];

function judgedPairs(before: EvalReport, after: EvalReport): Pair[] {
  const others = new Map(after.results.map((r) => [r.hash, r]));
  return before.results.flatMap((b): Pair[] => {
    const a = others.get(b.hash);
    return a !== undefined && a.n > 0 && b.n > 0 ? [[b, a]] : [];
  });
}

/** Is it known whether the problem was solved? */
const isDecided = ({ c, faults }: EvalResult) => c > 0 || faults === 0;

const promptsNote = ({ prompts: a }: EvaluationSettings, { prompts: b }: EvaluationSettings) =>
  a.hash === b.hash
    ? []
    : [`The prompts differ: ${a.style} (${a.hash}) before, ${b.style} (${b.hash}) after.`];

const missingNote = (problems: number) =>
  problems === 0
    ? []
    : [`Left out: ${plural(problems, 'problem')} without a judged attempt on one side or the other.`];

const undecidedNote = (problems: number) =>
  problems === 0
    ? []
    : [
        `Neither gained nor lost: ${plural(problems, 'problem')} without a proof where a checker fault leaves open whether there was one.`,
      ];

function compared(pairs: readonly Pair[], measure: EvalComparison['measure'], runSeed: number) {
  const score = ({ n, c, faults }: EvalResult) =>
    measure === 'solved' ? { n: 1, c: Number(c > 0) } : { n, c, faults };
  const side = (i: 0 | 1): ProblemResult[] =>
    pairs.map((pair) => ({ problemId: pair[0].hash, ...score(pair[i]) }));
  const seed = seedFor(runSeed, 'comparison');
  const result = compareProblems(side(0), side(1), { seed });
  const flips = (hashes: readonly string[], i: 0 | 1) =>
    pairs
      .filter(([b]) => hashes.includes(b.hash))
      .map((pair) => pair[i])
      .map(({ name, hash, statement, n, c, proof }) => ({ name, hash, statement, n, c, proof }));
  return {
    problems: result.problems,
    difference: result.difference,
    ...result.interval,
    gained: flips(result.gained, 1),
    lost: flips(result.lost, 0),
    pValue: result.pValue,
    sentence: sentence(result, measure),
  };
}

/** Rates and solved sets may disagree; the sentence says which of the two moved. */
function sentence(
  { problems, interval, distinct, gained, lost, pValue }: Comparison,
  measure: EvalComparison['measure'],
): string {
  const sets = pValue < 0.05;
  const flips = `${gained.length} gained, ${lost.length} lost of ${problems}`;
  if (measure === 'solved')
    return sets
      ? `More than noise: the solved set changed (${flips}).`
      : `Within noise: the solved set (${flips}) does not tell the two apart.`;
  const way = interval.low > 0 ? 'rose' : 'fell';
  if (distinct && sets)
    return `More than noise: the pass rates ${way} and the solved set changed with them (${flips}).`;
  if (distinct)
    return `The pass rates ${way} by more than noise; the solved set (${flips}) did not clearly change.`;
  if (sets) return `The solved set changed by more than noise (${flips}), the mean pass rate did not.`;
  return `Within noise: neither the pass rates nor the solved set (${flips}) tell the two apart.`;
}

function differencesOf(a: Side, b: Side): string[] {
  const settings = differingSettings(a.settings, b.settings)
    .filter((key) => !MAY_DIFFER.test(key))
    .map((key) => `${key} is ${shown(a.settings, key)} and ${shown(b.settings, key)}`);
  const withheld = [a, b]
    .filter(({ faultRate }) => faultRate > MOST_FAULTS)
    .map(
      ({ id, faultRate }) =>
        `the headline of ${id} is withheld, ${percent(faultRate, 2)} of its attempts ended in a checker fault`,
    );
  return [...settings, ...withheld];
}

function shown(settings: EvaluationSettings, key: string): string {
  const value = key
    .split('.')
    .reduce<unknown>(
      (at, part) =>
        typeof at === 'object' && at !== null ? Object.entries(at).find(([k]) => k === part)?.[1] : undefined,
      settings,
    );
  return value === undefined ? 'absent' : JSON.stringify(value);
}
