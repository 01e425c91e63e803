/**
 * The bandit-scale experiment: prompts of known pass rates on a toy softmax policy, groups sampled from it, each
 * objective's bundle-row gradients summed, and what comes out as a multiple of ∇p compared with the closed form.
 * A whole batch of prompts is weighed in one call, so a normaliser that depended on the prompt would show.
 */
import { type Group, OBJECTIVE_NAMES, type ObjectiveName, objectives } from '../../src/objectives/index.ts';
import { type Random, randomFrom, seedFor } from '../../src/ops/seeds.ts';
import { rowLoss } from '../../src/policy/row-loss.ts';
import { CLOSED_FORMS, PROOF } from './closed-forms.ts';
import { sampleFrom, scoreOf, sum, type Toy, toyOfPassRate } from './toy.ts';

export interface BanditSettings {
  readonly seed: number;
  readonly passRates: readonly number[];
  /** Groups sampled at each pass rate, and attempts in each. */
  readonly groups: number;
  readonly attempts: number;
}

export interface BanditPoint {
  readonly p: number;
  /** Least-squares multiple of ∇p, its standard error, and the closed form for groups of that size. */
  readonly measured: number;
  readonly standardError: number;
  readonly expected: number;
  /** What of the gradient is not along ∇p, in standard errors of its own. */
  readonly acrossZ: number;
  /** Groups whose gradient is not nothing. */
  readonly active: number;
}

/** Below this many active groups a standard error says little, and a point is shown but not judged. */
export const ENOUGH_GROUPS = 30;

/** How far off a point is, in standard errors; null where that says little. */
export function deviation({ measured, expected, standardError, active }: BanditPoint): number | null {
  if (active < ENOUGH_GROUPS) return null;
  return ratio(Math.abs(measured - expected), standardError);
}

export type BanditResult = Readonly<Record<ObjectiveName, readonly BanditPoint[]>>;

/** Two of six completions are proofs; their logits are shifted to the pass rate wanted. */
export const LOGITS = [0.3, -1.1, 0.9, 0.2, -0.4, 1.3];
const PROOFS = 2;

interface SampledGroup {
  readonly group: Group;
  /** Which completion each attempt is. */
  readonly drawn: ReadonlyMap<string, number>;
}

interface Prompt {
  readonly toy: Toy;
  readonly sampled: readonly SampledGroup[];
}

export function runBandit(settings: BanditSettings): BanditResult {
  const prompts = settings.passRates.map((p, i) => samplePrompt(p, i, settings));
  const measure = (name: ObjectiveName) => [name, measureObjective(name, prompts, settings)] as const;
  // One entry a name, so the record is complete.
  return Object.fromEntries(OBJECTIVE_NAMES.map(measure)) as Record<ObjectiveName, BanditPoint[]>;
}

function samplePrompt(p: number, index: number, { seed, groups, attempts }: BanditSettings): Prompt {
  const toy = toyOfPassRate(LOGITS, PROOFS, p);
  const random = randomFrom(seedFor(seed, 'bandit', index));
  const sampled = Array.from({ length: groups }, (_, g) =>
    sampleGroup(toy, `${index}/${g}`, attempts, random),
  );
  return { toy, sampled };
}

function sampleGroup(toy: Toy, statementId: string, attempts: number, random: Random): SampledGroup {
  const drawn = new Map(
    Array.from({ length: attempts }, (_, i) => [`${statementId}/${i}`, sampleFrom(toy, random)]),
  );
  const judged = [...drawn].map(([attemptId, y]) => {
    const logprobs = [Math.log(toy.pi[y] ?? 0)];
    const reward = y < toy.proofs ? (1 as const) : (0 as const);
    const tokens = { tokens: 1, truncated: false, policyLogprobs: logprobs, refLogprobs: logprobs };
    return { attemptId, reward, ...PROOF, ...tokens };
  });
  return { group: { statementId, attempts: judged }, drawn };
}

function measureObjective(
  name: ObjectiveName,
  prompts: readonly Prompt[],
  { attempts: k, seed }: BanditSettings,
): BanditPoint[] {
  const form = CLOSED_FORMS[name];
  const weighed = objectives[name].weigh(
    prompts.flatMap(({ sampled }) => sampled.map(({ group }) => group)),
    { seed, klCoef: 0 },
  ).attempts;
  const first = weighed.find((a) => a.weight !== 0);
  // One number for the whole call: the normaliser, and the mean over a group's attempts where that is the convention.
  const unit =
    (first === undefined ? 0 : first.weight / first.tokenWeight) * (form.per === 'attempt' ? 1 / k : 1);
  const byStatement = Map.groupBy(weighed, (a) => a.statementId);
  return prompts.map(({ toy, sampled }) => {
    const gradients = sampled.flatMap(({ group, drawn }) => {
      const used = byStatement.get(group.statementId) ?? [];
      if (used.length === 0 && form.given === 'used') return [];
      return [groupGradient(toy, used, drawn, unit)];
    });
    return { p: toy.p, ...along(toy, gradients), expected: form.exact(toy.p, k) };
  });
}

type Weighed = ReturnType<(typeof objectives)[ObjectiveName]['weigh']>['attempts'][number];

/** Minus the loss's gradient by the logits, from the rows a bundle would have. */
function groupGradient(
  toy: Toy,
  attempts: readonly Weighed[],
  drawn: ReadonlyMap<string, number>,
  unit: number,
): number[] {
  const gradient = toy.pi.map(() => 0);
  for (const { attemptId, tokenWeight, ratio } of attempts) {
    const y = drawn.get(attemptId) ?? 0;
    const logprobs = [Math.log(toy.pi[y] ?? 0)];
    const row = { id: attemptId, promptTokens: [0], tokens: [y], weights: [tokenWeight], ratio };
    const { slopes } = rowLoss({ ...row, samplerLogprobs: logprobs, klCoef: 0, refLogprobs: [] }, logprobs);
    scoreOf(toy, y).forEach((g, i) => {
      gradient[i] = (gradient[i] ?? 0) - unit * (slopes[0] ?? 0) * g;
    });
  }
  return gradient;
}

function along({ gradP }: Toy, gradients: readonly (readonly number[])[]) {
  const square = sum(gradP.map((g) => g * g));
  const dot = (a: readonly number[], b: readonly number[]) => sum(a.map((x, i) => x * (b[i] ?? 0)));
  const scale = statistics(gradients.map((g) => dot(g, gradP) / square));
  const across = gradP.map((_, i) =>
    statistics(gradients.map((g) => (g[i] ?? 0) - (dot(g, gradP) / square) * (gradP[i] ?? 0))),
  );
  const acrossZ = Math.max(...across.map(({ mean, standardError }) => ratio(Math.abs(mean), standardError)));
  const active = gradients.filter((g) => g.some((x) => x !== 0)).length;
  return { measured: scale.mean, standardError: scale.standardError, acrossZ, active };
}

/** 0/0 is no deviation. */
const ratio = (a: number, b: number) => (a < 1e-12 ? 0 : a / b);

function statistics(values: readonly number[]) {
  const n = values.length;
  const mean = sum(values) / n;
  const variance = sum(values.map((x) => (x - mean) ** 2)) / (n - 1);
  return { mean, standardError: Math.sqrt(variance / n) };
}
