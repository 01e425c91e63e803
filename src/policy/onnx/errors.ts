/** Errors that callers of the embedded engine tell apart. */
import { LakatosError } from '../../ops/errors.ts';

/** A checkpoint that cannot be used: missing, truncated, mis-shaped or unsupported. */
export class CheckpointError extends LakatosError {
  override readonly name = 'CheckpointError';
}

/** A request the engine refuses before doing anything: settings out of range, a prompt beyond the context. */
export class RequestError extends LakatosError {
  override readonly name = 'RequestError';
}

/** A device that the runtime library, or the machine, does not have. */
export class DeviceError extends LakatosError {
  override readonly name = 'DeviceError';
}
