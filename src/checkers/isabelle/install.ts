/**
 * Which Isabelle is here: the tool of the configuration, of the variable ISABELLE_TOOL, or on the PATH; its version, and
 * where its heaps are. Looking starts no Java and builds nothing.
 */
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { execaSync } from 'execa';
import { LakatosError } from '../../ops/errors.ts';
import { findExecutable } from '../../ops/executable.ts';

/** Where to look. */
export interface IsabelleSearch {
  /** The `isabelle` executable, from the configuration. */
  readonly path?: string | undefined;
  /** The variable ISABELLE_TOOL. */
  readonly tool?: string | undefined;
  /** The variable PATH. */
  readonly searchPath: string;
}

export interface Isabelle {
  readonly tool: string;
  /** As it calls itself, e.g. `Isabelle2024`. */
  readonly name: string;
  readonly home: string;
  readonly homeUser: string;
  /** Where builds put heaps, and their logs. */
  readonly heapFolder: string;
  /** Sessions whose heap is here, sorted. */
  readonly heaps: readonly string[];
}

/** No Isabelle where it was said to be, one that is too old, or one without the heap it needs. */
export class IsabelleError extends LakatosError {
  override readonly name = 'IsabelleError';
}

const OLDEST = 2024;
/** The releases whose ML the judge's program is written for; later sources changed what it calls (Toplevel, Outer_Syntax). */
export const TESTED = 'Isabelle2024 to Isabelle2025-2';
export const isTested = (name: string): boolean => /^Isabelle(?:2024|2025)(?:-[12])?$/.test(name);
const VARIABLES = [
  'ISABELLE_NAME',
  'ISABELLE_HOME',
  'ISABELLE_HOME_USER',
  'ISABELLE_HEAPS',
  'ISABELLE_HEAPS_SYSTEM',
  'ML_IDENTIFIER',
];

/** What to say where there is none. */
export const NO_ISABELLE =
  'no Isabelle is set up: install Isabelle2024 or newer and name its tool in checker.isabelle.path or ISABELLE_TOOL, or put it on the PATH';

/** undefined when none is installed and none was named. */
export function findIsabelle({ path, tool: named, searchPath }: IsabelleSearch): Isabelle | undefined {
  const tool = named === '' ? undefined : named;
  const found = path ?? tool ?? findExecutable('isabelle', searchPath.split(delimiter).filter(Boolean));
  if (found === undefined) return undefined;
  const where =
    path !== undefined ? 'checker.isabelle.path' : tool !== undefined ? 'ISABELLE_TOOL' : 'the PATH';
  const values = settingsOf(found, where);
  const value = (name: string) => values.get(name) ?? '';
  const name = value('ISABELLE_NAME') || said(found, ['version'], where);
  refuseOld(name, found);
  const folderIn = (heaps: string) => join(value(heaps), value('ML_IDENTIFIER'));
  const heapFolder = folderIn('ISABELLE_HEAPS');
  const heapFolders = [heapFolder, folderIn('ISABELLE_HEAPS_SYSTEM')];
  return {
    tool: found,
    name,
    home: value('ISABELLE_HOME'),
    homeUser: value('ISABELLE_HOME_USER'),
    heapFolder,
    heaps: [...new Set(heapFolders.flatMap(heapsIn))].sort(),
  };
}

export function requireHeap({ heaps, name, tool }: Isabelle, session: string): void {
  if (heaps.includes(session)) return;
  throw new IsabelleError(
    `${name} has no heap of the session ${session} (it has ${heaps.join(', ') || 'none'}): build it once with \`${tool} build -b ${session}\`, or name another in checker.isabelle.session.`,
  );
}

function settingsOf(tool: string, where: string): ReadonlyMap<string, string> {
  const lines = said(tool, ['getenv', ...VARIABLES], where).split('\n');
  return new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

function said(tool: string, args: readonly string[], where: string): string {
  try {
    return execaSync(tool, args, { timeout: 60_000 }).stdout.trim();
  } catch (cause) {
    throw new IsabelleError(
      `\`${tool} ${args[0]}\` failed (the tool comes from ${where}): is it the \`isabelle\` of an installed Isabelle?`,
      { cause },
    );
  }
}

/** Repository versions carry no year: they are newer than any release or their user's own affair. */
function refuseOld(name: string, tool: string): void {
  const year = /(\d{4})/.exec(name)?.[1];
  if (year === undefined || Number(year) >= OLDEST) return;
  throw new IsabelleError(`${tool} is ${name}; Isabelle${OLDEST} or newer is needed.`);
}

function heapsIn(dir: string): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []));
}
