/** Errors that callers of any policy tell apart. */
import { LakatosError } from '../ops/errors.ts';

/** A loss, gradient or new weight that is not finite: the update was refused and the weights are what they were. */
export class UpdateRefusedError extends LakatosError {
  override readonly name = 'UpdateRefusedError';
}
