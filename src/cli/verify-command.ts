/** `lakatos verify`: the checker of a configuration put behind two files. */
import { loadConfig } from '../config/index.ts';
import { progressOn } from '../ops/progress.ts';
import { listenForShutdown } from '../ops/shutdown.ts';
import { Terminal } from '../ops/terminal.ts';
import { openChecker } from './open-checker.ts';
import { verify } from './verify.ts';

export interface VerifyOptions {
  readonly in: string;
  readonly out: string;
  readonly resume: boolean;
  readonly config: readonly string[];
  readonly set: readonly string[];
}

export async function verifyCommand(options: VerifyOptions): Promise<void> {
  const { config } = loadConfig({ files: options.config, overrides: options.set });
  const terminal = new Terminal(process.stderr);
  const shutdown = listenForShutdown(process, () =>
    terminal.line('Stopping when what is being judged has its verdict; once more to stop at once.'),
  );
  const checker = await openChecker(config.checker, { warn: (message) => terminal.line(message) });
  const progress = progressOn({ terminal })({ label: 'verify', unit: 'lines' });
  const seen: Record<string, number> = {};
  try {
    const { resumed } = await verify(checker, {
      input: options.in,
      output: options.out,
      resume: options.resume,
      signal: shutdown.signal,
      onRow: (verdict) => {
        seen[verdict] = (seen[verdict] ?? 0) + 1;
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
    .map(([verdict, count]) => `${count} ${verdict}`)
    .join(', ');
