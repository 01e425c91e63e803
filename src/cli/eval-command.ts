/** `lakatos eval` with the world it needs: the real policies, checker, clock, terminal and signals. */
import { join } from 'node:path';
import { cpuSecondsOfTree } from '../ops/cpu.ts';
import { StoppedError } from '../ops/errors.ts';
import { watchMemory } from '../ops/memory.ts';
import { progressOn } from '../ops/progress.ts';
import { listenForShutdown } from '../ops/shutdown.ts';
import { Terminal } from '../ops/terminal.ts';
import { openPolicy } from '../policy/open.ts';
import { summariseEvaluation } from '../reports/index.ts';
import { evaluateInto } from './eval.ts';
import type { EvalFlags } from './eval-plan.ts';
import { openChecker } from './open-checker.ts';
import { policyOptions } from './policy-options.ts';
import { machineClass, programVersions, tokenizerHash } from './versions.ts';

export async function evalCommand(flags: EvalFlags): Promise<void> {
  const terminal = new Terminal(process.stderr);
  const say = (message: string) => terminal.line(message);
  const memory = watchMemory();
  const shutdown = listenForShutdown(process, () =>
    terminal.line('Stopping at the next clean point; once more to stop at once (nothing committed is lost).'),
  );
  try {
    const report = await evaluateInto(flags, {
      openPolicy: (uri, config) => openPolicy(uri, policyOptions(config, flags.out, false, { say })),
      openChecker: (config, language) => openChecker(config.checker, { warn: say }, language),
      tokenizerHash,
      versions: programVersions,
      machine: machineClass,
      peakMemory: () => memory.peak(),
      cpuSeconds: () => cpuSecondsOfTree(process.pid),
      startProgress: progressOn({ terminal }),
      signal: shutdown.signal,
      now: Date.now,
    });
    process.stdout.write(summariseEvaluation(report));
    process.stdout.write(`  report  ${join(flags.out, 'report.html')}\n`);
  } catch (error) {
    if (error instanceof StoppedError && shutdown.signal.aborted)
      throw new StoppedError('Stopped; everything committed is kept. The same command goes on from here.', {
        cause: error,
      });
    throw error;
  } finally {
    shutdown.dispose();
    memory.stop();
  }
}
