/** Errors of a served policy that callers tell apart. Each carries the server's own words where it said any. */
import { LakatosError, StoppedError } from '../../ops/errors.ts';

/** The server answered and refused, or answered what cannot be read. Asking again would not help. */
export class ServerError extends LakatosError {
  override readonly name = 'ServerError';
  readonly status: number;

  constructor(message: string, status: number, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** Nobody answered, or the answer broke off: the only failure that is retried, and the same command later may well work. */
export class ConnectionLostError extends StoppedError {
  override readonly name = 'ConnectionLostError';
}

/** No whole answer within the time allowed. Not retried: a server that hangs would hang again. */
export class DeadlineError extends LakatosError {
  override readonly name = 'DeadlineError';
}

/** The samples are not of the policy version that was asked for. */
export class VersionError extends LakatosError {
  override readonly name = 'VersionError';
}

/** The server lacks something that the configuration asks of it. */
export class CapabilityError extends LakatosError {
  override readonly name = 'CapabilityError';
}
