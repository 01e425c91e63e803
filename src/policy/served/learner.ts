/** What trains a served policy's weights: it reads a directory and a bundle, and leaves new weights in another. */
import type { Bundle } from '../bundle.ts';
import type { LearnProgress, LearnReport, Sequence } from '../policy.ts';

/** Log-probs by which anyone can tell the old weights from the new. */
export interface Witness extends Sequence {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

export interface Trained {
  /** The new weights, or the adapter over `base`. */
  readonly dir: string;
  readonly report: LearnReport;
  readonly witnesses: readonly Witness[];
}

export interface Learner {
  /** Whether it trains an adapter and leaves the base as it is. */
  readonly adapter: boolean;
  /** The checkpoint that training began from. */
  readonly base: string;
  /** `from` is the current weights or adapter, whose version is `parent`. Refuses NaN, leaving everything as it was. */
  learn(
    bundle: Bundle,
    from: string,
    parent: string,
    onProgress: (p: LearnProgress) => void,
  ): Promise<Trained>;
  /** Log-probs under the weights in `dir`, without a server. */
  score(dir: string, sequences: readonly Sequence[]): Promise<Float32Array[]>;
  close(): Promise<void>;
}
