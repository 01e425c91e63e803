/**
 * A native Lean: an executable named in the configuration, on the PATH or of elan, alone or with the libraries of a Lake
 * project (Mathlib, say). Each process imports the modules once and answers from there, like the embedded one.
 *
 * Confined by what the system offers (isolation.ts), in an almost empty environment and a scratch folder of its own. What its
 * user may read it may read. Where candidates are hostile, run it in a container.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { ExecaSyncError, execaSync } from 'execa';
import { LakatosError, messageOf } from '../../ops/errors.ts';
import { findExecutable } from '../../ops/executable.ts';
import { isolation } from './isolation.ts';
import { type LeanProcess, startLean } from './process.ts';
import { OLDEST_LEAN, tooOld } from './programs.ts';
import type { LeanRuntime } from './runtime.ts';

export interface NativeLeanOptions {
  /** The `lean` executable; default: the first one on `searchPath`, then elan's. */
  readonly path?: string | undefined;
  /** A Lake project, built: its toolchain judges and its libraries can be imported. */
  readonly project?: string | undefined;
  /** Modules that statements may use; default `Init` and `Std`, with a project `Mathlib`. */
  readonly modules?: readonly string[] | undefined;
  /** Most resident memory of a process, MiB; what it may reserve at all hangs on it. Default: any. */
  readonly memoryMb?: number | undefined;
  /** Folders to look for executables in, as in the variable PATH. */
  readonly searchPath: string;
}

/** No native Lean where it was said to be, or one that does not answer. */
export class NativeLeanError extends LakatosError {
  override readonly name = 'NativeLeanError';
}

const DEFAULT_MODULES = ['Init', 'Std'];
const OTHERWISE = 'name another in checker.lean.path, or set checker.lean.runtime to embedded';

/** The runtime, or undefined when no `lean` is installed and none was named. */
export function findNativeLean(options: NativeLeanOptions): LeanRuntime | undefined {
  const { path, project } = options;
  const folders = [...options.searchPath.split(delimiter).filter(Boolean), join(homedir(), '.elan', 'bin')];
  const lean = path ?? findExecutable('lean', folders);
  if (lean === undefined) {
    if (project === undefined) return undefined;
    throw new NativeLeanError(
      `No lean on the PATH or in ~/.elan/bin for the project ${project}: install elan.`,
    );
  }
  const env = { PATH: folders.join(delimiter), HOME: homedir() };
  const { version, commit } = versionOf(lean, env, project);
  const sysroot = ask(lean, ['--print-prefix'], env, project);
  const leanPath = project === undefined ? undefined : lakePath(folders, env, project);
  const modules = options.modules ?? (project === undefined ? DEFAULT_MODULES : ['Mathlib']);
  const libraries = [...(leanPath?.split(delimiter) ?? []), join(sysroot, 'lib', 'lean')];
  // A Lean whose own library is elsewhere finds it, or says at its start what it misses.
  if (libraries.some((library) => existsSync(library)) || project !== undefined)
    requireCompiled(modules, libraries, project);
  return {
    toolchain: `lean ${version} (${commit})${withModules(modules, project, libraries)}`,
    version,
    start: (program) =>
      start(program, {
        lean: executableOf(sysroot) ?? lean,
        args: [sysroot, ...modules],
        env: { ...env, ...(leanPath === undefined ? {} : { LEAN_PATH: leanPath }) },
        memoryMb: options.memoryMb,
      }),
  };
}

function versionOf(
  lean: string,
  env: Readonly<Record<string, string>>,
  project: string | undefined,
): { version: string; commit: string } {
  const said = ask(lean, ['--version'], env, project);
  const [, version, commit] = /version (\d+\.\d+\.\d+\S*?),.*?commit ([0-9a-f]{12})/.exec(said) ?? [];
  if (version === undefined || commit === undefined)
    throw new NativeLeanError(
      `${lean} --version says \`${said}\`, not a version of Lean with its commit: ${OTHERWISE}.`,
    );
  if (tooOld(version))
    throw new NativeLeanError(
      `${lean} is Lean ${version}; the judge's programs are written for ${OLDEST_LEAN} and newer: ${OTHERWISE}.`,
    );
  return { version, commit };
}

/** Not elan's, which looks for a toolchain in the folder it is started in: this one is the toolchain that was asked. */
function executableOf(sysroot: string): string | undefined {
  const path = join(sysroot, 'bin', 'lean');
  return existsSync(path) ? path : undefined;
}

const fileOf = (module: string, extension: string): string => `${module.replaceAll('.', '/')}.${extension}`;

function requireCompiled(
  modules: readonly string[],
  libraries: readonly string[],
  project: string | undefined,
): void {
  const missing = modules.filter(
    (module) => !libraries.some((library) => existsSync(join(library, fileOf(module, 'olean')))),
  );
  if (missing.length === 0) return;
  const advice =
    project === undefined
      ? 'name a Lake project that has it in checker.lean.project, or other modules in checker.lean.modules'
      : `run \`lake exe cache get\` (Mathlib) and \`lake build ${missing.join(' ')}\` in ${project}, or name other modules in checker.lean.modules`;
  throw new NativeLeanError(
    `There is no compiled ${missing.join(', ')} in ${libraries.join(', ')}: ${advice}.`,
  );
}

/** Which modules there are, and of which sources: verdicts are remembered under it. */
function withModules(
  modules: readonly string[],
  project: string | undefined,
  libraries: readonly string[],
): string {
  if (project === undefined)
    return modules.join() === DEFAULT_MODULES.join() ? '' : ` with ${modules.join(' ')}`;
  const manifest = textOf(join(project, 'lake-manifest.json'));
  // What Lake says of a module's build: a hash of everything it was made from.
  const traces = modules.map((module) => {
    const texts = libraries.map((library) => textOf(join(library, fileOf(module, 'trace'))));
    return /"depHash":\s*"?(\w+)/.exec(texts.find((text) => text !== '') ?? '')?.[1];
  });
  const hash = createHash('sha256').update(JSON.stringify([manifest, traces]));
  return ` with ${modules.join(' ')} (${hash.digest('hex').slice(0, 12)})`;
}

function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

interface Start {
  readonly lean: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly memoryMb: number | undefined;
}

/** Twice the limit and more: an allocator reserves what it may never use. It stops what no look at the memory is fast enough for. */
const WITH_LIMIT = '[ -z "$1" ] || ulimit -d "$1" 2>/dev/null; shift; exec "$@"';
const reservableKib = (memoryMb: number): number => 1024 * (2 * memoryMb + 2048);

async function start(program: readonly string[], { lean, args, env, memoryMb }: Start): Promise<LeanProcess> {
  const texts = await Promise.all(program.map((part) => readFile(part, 'utf8')));
  const own = await mkdtemp(join(tmpdir(), 'lakatos-lean-'));
  const [file, scratch] = [join(own, basename(program.at(-1) ?? 'empty.lean')), join(own, 'scratch')];
  await Promise.all([writeFile(file, texts.join('\n')), mkdir(scratch)]);
  const limit = memoryMb === undefined ? '' : `${reservableKib(memoryMb)}`;
  const [command = 'sh', ...rest] = (await isolation()).wrap(
    [
      ...['sh', '-c', WITH_LIMIT, 'sh', limit],
      ...[lean, '-j1', '-DElab.async=false', '--run', file, ...args],
    ],
    scratch,
  );
  const child = startLean({ file: command, args: rest, env: { ...env, TMPDIR: scratch } });
  void child.exited.then(() => rm(own, { recursive: true, force: true }));
  return child;
}

/** Where Lake keeps the compiled libraries of a project and of what it depends on. */
function lakePath(
  folders: readonly string[],
  env: Readonly<Record<string, string>>,
  project: string,
): string {
  const lake = findExecutable('lake', folders);
  if (lake === undefined)
    throw new NativeLeanError(`No lake beside lean for the project ${project}: install elan.`);
  return ask(lake, ['env', 'printenv', 'LEAN_PATH'], env, project);
}

function ask(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd: string | undefined,
): string {
  try {
    return execaSync(file, args, {
      env,
      extendEnv: false,
      timeout: 60_000,
      ...(cwd === undefined ? {} : { cwd }),
    }).stdout;
  } catch (cause) {
    const where = cwd === undefined ? '' : ` in ${cwd}`;
    throw new NativeLeanError(
      `\`${file} ${args.join(' ')}\`${where} failed (${whyFailed(cause)}): is it a working Lean? If not, ${OTHERWISE}.`,
      { cause },
    );
  }
}

/** What it said of it itself, if anything. */
function whyFailed(error: unknown): string {
  if (!(error instanceof ExecaSyncError)) return messageOf(error);
  const said = `${error.stderr ?? ''}`.trim();
  return said === '' ? (error.originalMessage ?? error.shortMessage) : said.slice(0, 500);
}
