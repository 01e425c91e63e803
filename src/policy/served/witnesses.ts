/**
 * Whether a server has the weights it was given: it scores sequences whose log-probs under the old and under the new
 * weights the trainer wrote down. Servers round (bfloat16, other kernels), so the question is which of the two it is
 * nearer to. An update too small to tell says nothing, and is let pass: false then.
 */
import { VersionError } from './errors.ts';
import type { Witness } from './learner.ts';

/** Mean distance a token, natural log, below which old and new cannot be told apart through a server's rounding. */
const TELLABLE = 0.02;

export function refuseStrangers(
  witnesses: readonly Witness[],
  scores: readonly Float32Array[],
  version: string,
): boolean {
  const after = witnesses.flatMap((witness) => witness.after);
  const before = witnesses.flatMap((witness) => witness.before);
  const found = scores.flatMap((values) => [...values]);
  if (distance(before, after) < TELLABLE) return witnesses.length === 0;
  const [fromNew, fromOld] = [distance(found, after), distance(found, before)];
  if (fromNew < fromOld) return true;
  throw new VersionError(
    `the server does not have the weights of version ${version}: over ${after.length} tokens its log-probs are ${fromNew.toFixed(4)} from the new weights' and ${fromOld.toFixed(4)} from the old ones' (mean, a token). Restart it, or set policy.server.update = "restart".`,
  );
}

const distance = (a: readonly number[], b: readonly number[]) =>
  a.length === 0
    ? 0
    : a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? Number.NaN)), 0) / a.length;
