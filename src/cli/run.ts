/** `lakatos run`: opens everything a run is made of, plays its night, closes everything, whatever happens. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, loadConfig, settingsOfArm } from '../config/index.ts';
import { evaluationsOf } from '../nightly/evaluations.ts';
import { type NightLog, playNight } from '../nightly/night.ts';
import { requireRoundSpace } from '../nightly/space.ts';
import { type NightStatus, summaryLine } from '../nightly/summary-line.ts';
import { type DeadlineWatch, localMinute, watchDeadline } from '../ops/deadline.ts';
import { describeError, exitCodeOf, StoppedError, UsageError } from '../ops/errors.ts';
import { LockedError } from '../ops/lock.ts';
import { listenForShutdown, type Shutdown } from '../ops/shutdown.ts';
import { Terminal } from '../ops/terminal.ts';
import { runReportSchema } from '../reports/report-data.ts';
import { readEvalReport } from './compare.ts';
import { requireStrict } from './eval-plan.ts';
import { evaluateCurrent } from './evaluate-current.ts';
import { openRun } from './open-run.ts';
import { planOf } from './run-plan.ts';
import { sbatchScript, submit } from './slurm.ts';

export interface RunOptions {
  readonly config: readonly string[];
  readonly set: readonly string[];
  readonly arm?: string;
  readonly rounds?: string;
  readonly out?: string;
  readonly until?: string;
  readonly slurm: boolean;
  readonly dryRun: boolean;
}

export async function runCommand(options: RunOptions): Promise<void> {
  const overrides = [
    ...(options.arm === undefined ? [] : settingsOfArm(options.arm)),
    ...options.set,
    ...(options.rounds === undefined ? [] : [`run.rounds=${options.rounds}`]),
  ];
  const { config, resolvedToml } = loadConfig({ files: options.config, overrides });
  const named = options.out ?? config.run.out;
  if (options.until !== undefined && named === undefined)
    throw new UsageError(
      '--until: expected --out DIR (or run.out) with it, so that the next night goes on with this one.',
      '--out',
    );
  // A night that plays what fits does not know its last round when it begins it.
  if (options.until !== undefined && options.rounds === undefined && config.learn.refreshLast)
    throw new UsageError(
      '--until: with learn.refreshLast expected --rounds N too, for nobody knows beforehand which round of the nights is the last; or set learn.refreshEvery instead.',
      'learn.refreshLast',
    );
  const dir = named ?? freshDirectory(new Date());
  if (options.slurm) {
    const script = sbatchScript(options, config, dir);
    return options.dryRun ? void process.stdout.write(script) : submit(script);
  }
  if (options.dryRun) {
    process.stdout.write(`${resolvedToml}\n${planOf(config, options.until)}`);
    return;
  }
  await runNight(options, config, dir);
}

async function runNight(options: RunOptions, config: Config, dir: string): Promise<void> {
  const terminal = new Terminal(process.stderr);
  const log: NightLog = { played: [], evaluated: [] };
  const started = performance.now();
  const tell = (error: unknown, ended: boolean) => {
    if (options.until === undefined || deadline === undefined) return;
    const until = localMinute(deadline.at());
    const seconds = (performance.now() - started) / 1000;
    const report = ended ? readReport(dir) : null;
    process.stdout.write(`${summaryLine({ ...endOf(error), dir, until, seconds, log, report })}\n`);
  };
  const seconds = config.nightly.graceSeconds;
  const onOver = () => {
    terminal.line(`No clean point was reached within ${seconds} s; ending now. Nothing committed is lost.`);
    tell(shutdown.signal.reason, false);
  };
  const shutdown = listenForShutdown(
    process,
    ({ message }) =>
      terminal.line(
        `${message.split(';')[0]}: stopping at the next clean point, within ${seconds} s; a signal more stops at once (nothing committed is lost).`,
      ),
    { seconds, onOver },
  );
  const deadline = options.until === undefined ? undefined : watch(options.until, shutdown, terminal);
  try {
    if (deadline !== undefined && deadline.secondsLeft() <= 0)
      shutdown.stop(`the deadline at ${deadline.describe()}`);
    shutdown.signal.throwIfAborted();
    await play(options, config, dir, { terminal, shutdown, deadline, log });
    const summary = join(dir, 'summary.txt');
    if (existsSync(summary))
      // not after a night too short for its first round
      process.stdout.write(`${readFileSync(summary, 'utf8')}\nreport: ${join(dir, 'report.html')}\n`);
    tell(undefined, true);
  } catch (error) {
    tell(error, true);
    throw error instanceof StoppedError
      ? new StoppedError(goOnWith(options, dir, error), { cause: error })
      : error;
  } finally {
    deadline?.stop();
    shutdown.dispose();
  }
}

interface NightWorld {
  readonly terminal: Terminal;
  readonly shutdown: Shutdown;
  readonly deadline: DeadlineWatch | undefined;
  readonly log: NightLog;
}

async function play(
  options: RunOptions,
  config: Config,
  dir: string,
  { terminal, shutdown, deadline, log }: NightWorld,
): Promise<void> {
  const hooks = { check: requireStrict, evaluate: evaluateCurrent, readReport: readEvalReport };
  const evaluations = evaluationsOf(config, dir, hooks);
  const opened = await openRun({
    config,
    dir,
    terminal,
    signal: shutdown.signal,
    onLost: ({ message }) => shutdown.stop(`the loss of its run directory (${message})`),
  });
  try {
    const rounds =
      deadline !== undefined && options.rounds === undefined ? Number.POSITIVE_INFINITY : config.run.rounds;
    const checkSpace = () => requireRoundSpace(dir, config);
    const parts = { rounds, evaluations, checkSpace, ...(deadline === undefined ? {} : { deadline }) };
    await playNight(opened.run, parts, log);
  } finally {
    await opened.close();
  }
}

function watch(until: string, shutdown: Shutdown, terminal: Terminal): DeadlineWatch {
  const deadline = watchDeadline(until, {
    onReached: () => shutdown.stop(`the deadline at ${deadline.describe()}`),
    onJump: (seconds) =>
      terminal.line(
        `The clock was put ${seconds > 0 ? 'forward' : 'back'} by ${Math.abs(Math.round(seconds))} s; the deadline is ${deadline.describe()}.`,
      ),
  });
  return deadline;
}

const freshDirectory = (now: Date) => join('runs', now.toISOString().slice(0, 19).replaceAll(':', '-'));

function endOf(error: unknown): {
  readonly status: NightStatus;
  readonly exit: number;
  readonly reason: string;
} {
  if (error === undefined) return { status: 'done', exit: 0, reason: '' };
  const status = error instanceof LockedError ? 'busy' : error instanceof StoppedError ? 'stopped' : 'failed';
  return { status, exit: exitCodeOf(error), reason: describeError(error).split('\n')[0] ?? '' };
}

/** What the last finished round left; null when there is none. */
function readReport(dir: string) {
  const path = join(dir, 'report.json');
  return existsSync(path)
    ? (runReportSchema.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data ?? null)
    : null;
}

function goOnWith(options: RunOptions, dir: string, { message }: StoppedError): string {
  const flags = [
    ...options.config.map((file) => `--config ${file}`),
    ...(options.arm === undefined ? [] : [`--arm ${options.arm}`]),
    ...options.set.map((setting) => `--set ${setting}`),
    ...(options.rounds === undefined ? [] : [`--rounds ${options.rounds}`]),
    ...(options.until === undefined ? [] : [`--until ${options.until}`]),
  ].join(' ');
  const why = message.replace(/; run the same command again.*$/, '.');
  return `${why} Everything committed is kept. Go on with: npm run -s lakatos -- run ${flags} --out ${dir}`;
}
