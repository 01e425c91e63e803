/**
 * The error tree and the exit codes it stands for. Add a class only when some caller must tell it apart.
 *
 * Every message is one sentence or two: what was expected, what was found, where, and what to do about it.
 */

export const EXIT = { done: 0, failed: 1, usage: 2, stopped: 75 } as const;

/** A failure whose message is meant for a person: the command line prints it without a stack. */
export class LakatosError extends Error {
  override readonly name: string = 'LakatosError';
}

/** The command line or the configuration is wrong; nothing was started. */
export class UsageError extends LakatosError {
  override readonly name = 'UsageError';
  /** Dotted path of the first offending key or option, '' when there is none. */
  readonly keyPath: string;

  constructor(message: string, keyPath = '', options?: ErrorOptions) {
    super(message, options);
    this.keyPath = keyPath;
  }
}

/** Work ended early on request; everything committed stays and the same command goes on from there. */
export class StoppedError extends LakatosError {
  override readonly name: string = 'StoppedError';
}

/** A run's watch found a figure out of its bounds and was told to stop then. */
export class AlarmError extends StoppedError {
  override readonly name = 'AlarmError';
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof StoppedError) return EXIT.stopped;
  return EXIT.failed;
}

/** What the terminal shows: a sentence for known failures, the stack for a defect. */
export function describeError(error: unknown): string {
  if (error instanceof LakatosError) return error.message;
  if (error instanceof Error) return error.stack ?? error.message;
  return String(error);
}

/** The message alone, to be part of a sentence. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
