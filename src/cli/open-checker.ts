/**
 * Which checkers a configuration means, one a language, each with the verdict cache in front of it where one is set: in
 * this process, or for the language asked for first at the workers of a queue.
 */
import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { byLanguage } from '../checkers/by-language.ts';
import { withVerdictCache } from '../checkers/cache.ts';
import type { Checker } from '../checkers/checker.ts';
import { createIsabelleChecker } from '../checkers/isabelle/checker.ts';
import {
  findIsabelle,
  type Isabelle,
  IsabelleError,
  NO_ISABELLE,
  requireHeap,
} from '../checkers/isabelle/install.ts';
import { createLeanChecker } from '../checkers/lean/checker.ts';
import { openLeanRuntime } from '../checkers/lean/open.ts';
import type { PoolEvent } from '../checkers/pool.ts';
import { openQueueChecker } from '../checkers/queue/queue-checker.ts';
import { judgingRules } from '../checkers/rules.ts';
import type { Standing } from '../checkers/standing.ts';
import type { Config } from '../config/index.ts';
import { UsageError } from '../ops/errors.ts';
import type { Language } from '../statements/statement.ts';

export interface CheckerHooks {
  /** Told of every worker that starts, dies or is replaced. */
  readonly onEvent?: (event: PoolEvent) => void;
  readonly warn: (message: string) => void;
}

/** @param first the language whose checker is opened at once; the other's waits for a statement of its own */
export async function openChecker(
  settings: Config['checker'],
  hooks: CheckerHooks,
  first: Language = 'lean',
): Promise<Checker> {
  const { lean, isabelle, queue } = settings;
  const url = redisUrl(queue);
  const queued = url === undefined ? undefined : await openQueued(settings, url, hooks, first);
  const openerOf = (language: Language) => () =>
    language === first && queued ? queued : openLocalChecker(settings, hooks, language).checker;
  return byLanguage(
    { lean: openerOf('lean'), isabelle: openerOf('isabelle') },
    {
      first,
      concurrency: Math.max(
        64,
        4 * lean.workers,
        2 * isabelle.workers * isabelle.batch,
        queued ? queue.maxInFlight : 0,
      ),
      warn: hooks.warn,
    },
  );
}

/** Of the queue, its password put in; undefined where there is no queue. */
export function redisUrl({ url, passwordEnv }: Config['checker']['queue']): string | undefined {
  if (url === undefined || passwordEnv === undefined) return url;
  const password = process.env[passwordEnv];
  if (password === undefined || password === '')
    throw new UsageError(
      `checker.queue.passwordEnv: expected a password in the environment variable ${passwordEnv}, found nothing.`,
      'checker.queue.passwordEnv',
    );
  const whole = new URL(url);
  whole.password = encodeURIComponent(password);
  return whole.href;
}

async function openQueued(
  settings: Config['checker'],
  url: string,
  hooks: CheckerHooks,
  language: Language,
): Promise<Checker> {
  const { prefix, toolchain, groupSize, maxInFlight, waitSeconds, stallSeconds } = settings.queue;
  const standing = standingOf(settings, language, toolchain ?? toolchainHere(settings, language));
  const [waitMs, lookMs] = [waitSeconds * 1000, stallSeconds * 1000];
  const { warn } = hooks;
  const options = { url, prefix, standing, groupSize, maxInFlight, waitMs, lookMs, warn };
  return remembering(await openQueueChecker(options), standing, settings.cache, maxInFlight, hooks);
}

export interface LocalChecker {
  readonly checker: Checker;
  readonly standing: Standing;
}

/** The judges of this process, whatever queue is named: what a worker has. */
export function openLocalChecker(
  settings: Config['checker'],
  hooks: CheckerHooks,
  language: Language = 'lean',
): LocalChecker {
  const {
    checker,
    busy,
    here = {},
  } = language === 'lean' ? openLean(settings, hooks) : openIsabelle(settings, hooks);
  const standing = standingOf(settings, language, checker.toolchain);
  const remembered = { ...standing, limits: { ...standing.limits, ...here } };
  return { checker: remembering(checker, remembered, settings.cache, busy, hooks), standing };
}

/** Attempts that keep a checker busy. */
interface Judges {
  readonly checker: Checker;
  readonly busy: number;
  /** What verdicts remembered on this machine depend on besides, in the form of limits. */
  readonly here?: Standing['limits'];
}

function openLean({ lean }: Config['checker'], hooks: CheckerHooks): Judges {
  const checker = createLeanChecker(leanRuntime(lean), {
    ...lean,
    wallMs: milliseconds(lean.wallSeconds),
    log: logOf(hooks),
  });
  return { checker, busy: 4 * lean.workers };
}

const leanRuntime = (lean: Config['checker']['lean']) =>
  openLeanRuntime({ ...lean, searchPath: process.env.PATH ?? '' });

function openIsabelle({ isabelle }: Config['checker'], hooks: CheckerHooks): Judges {
  const search = { path: isabelle.path, tool: process.env.ISABELLE_TOOL, searchPath: process.env.PATH ?? '' };
  const found = findIsabelle(search);
  if (!found) throw new IsabelleError(NO_ISABELLE);
  requireHeap(found, isabelle.session);
  const wallMs = milliseconds(isabelle.wallSeconds);
  const startMs = milliseconds(isabelle.startSeconds);
  const checker = createIsabelleChecker(found, { ...isabelle, wallMs, startMs, log: logOf(hooks) });
  return { checker, busy: 2 * isabelle.workers * isabelle.batch, here: heapOf(found, isabelle.session) };
}

/** Whole ones, as Isabelle reads them; 16.1 seconds are not quite 16100. */
const milliseconds = (seconds: number): number => Math.max(1, Math.round(seconds * 1000));

/** Which build of a session's heap is loaded: that of the user's folder, else of the installation's. */
function heapOf({ home, heapFolder }: Isabelle, session: string): Standing['limits'] {
  const folders = [heapFolder, join(home, 'heaps', basename(heapFolder))];
  const heap = folders.map((folder) => join(folder, session)).find((path) => existsSync(path));
  return heap === undefined ? {} : { [`heap ${heap}`]: statSync(heap).mtimeMs };
}

function toolchainHere(settings: Config['checker'], language: Language): string {
  if (language === 'lean') return leanRuntime(settings.lean).toolchain;
  throw new UsageError(
    'checker.queue.toolchain: with Isabelle statements, expected the toolchain that the workers name at their start.',
    'checker.queue.toolchain',
  );
}

function standingOf(settings: Config['checker'], language: Language, toolchain: string): Standing {
  const { lean, isabelle } = settings;
  const { wallSeconds, memoryMb, tier } = settings[language];
  const shared = { wallMs: wallSeconds * 1000, memoryMb, strict: tier === 'strict' ? 1 : 0 };
  const limits =
    language === 'lean'
      ? { ...shared, maxHeartbeats: lean.maxHeartbeats }
      : {
          ...shared,
          [`imports ${isabelle.imports.join(' ')}`]: 1,
          [`dirs ${JSON.stringify(isabelle.dirs)}`]: 1,
          [`sledgehammer ${isabelle.sledgehammer}`]: 1,
        };
  return { toolchain, rules: judgingRules(), limits };
}

type CheckerEvent = PoolEvent | { readonly event: 'strict-disagreement'; readonly reason: string };

const logOf =
  ({ onEvent, warn }: CheckerHooks) =>
  (event: CheckerEvent): void => {
    if (event.event === 'strict-disagreement')
      warn(
        `The verifier refused what the judge accepted (${event.reason}): please report it with the attempt.`,
      );
    else onEvent?.(event);
  };

function remembering(
  checker: Checker,
  { rules, limits }: Standing,
  { path, maxEntries }: Config['checker']['cache'],
  busy: number,
  { warn }: CheckerHooks,
): Checker {
  if (path === undefined) return checker;
  return withVerdictCache(checker, {
    path,
    maxEntries,
    rules,
    limits,
    concurrency: Math.max(64, busy),
    warn,
  });
}
