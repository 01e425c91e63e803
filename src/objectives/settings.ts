/** The settings of objectives: what each means, its default and its bounds. A configuration sets them by these names. */
import { UsageError } from '../ops/errors.ts';
import type { KlEstimator } from '../policy/bundle.ts';
import type { TokenWeighting } from './tokens.ts';

/** The settings of every preset; each preset states the ones it reads and its own defaults. */
export interface ObjectiveSettings {
  /** Seeds hash-based selection; put it in the ledger. Default 0. */
  readonly seed: number;
  /** Does an attempt cut at the token limit count by its verdict, or is it masked like a fault? Default `count`. */
  readonly truncated: 'count' | 'mask';
  /** β of the KL penalty, ≥ 0. Default 0; 0.01 for `oreal-repo`, 0.04 for `grpo`, 0.05 for `rlvr`. */
  readonly klCoef: number;
  /** Default `k3`; `k2`, whose gradient is that of KL(π‖ref), where a paper writes that divergence. */
  readonly klEstimator: KlEstimator;
  /** Which log-probs the penalty pulls towards, and `prime` compares with. Default `initial`. */
  readonly klReference: KlReference;
  /** Which weighted attempts the penalty is on. Default `all`. */
  readonly klScope: 'all' | 'positives';
  /** How the outputs of a token-level reward model weigh tokens; `none`: there is no such model. Default `none`. */
  readonly tokenWeights: TokenWeighting;
  /** The ratio stays in [1 − clipLow, 1 + clipHigh]. Default 0.2 and 0.2; `dapo` 0.2 and 0.28. */
  readonly clipLow: number;
  readonly clipHigh: number;
  /** On failures the ratio counts for no more than this, above 1; 0 is off. Default 0. */
  readonly dualClip: number;
  /** Multiplier of negatives (`oreal-paper` default 1, `oreal-repo` default 0.5), ≥ 0. */
  readonly eta: number;
  /** Weight of positives in `w-reinforce`, default 0.1. */
  readonly lambda: number;
  /** How `oreal-paper` estimates 1 − p for a negative. Default `plug-in`. */
  readonly failureRate: 'plug-in' | 'leave-one-out';
  /** Which standard deviation divides in `grpo` and `dapo`: over K or over K − 1. Default `population`. */
  readonly deviation: 'population' | 'sample';
  /** `rlvr`: the reward of a proof; default 10. */
  readonly verifiedReward: number;
  /** `stp`: log-decay a character (default 0.001; a refresh's too) and a second of checking (default 0.01). */
  readonly charDecay: number;
  readonly secondDecay: number;
  /** Pass rates that `stp` (0 < p̂ ≤ 0.5) and `prime` (0.2 ≤ p̂ ≤ 0.8) learn from. */
  readonly minPassRate: number;
  readonly maxPassRate: number;
  /** `dr-grpo`: the constant length that divides every sequence; default 1024. */
  readonly maxTokens: number;
  /** `prime`: coefficient of the implicit reward, default 0.05, and its discount a token, default 1. */
  readonly implicitCoef: number;
  readonly discount: number;
}

/** The run's first policy, or the one that sampled. */
export type KlReference = 'initial' | 'sampler';

export const DEFAULT_SETTINGS: ObjectiveSettings = {
  seed: 0,
  truncated: 'count',
  klCoef: 0,
  klEstimator: 'k3',
  klReference: 'initial',
  klScope: 'all',
  tokenWeights: 'none',
  clipLow: 0.2,
  clipHigh: 0.2,
  dualClip: 0,
  eta: 1,
  lambda: 0.1,
  failureRate: 'plug-in',
  deviation: 'population',
  verifiedReward: 10,
  charDecay: 0.001,
  secondDecay: 0.01,
  minPassRate: 0,
  maxPassRate: 0.5,
  maxTokens: 1024,
  implicitCoef: 0.05,
  discount: 1,
};

type NumericSetting = {
  [K in keyof ObjectiveSettings]: ObjectiveSettings[K] extends number ? K : never;
}[keyof ObjectiveSettings];

const NON_NEGATIVE: readonly NumericSetting[] = [
  'klCoef',
  'clipHigh',
  'eta',
  'lambda',
  'verifiedReward',
  'charDecay',
  'secondDecay',
  'minPassRate',
  'maxPassRate',
  'implicitCoef',
];

/** Refuses a setting out of bounds, by name. */
export function checkedSettings(name: string, settings: ObjectiveSettings): ObjectiveSettings {
  const expect = (key: NumericSetting, holds: (value: number) => boolean, what: string) => {
    if (!holds(settings[key]))
      throw new UsageError(`objective ${name}: ${key} must be ${what}, got ${settings[key]}`);
  };
  for (const key of NON_NEGATIVE) expect(key, (x) => Number.isFinite(x) && x >= 0, 'a number ≥ 0');
  for (const key of ['clipLow', 'discount'] as const) expect(key, (x) => x >= 0 && x <= 1, 'from 0 to 1');
  expect('dualClip', (x) => x === 0 || (Number.isFinite(x) && x > 1), '0 (off) or a number above 1');
  expect('maxTokens', (x) => Number.isInteger(x) && x > 0, 'a whole number ≥ 1');
  return settings;
}
