/** An `isabelle` of a test's own: the double, set up by a wrapper script, with a folder of heaps and a log to wait on. */
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  createIsabelleChecker,
  type IsabelleCheckerOptions,
} from '../../../src/checkers/isabelle/checker.ts';
import { findIsabelle, type Isabelle } from '../../../src/checkers/isabelle/install.ts';

const DOUBLE = fileURLToPath(new URL('double/bin/isabelle', import.meta.url));

export interface DoubleTool {
  readonly tool: string;
  /** Everything the double has logged. */
  events(): string[];
  /** Resolves when an event begins so. */
  event(start: string): Promise<string>;
}

export interface DoubleSettings {
  readonly name?: string;
  readonly heaps?: readonly string[];
  /** Bytes a write of the server's. */
  readonly pieces?: number;
  /** Proofs that its builds do not confirm. */
  readonly refuses?: readonly string[];
  /** What a build fails with. */
  readonly buildError?: string;
  /** What else goes wrong (double.ts). */
  readonly modes?: readonly string[];
}

export function doubleTool(settings: DoubleSettings = {}): DoubleTool {
  const dir = mkdtempSync(join(tmpdir(), 'lakatos-double-'));
  const {
    name = 'Isabelle2024',
    heaps = ['HOL'],
    pieces = 0,
    refuses = [],
    buildError = '',
    modes = [],
  } = settings;
  mkdirSync(join(dir, 'heaps', 'polyml'), { recursive: true });
  for (const heap of heaps) writeFileSync(join(dir, 'heaps', 'polyml', heap), '');
  const log = join(dir, 'log');
  appendFileSync(log, '');
  const variables = {
    LAKATOS_DOUBLE_LOG: log,
    LAKATOS_DOUBLE_HEAPS: join(dir, 'heaps'),
    LAKATOS_DOUBLE_NAME: name,
    LAKATOS_DOUBLE_PIECES: String(pieces),
    LAKATOS_DOUBLE_REFUSES: refuses.join(';'),
    LAKATOS_DOUBLE_BUILD_ERROR: buildError,
    LAKATOS_DOUBLE_MODES: modes.join(';'),
  };
  const exports = Object.entries(variables).map(([key, value]) => `export ${key}='${value}'`);
  const tool = join(dir, 'isabelle');
  writeFileSync(tool, ['#!/bin/sh', ...exports, `exec ${DOUBLE} "$@"`, ''].join('\n'));
  chmodSync(tool, 0o755);
  const events = () => readFileSync(log, 'utf8').split('\n').filter(Boolean);
  return { tool, events, event: (start) => whenLogged(log, events, start) };
}

function whenLogged(log: string, events: () => string[], start: string): Promise<string> {
  return new Promise((resolve) => {
    const look = () => {
      const found = events().find((event) => event.startsWith(start));
      if (found === undefined) return;
      watcher.close();
      resolve(found);
    };
    const watcher = watch(log, look);
    look();
  });
}

export function isabelleOf(tool: string): Isabelle {
  const found = findIsabelle({ path: tool, searchPath: '' });
  if (!found) throw new Error(`No Isabelle at ${tool}.`);
  return found;
}

export const OPTIONS: IsabelleCheckerOptions = {
  session: 'HOL',
  dirs: [],
  imports: ['Main'],
  tier: 'fast',
  workers: 1,
  threads: 2,
  batch: 16,
  wallMs: 20_000,
  startMs: 60_000,
  memoryMb: 8_000,
  sledgehammer: 'forbid',
};

export const checkerOf = (tool: string, options: Partial<IsabelleCheckerOptions> = {}) =>
  createIsabelleChecker(isabelleOf(tool), { ...OPTIONS, ...options });
