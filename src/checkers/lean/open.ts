/**
 * Which Lean judges: the embedded one, a native one, or the native one if there is any that can. An old Lean on the PATH, or
 * an elan without a toolchain, keeps nobody from judging who did not ask for it; `lakatos doctor` tells of it.
 */
import { defaultCacheDir, embeddedRuntime } from './embedded.ts';
import { findNativeLean, NativeLeanError, type NativeLeanOptions } from './native.ts';
import type { LeanRuntime } from './runtime.ts';

export interface LeanRuntimeOptions extends NativeLeanOptions {
  readonly runtime: 'auto' | 'embedded' | 'native';
  /** Where the embedded library is unpacked once; default `~/.cache/lakatos`. */
  readonly cacheDir?: string | undefined;
}

export function openLeanRuntime(options: LeanRuntimeOptions): LeanRuntime {
  const native = options.runtime === 'embedded' ? undefined : nativeFor(options);
  if (native) return native;
  if (options.runtime === 'native')
    throw new NativeLeanError(
      'checker.lean.runtime is native, but no lean is on the PATH or in ~/.elan/bin: install elan, or name the executable in checker.lean.path.',
    );
  return embeddedRuntime({ cacheDir: options.cacheDir ?? defaultCacheDir() });
}

function nativeFor(options: LeanRuntimeOptions): LeanRuntime | undefined {
  try {
    return findNativeLean(options);
  } catch (error) {
    if (error instanceof NativeLeanError && !isAsked(options)) return undefined;
    throw error;
  }
}

/** Whether it is a native Lean that is to judge, whatever else there is. */
export function isAsked({ runtime, path, project }: LeanRuntimeOptions): boolean {
  return runtime === 'native' || (runtime === 'auto' && (path ?? project) !== undefined);
}
