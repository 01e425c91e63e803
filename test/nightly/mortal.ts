/** Starts nights that kill themselves (fixtures/mortal-night.ts). */
import { execa } from 'execa';

const start = (dir: string, ...at: readonly string[]) =>
  execa(process.execPath, ['test/nightly/fixtures/mortal-night.ts', dir, ...at], { reject: false });

export interface Counts {
  readonly answer: number;
  readonly step: number;
}

/** To its end; how many answers and steps that took. */
export async function livingNight(dir: string): Promise<Counts> {
  const { stdout, stderr, exitCode } = await start(dir);
  if (exitCode !== 0) throw new Error(`the night ended with ${exitCode}: ${stderr}`);
  return JSON.parse(stdout);
}

/** Throws unless it was killed there: `n` must be within what is left of the night. */
export async function killedAt(dir: string, what: keyof Counts, n: number): Promise<void> {
  const { signal, exitCode, stderr } = await start(dir, what, String(n));
  if (signal !== 'SIGKILL')
    throw new Error(`expected the night to be killed at ${what} ${n}, it ended with ${exitCode}: ${stderr}`);
}
