/** Which checkers a configuration means, one a language, each with the verdict cache in front of it where one is set. */
import { byLanguage } from '../checkers/by-language.ts';
import { withVerdictCache } from '../checkers/cache.ts';
import type { Checker } from '../checkers/checker.ts';
import { createIsabelleChecker } from '../checkers/isabelle/checker.ts';
import { findIsabelle, IsabelleError, NO_ISABELLE, requireHeap } from '../checkers/isabelle/install.ts';
import { createLeanChecker } from '../checkers/lean/checker.ts';
import { openLeanRuntime } from '../checkers/lean/open.ts';
import type { PoolEvent } from '../checkers/pool.ts';
import { judgingRules } from '../checkers/rules.ts';
import type { Config } from '../config/index.ts';
import type { Language } from '../statements/statement.ts';

export interface CheckerHooks {
  /** Told of every worker that starts, dies or is replaced. */
  readonly onEvent?: (event: PoolEvent) => void;
  readonly warn: (message: string) => void;
}

/** @param first the language whose checker is opened at once; the other's waits for a statement of its own */
export function openChecker(
  settings: Config['checker'],
  hooks: CheckerHooks,
  first: Language = 'lean',
): Checker {
  const { lean, isabelle } = settings;
  return byLanguage(
    { lean: () => openLean(settings, hooks), isabelle: () => openIsabelle(settings, hooks) },
    {
      first,
      concurrency: Math.max(64, 4 * lean.workers, 2 * isabelle.workers * isabelle.batch),
      warn: hooks.warn,
    },
  );
}

function openLean({ lean, cache }: Config['checker'], hooks: CheckerHooks): Checker {
  const wallMs = lean.wallSeconds * 1000;
  const runtime = openLeanRuntime({ ...lean, searchPath: process.env.PATH ?? '' });
  const checker = createLeanChecker(runtime, { ...lean, wallMs, log: logOf(hooks) });
  const { maxHeartbeats, memoryMb } = lean;
  const limits = { wallMs, maxHeartbeats, memoryMb, strict: lean.tier === 'strict' ? 1 : 0 };
  return remembering(checker, cache, limits, 4 * lean.workers, hooks);
}

function openIsabelle({ isabelle, cache }: Config['checker'], hooks: CheckerHooks): Checker {
  const search = { path: isabelle.path, tool: process.env.ISABELLE_TOOL, searchPath: process.env.PATH ?? '' };
  const found = findIsabelle(search);
  if (!found) throw new IsabelleError(NO_ISABELLE);
  requireHeap(found, isabelle.session);
  const wallMs = isabelle.wallSeconds * 1000;
  const startMs = isabelle.startSeconds * 1000;
  const checker = createIsabelleChecker(found, { ...isabelle, wallMs, startMs, log: logOf(hooks) });
  const { memoryMb, imports, sledgehammer } = isabelle;
  const limits = {
    wallMs,
    memoryMb,
    strict: isabelle.tier === 'strict' ? 1 : 0,
    [`imports ${imports.join(' ')}`]: 1,
    [`sledgehammer ${sledgehammer}`]: 1,
  };
  return remembering(checker, cache, limits, 2 * isabelle.workers * isabelle.batch, hooks);
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
  cache: Config['checker']['cache'],
  limits: Readonly<Record<string, number>>,
  busy: number,
  { warn }: CheckerHooks,
): Checker {
  if (cache.path === undefined) return checker;
  return withVerdictCache(checker, {
    path: cache.path,
    maxEntries: cache.maxEntries,
    rules: judgingRules(),
    limits,
    concurrency: Math.max(64, busy),
    warn,
  });
}
