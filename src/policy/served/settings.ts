/** Everything a served policy is configured by, as `policy.server` has it, and what the command line adds. */
export type Delivery = 'adapter' | 'reload' | 'restart';

export interface ServerSettings {
  /** Starts one replica; placeholders {model}, {name}, {host}, {port}, {index}. Absent: it runs already. */
  readonly command?: readonly string[] | undefined;
  /** Path that answers 200 when the server is ready. */
  readonly health: string;
  readonly startSeconds: number;
  readonly requestSeconds: number;
  readonly controlSeconds: number;
  readonly concurrency: number;
  readonly retries: number;
  /** How new weights reach the server: by adapter, by its reload path, by a restart; auto takes the first it can. */
  readonly update: 'auto' | Delivery;
  /** While the trainer runs: the server stays, gives its memory back, or is stopped. */
  readonly whileLearning: 'keep' | 'sleep' | 'stop';
}
