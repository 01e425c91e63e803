/**
 * A native Lean: an executable named in the configuration, on the PATH or of elan, alone or with the libraries of a Lake
 * project (Mathlib, say). Each process imports the modules once and answers from there, like the embedded one.
 *
 * Confined less than the embedded one: without a network where the system can, in an empty environment and a scratch
 * folder of its own, but free to read and write what its user may. Where candidates are hostile, run it in a container.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { execaSync } from 'execa';
import { LakatosError } from '../../ops/errors.ts';
import { findExecutable } from '../../ops/executable.ts';
import { withoutNetwork } from './isolation.ts';
import { type LeanProcess, startLean } from './process.ts';
import type { LeanRuntime } from './runtime.ts';

export interface NativeLeanOptions {
  /** The `lean` executable; default: the first one on `searchPath`, then elan's. */
  readonly path?: string | undefined;
  /** A Lake project, built: its toolchain judges and its libraries can be imported. */
  readonly project?: string | undefined;
  /** Modules that statements may use; default `Init` and `Std`, with a project `Mathlib`. */
  readonly modules?: readonly string[] | undefined;
  /** Folders to look for executables in, as in the variable PATH. */
  readonly searchPath: string;
}

/** No native Lean where it was said to be, or one that does not answer. */
export class NativeLeanError extends LakatosError {
  override readonly name = 'NativeLeanError';
}

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
  const said = ask(lean, ['--version'], env, project);
  const [, version, commit] = /version (\d+\.\d+\.\d+\S*?),.*?commit ([0-9a-f]{12})/.exec(said) ?? [];
  if (version === undefined)
    throw new NativeLeanError(`${lean} --version says \`${said}\`, not a version of Lean.`);
  const sysroot = ask(lean, ['--print-prefix'], env, project);
  const libraries = project === undefined ? {} : { LEAN_PATH: lakePath(folders, env, project) };
  const modules = options.modules ?? (project === undefined ? ['Init', 'Std'] : ['Mathlib']);
  return {
    toolchain: `lean ${version} (${commit ?? 'unknown commit'})${project === undefined ? '' : ` with ${modules.join(' ')}`}`,
    version,
    start: (program) => start(lean, program, [sysroot, ...modules], { ...env, ...libraries }),
  };
}

async function start(
  lean: string,
  program: readonly string[],
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<LeanProcess> {
  const texts = await Promise.all(program.map((part) => readFile(part, 'utf8')));
  const scratch = await mkdtemp(join(tmpdir(), 'lakatos-lean-'));
  const file = join(scratch, basename(program.at(-1) ?? 'empty.lean'));
  await writeFile(file, texts.join('\n'));
  const run = [...(await withoutNetwork()), lean, '-j1', '-DElab.async=false', '--run', file, ...args];
  const [command = lean, ...rest] = run;
  const child = startLean({ file: command, args: rest, env, cwd: scratch });
  void child.exited.then(() => rm(scratch, { recursive: true, force: true }));
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
    throw new NativeLeanError(`\`${file} ${args.join(' ')}\`${where} failed: is it a working Lean?`, {
      cause,
    });
  }
}
