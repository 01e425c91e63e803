/**
 * Arms: variants of the same loop that an experiment compares, each a handful of settings under a name. `--arm NAME` puts
 * them above the files and below `--set`.
 */
import { UsageError } from '../ops/errors.ts';
import { OBJECTIVES } from './objective-settings.ts';

const NO_CONJECTURES = 'propose.conjectures=0';
const STP = ['learn.objective=stp', 'learn.bufferRounds=3', 'select.strategy=matching'];

const ARMS: Readonly<Record<string, readonly string[]>> = {
  /** The first model samples; nothing is learned. */
  sampling: ['learn.frozen=true', NO_CONJECTURES],
  /** The prover alone: proofs of problems, nothing conjectured. */
  'expert-iteration': ['learn.objective=expert-iteration', 'learn.bufferRounds=3', NO_CONJECTURES],
  /** Dong & Ma, arXiv 2502.00212. */
  stp: STP,
  /** The first model conjectures, round after round. */
  'frozen-conjecturer': [...STP, 'propose.policy=first', 'learn.conjecturerShare=0'],
  /** Every barely provable conjecture counts alike, near to an unproved problem or not. */
  'no-matching': [...STP, 'select.strategy=window'],
  /** One family of conjectures cannot take over. */
  archive: [...STP, 'select.strategy=archive'],
};

export const ARM_NAMES: readonly string[] = [
  ...Object.keys(ARMS),
  ...OBJECTIVES.filter((name) => name !== 'stp').map((name) => `stp+${name}`),
];

/** The settings of an arm, as `--set` takes them. `stp+NAME` is STP's loop under another objective, without its buffer. */
export function settingsOfArm(name: string): readonly string[] {
  const settings = ARMS[name];
  if (settings !== undefined) return settings;
  const objective = /^stp\+(.+)$/.exec(name)?.[1];
  if (objective !== undefined && ARM_NAMES.includes(name))
    return ['select.strategy=matching', `learn.objective=${objective}`];
  throw new UsageError(`--arm: expected one of ${ARM_NAMES.join(', ')}, found ${name}.`);
}
