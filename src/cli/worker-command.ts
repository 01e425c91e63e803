/**
 * `lakatos worker`: the checker of this machine put behind the queue of a Redis, until a signal asks it to stop. It joins
 * only after its judge has accepted one proof and refused another: a worker that cannot judge would eat the queue.
 */
import { once } from 'node:events';
import type { Checker } from '../checkers/checker.ts';
import type { PoolEvent } from '../checkers/pool.ts';
import { type QueueWorkerEvent, startQueueWorker } from '../checkers/queue/queue-worker.ts';
import { openRedis } from '../checkers/queue/redis.ts';
import { type Config, loadConfig } from '../config/index.ts';
import { LakatosError, UsageError } from '../ops/errors.ts';
import { type Logger, openLog } from '../ops/log.ts';
import { listenForShutdown } from '../ops/shutdown.ts';
import { Terminal } from '../ops/terminal.ts';
import type { Language } from '../statements/statement.ts';
import { openLocalChecker, redisUrl } from './open-checker.ts';
import { askTwoQuestions } from './two-questions.ts';

export interface WorkerOptions {
  readonly config: readonly string[];
  readonly set: readonly string[];
  readonly language: string;
  readonly log?: string;
}

export async function workerCommand(options: WorkerOptions): Promise<void> {
  const { config } = loadConfig({ files: options.config, overrides: options.set });
  const { prefix, groupSize, stallSeconds, waitSeconds, rememberSeconds } = config.checker.queue;
  const url = redisUrl(config.checker.queue);
  if (url === undefined)
    throw new UsageError('checker.queue.url: a worker needs to be told its Redis.', 'checker.queue.url');
  const language = languageOf(options.language);
  const terminal = new Terminal(process.stderr);
  const file = options.log === undefined ? {} : { file: options.log };
  const { log, close: closeLog } = openLog({ terminal, ...file });
  const shutdown = listenForShutdown(process, () =>
    log.info('draining: groups in hand are finished first; a second signal stops at once'),
  );
  const hooks = {
    onEvent: ({ event, reason }: PoolEvent) => log.debug({ event }, `${language} judge ${event}: ${reason}`),
    warn: (message: string) => log.warn(message),
  };
  const { checker, standing } = openLocalChecker(config.checker, hooks, language);
  try {
    const redis = await openRedis(url, waitSeconds * 1000);
    try {
      await requireJudgement(checker, language);
      const places = placesOf(config.checker, language);
      const worker = await startQueueWorker({
        redis,
        prefix,
        checker,
        standing,
        places,
        groups: Math.ceil(places / groupSize) + 1, // one more, so that judges never wait for the next group
        stallMs: stallSeconds * 1000,
        rememberSeconds,
        onEvent: (event) => logEvent(log, event),
      });
      log.info({ worker: worker.name, standing }, `judging for ${redis.place} with ${standing.toolchain}`);
      if (!shutdown.signal.aborted) await once(shutdown.signal, 'abort');
      await worker.drain();
      log.info(`drained: ${worker.answered()} answers given`);
    } finally {
      redis.close();
    }
  } finally {
    await checker.close();
    shutdown.dispose();
    closeLog();
  }
}

function languageOf(name: string): Language {
  if (name === 'lean' || name === 'isabelle') return name;
  throw new UsageError(`--language: expected lean or isabelle, found ${name}.`, 'language');
}

const placesOf = ({ lean, isabelle }: Config['checker'], language: Language): number =>
  language === 'lean' ? lean.workers : isabelle.workers * isabelle.batch;

async function requireJudgement(checker: Checker, language: Language): Promise<void> {
  const { right, said } = await askTwoQuestions(checker, language);
  if (!right)
    throw new LakatosError(
      `The judge of this machine does not judge (${said}): see lakatos doctor --try. The worker did not join.`,
    );
}

function logEvent(log: Logger, { event, reason }: QueueWorkerEvent): void {
  if (event === 'group-done') log.debug({ event }, reason);
  else log.warn({ event }, `${event}: ${reason}`);
}
