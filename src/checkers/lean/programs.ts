/** The two Lean programs, as the files whose texts make them up, for a given version of Lean. */
import { fileURLToPath } from 'node:url';

const inLean = (name: string): string => fileURLToPath(new URL(`../../../lean/${name}`, import.meta.url));

/** Older ones lack what the programs use of Lean; no shim makes up for it. */
const OLDEST = [4, 28] as const;
export const OLDEST_LEAN = OLDEST.join('.');
/** From this version on the kernel's door takes a limit on recursion too. */
const NEW_KERNEL_DOOR = [4, 33] as const;

export function judgeProgram(version: string): readonly string[] {
  return ['Statement.lean', shimFor(version), 'Inspect.lean', 'Judging.lean'].map(inLean);
}

export function verifyProgram(version: string): readonly string[] {
  return ['Statement.lean', shimFor(version), 'Verify.lean'].map(inLean);
}

export function tooOld(version: string): boolean {
  return !isFrom(version, OLDEST);
}

function shimFor(version: string): string {
  return isFrom(version, NEW_KERNEL_DOOR) ? 'Shim-4.33.lean' : 'Shim-4.28.lean';
}

function isFrom(version: string, [newMajor, newMinor]: readonly [number, number]): boolean {
  const [major = 0, minor = 0] = numbersOf(version);
  return major > newMajor || (major === newMajor && minor >= newMinor);
}

const numbersOf = (version: string): number[] => version.split('.').map(Number);
