/** `lakatos verify` and `lakatos inspect`: the checker of a configuration put behind two files. */
import type { Checker, InspectOptions } from '../checkers/checker.ts';
import { loadConfig } from '../config/index.ts';
import { progressOn } from '../ops/progress.ts';
import { listenForShutdown } from '../ops/shutdown.ts';
import { Terminal } from '../ops/terminal.ts';
import type { LinesDone, LinesJob } from './answer-lines.ts';
import { openChecker } from './open-checker.ts';
import { inspect, verify } from './verify.ts';

export interface FilesOptions {
  readonly in: string;
  readonly out: string;
  readonly resume: boolean;
  readonly config: readonly string[];
  readonly set: readonly string[];
}

export interface InspectFlags extends FilesOptions {
  readonly probes: NonNullable<InspectOptions['probes']>;
}

export const verifyCommand = (options: FilesOptions): Promise<void> => withChecker('verify', options, verify);

export const inspectCommand = (options: InspectFlags): Promise<void> =>
  withChecker('inspect', options, (checker, job) => inspect(checker, job, options));

async function withChecker(
  label: string,
  options: FilesOptions,
  answer: (checker: Checker, job: LinesJob) => Promise<LinesDone>,
): Promise<void> {
  const { config } = loadConfig({ files: options.config, overrides: options.set });
  const terminal = new Terminal(process.stderr);
  const shutdown = listenForShutdown(process, () =>
    terminal.line('Stopping when what is in hand has its answer; once more to stop at once.'),
  );
  const checker = await openChecker(config.checker, { warn: (message) => terminal.line(message) });
  const progress = progressOn({ terminal })({ label, unit: 'lines' });
  const seen: Record<string, number> = {};
  try {
    const { resumed } = await answer(checker, {
      input: options.in,
      output: options.out,
      resume: options.resume,
      signal: shutdown.signal,
      onRow: (kind) => {
        seen[kind] = (seen[kind] ?? 0) + 1;
        progress.advance(1, countsOf(seen));
      },
    });
    if (resumed > 0) terminal.line(`${resumed} lines had their answers before.`);
    terminal.line(`Judged by ${checker.toolchain}.`);
  } finally {
    progress.end();
    shutdown.dispose();
    await checker.close();
  }
}

const countsOf = (seen: Readonly<Record<string, number>>): string =>
  Object.entries(seen)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(', ');
