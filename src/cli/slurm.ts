/**
 * `run --slurm`: the same night as a Slurm job. Slurm warns the batch shell `graceSeconds` and half a minute more
 * before it ends the job; the shell passes that on, and an exit of 75 before the deadline puts the job back into the
 * queue, where it goes on. The deadline is written with its date, so that a requeued job does not run into the day.
 */
import { execa } from 'execa';
import type { Config } from '../config/index.ts';
import { instantOf, localMinute, parseDeadline } from '../ops/deadline.ts';
import { LakatosError, UsageError } from '../ops/errors.ts';

export interface SlurmOptions {
  readonly config: readonly string[];
  readonly set: readonly string[];
  readonly arm?: string;
  readonly rounds?: string;
  readonly until?: string;
}

export function sbatchScript(options: SlurmOptions, config: Config, dir: string, now = Date.now()): string {
  if (options.until === undefined)
    throw new UsageError('--slurm: expected --until HH:MM with it, so that the job has an end.', '--until');
  const at = instantOf(parseDeadline(options.until), now);
  const { graceSeconds, slurm } = config.nightly;
  const minutes = Math.max(1, Math.ceil((at - now) / 60_000 + graceSeconds / 60) + 1);
  const words = [
    'run',
    ...options.config.flatMap((file) => ['--config', file]),
    ...(options.arm === undefined ? [] : ['--arm', options.arm]),
    ...options.set.flatMap((setting) => ['--set', setting]),
    ...(options.rounds === undefined ? [] : ['--rounds', options.rounds]),
    '--out',
    dir,
    '--until',
    localMinute(at),
  ];
  return `#!/bin/bash
#SBATCH --job-name=lakatos
#SBATCH --time=${minutes}
#SBATCH --signal=B:TERM@${Math.ceil(graceSeconds) + 30}
#SBATCH --requeue
#SBATCH --open-mode=append
${slurm.map((option) => `#SBATCH ${option}\n`).join('')}
node ${quoted(process.argv[1] ?? 'src/main.ts')} ${words.map(quoted).join(' ')} &
night=$!
trap 'kill -TERM "$night"' TERM INT
wait "$night"; code=$?
# A signal ends the first wait, not the night.
while kill -0 "$night" 2>/dev/null; do wait "$night"; code=$?; done
if [ "$code" = 75 ] && [ "$(date +%s)" -lt ${Math.floor(at / 1000)} ]; then
  scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
`;
}

/** Hands the script to sbatch, whose answer is shown. */
export async function submit(script: string): Promise<void> {
  const { failed, stdout, shortMessage } = await execa('sbatch', [], { input: script, reject: false });
  if (failed)
    throw new LakatosError(
      `--slurm: sbatch did not take the job (${shortMessage}); --dry-run prints the script to submit by hand.`,
    );
  process.stdout.write(`${stdout}\n`);
}

const quoted = (word: string): string =>
  /^[\w./:=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
