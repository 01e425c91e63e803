/** A fake run on a virtual clock: every answer of policy or checker takes a second, nothing else takes time. */
import { join } from 'node:path';
import { type Config, loadConfig } from '../../src/config/index.ts';
import { openLedger } from '../../src/ledger/index.ts';
import type { NightLog, NightParts } from '../../src/nightly/night.ts';
import type { Deadline } from '../../src/ops/deadline.ts';
import type { Run } from '../../src/selfplay/run.ts';
import { OVERRIDES, openFakeRun } from '../selfplay/fake-run.ts';

export const configWith = (...overrides: readonly string[]): Config =>
  loadConfig({ overrides: [...OVERRIDES, ...overrides] }).config;

export class VirtualClock {
  seconds = 0;
  readonly now = () => 1000 * this.seconds;
  /** At so many seconds on this clock. */
  deadline(at: number): Deadline {
    return { at: () => 1000 * at, secondsLeft: () => at - this.seconds, describe: () => `second ${at}` };
  }
}

export interface VirtualRun {
  readonly run: Run;
  readonly said: string[];
  close(): void;
}

export function openVirtualRun(
  dir: string,
  config: Config,
  clock: VirtualClock,
  onAnswer: () => void = () => {},
  signal?: AbortSignal,
): VirtualRun {
  const onTick = () => {
    clock.seconds++;
    onAnswer();
  };
  const timeless = openFakeRun(dir, config, onTick, signal);
  timeless.ledger.close();
  const ledger = openLedger(join(dir, 'ledger.sqlite'), { now: clock.now });
  const said: string[] = [];
  const run: Run = {
    ...timeless,
    get policy() {
      return timeless.policy;
    },
    ledger,
    now: clock.now,
    say: (message: string) => void said.push(message),
  };
  return { run, said, close: () => ledger.close() };
}

export const emptyLog = (): NightLog => ({ played: [], evaluated: [] });

/** No evaluations, space enough. */
export function parts(over: Partial<NightParts> = {}): NightParts {
  const evaluations = { expectedSeconds: () => 0, evaluate: async () => {} };
  return { rounds: Number.POSITIVE_INFINITY, evaluations, checkSpace: async () => {}, ...over };
}
