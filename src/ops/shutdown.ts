/**
 * Signals → one AbortSignal whose reason is the first cause of stopping. Work that has not ended within the grace after
 * that cause is ended with the process, as the second signal ends it at once; neither loses anything committed. This
 * is the only place below the command line that may end the process.
 */
import { EXIT, StoppedError } from './errors.ts';

/** What is needed of `process`. */
export interface ShutdownProcess {
  on(event: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(event: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  exit(code: number): void;
}

export interface Shutdown {
  /** Aborted with a `StoppedError`. */
  readonly signal: AbortSignal;
  /** Asks for a stop for another cause, such as a deadline; the first cause is kept. */
  stop(cause: string): void;
  /** Stops listening: signals then do what they do by default. */
  dispose(): void;
}

export interface Grace {
  readonly seconds: number;
  /** Told just before the process is ended, e.g. to say so on the terminal. */
  readonly onOver: () => void;
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** `onFirst` is told once why the work is stopping, e.g. to say so on the terminal. Without a grace, work may take its time. */
export function listenForShutdown(
  target: ShutdownProcess = process,
  onFirst: (reason: StoppedError) => void = () => {},
  grace?: Grace,
): Shutdown {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const endHard = () => {
    grace?.onOver();
    target.exit(EXIT.stopped);
  };
  const stop = (cause: string): void => {
    if (controller.signal.aborted) return;
    const reason = new StoppedError(`Stopped by ${cause}; run the same command again to go on from here.`);
    controller.abort(reason);
    onFirst(reason);
    if (grace !== undefined) timer = setTimeout(endHard, 1000 * grace.seconds).unref();
  };
  let signalled = false;
  const listener = (name: NodeJS.Signals): void => {
    if (signalled) target.exit(EXIT.stopped);
    signalled = true;
    stop(name);
  };
  for (const name of SIGNALS) target.on(name, listener);
  const dispose = (): void => {
    clearTimeout(timer);
    for (const name of SIGNALS) target.off(name, listener);
  };
  return { signal: controller.signal, stop, dispose };
}
