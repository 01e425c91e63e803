/** `lakatos run`: opens everything a run is made of, plays its rounds, closes everything, whatever happens. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, loadConfig, settingsOfArm } from '../config/index.ts';
import { AlarmError, StoppedError } from '../ops/errors.ts';
import { listenForShutdown } from '../ops/shutdown.ts';
import { Terminal } from '../ops/terminal.ts';
import { playBaseline, playRound } from '../selfplay/round.ts';
import type { Run } from '../selfplay/run.ts';
import { openRun } from './open-run.ts';

export interface RunOptions {
  readonly config: readonly string[];
  readonly set: readonly string[];
  readonly arm?: string;
  readonly rounds?: string;
  readonly out?: string;
  readonly dryRun: boolean;
}

export async function runCommand(options: RunOptions): Promise<void> {
  const overrides = [
    ...(options.arm === undefined ? [] : settingsOfArm(options.arm)),
    ...options.set,
    ...(options.rounds === undefined ? [] : [`run.rounds=${options.rounds}`]),
  ];
  const { config, resolvedToml } = loadConfig({ files: options.config, overrides });
  if (options.dryRun) {
    process.stdout.write(`${resolvedToml}\n${planOf(config)}`);
    return;
  }
  const dir = options.out ?? config.run.out ?? freshDirectory(new Date());
  const terminal = new Terminal(process.stderr);
  const shutdown = listenForShutdown(process, () =>
    terminal.line('Stopping at the next clean point; once more to stop at once (nothing committed is lost).'),
  );
  try {
    const opened = await openRun({ config, dir, terminal, signal: shutdown.signal });
    try {
      await playAll(opened.run);
    } finally {
      await opened.close();
    }
    process.stdout.write(
      `${readFileSync(join(dir, 'summary.txt'), 'utf8')}\nreport: ${join(dir, 'report.html')}\n`,
    );
  } catch (error) {
    if (!(error instanceof StoppedError)) throw error;
    const why = error instanceof AlarmError ? `${error.message} ` : '';
    throw new StoppedError(`${why}${goOnWith(options, dir)}`, { cause: error });
  } finally {
    shutdown.dispose();
  }
}

async function playAll(run: Run): Promise<void> {
  if (run.config.evaluate.beforeAndAfter) await playBaseline(run);
  for (let round = 1; round <= run.config.run.rounds; round++) await playRound(run, round);
}

const freshDirectory = (now: Date) => join('runs', now.toISOString().slice(0, 19).replaceAll(':', '-'));

function goOnWith(options: RunOptions, dir: string): string {
  const flags = [
    ...options.config.map((file) => `--config ${file}`),
    ...(options.arm === undefined ? [] : [`--arm ${options.arm}`]),
    ...options.set.map((setting) => `--set ${setting}`),
    ...(options.rounds === undefined ? [] : [`--rounds ${options.rounds}`]),
  ].join(' ');
  return `Stopped; everything committed is kept. Go on with: npm run -s lakatos -- run ${flags} --out ${dir}`;
}

/** What a round of this configuration comes to, before anything is started. */
function planOf(config: Config): string {
  const { propose, data, prove, evaluate, learn, run } = config;
  const most = (data.trainProblems + propose.conjectures) * prove.samples;
  return [
    '# The plan of a round:',
    `#   propose   ${propose.conjectures} conjectures`,
    '#   screen    each of them, by the checker',
    `#   prove     ${data.trainProblems} unproved problems and the conjectures left, ${prove.samples} attempts each: ${data.trainProblems * prove.samples} to ${most}`,
    '#   judge     every attempt',
    `#   select    pass rate above ${config.select.window.low} and up to ${config.select.window.high}`,
    `#   learn     ${learn.objective}, ${learn.epochs} epoch(s) of steps of about ${learn.batchRows} rows`,
    `#   evaluate  ${evaluate.problems} held-out problems, ${evaluate.samples} attempts each, pass@k for k = ${evaluate.k.join(', ')}`,
    `# ${run.rounds} round(s)${evaluate.beforeAndAfter ? ', after one evaluation of the policy as it is' : ''}.`,
    '',
  ].join('\n');
}
