/** The steps of the image as scripts: what they refuse, what they would do, and one of them whole with stand-ins. */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, describe, expect, test } from 'vitest';

const root = mkdtempSync(join(tmpdir(), 'lakatos-docker-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const step = (name: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  execa(`docker/${name}.sh`, args, { reject: false, env: { NEED_MB: '1', ...env } });

function script(path: string, text: string) {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
}

test('the Dockerfile and every script pass their linters', { timeout: 600_000 }, async ({ skip }) => {
  const { exitCode, stdout, stderr } = await execa('docker/lint.sh', { reject: false });
  if (exitCode === 77) skip(stderr);
  expect(stdout).toContain('nothing to say');
  expect(exitCode).toBe(0);
});

test('everything that the Dockerfile copies is there, every script it runs was copied, every stage it names exists', () => {
  const text = readFileSync('Dockerfile', 'utf8');
  const copied = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((m) => m[1]?.split(' ') ?? []);
  expect(copied.filter((path) => !existsSync(path))).toEqual([]);
  const names = new Set(copied.map((path) => path.split('/').at(-1)));
  expect([...text.matchAll(/\/steps\/([\w.-]+)/g)].filter((m) => !names.has(m[1]))).toEqual([]);
  const stages = new Set([...text.matchAll(/^FROM \S+ AS (\w+)$/gm)].map((m) => m[1]));
  expect([...text.matchAll(/--from=(\w+)/g)].filter((m) => !stages.has(m[1]))).toEqual([]);
  expect([...stages]).toEqual(expect.arrayContaining(['gpu', 'judge']));
});

test('no step of the image for judges has to do with CUDA, Python or the model', () => {
  const [, judge = ''] = /AS judge\n([\s\S]*?)\nFROM /.exec(readFileSync('Dockerfile', 'utf8')) ?? [];
  expect(judge).toContain('tini');
  expect(judge).not.toMatch(/cuda|nvidia|python|vllm|trainer|HF_HOME/i);
});

test('both images run as nobody special, under tini, and say how they are', () => {
  const text = readFileSync('Dockerfile', 'utf8');
  for (const target of ['judge', 'gpu']) {
    const [, stage = ''] = new RegExp(`AS ${target}\n([\\s\\S]*?)(\nFROM |$)`).exec(text) ?? [];
    expect(stage).toMatch(/^USER 10001:10001$/m);
    expect(stage).toMatch(/^ENTRYPOINT \["tini", "--", "node"/m);
    expect(stage).toMatch(/^HEALTHCHECK .*docker\/healthcheck\.sh/m);
    expect(stage).toMatch(/^VOLUME \[.*"\/data\/runs"/m);
  }
  expect(text).not.toMatch(/(TOKEN|SECRET|PASSWORD|API_KEY)/);
});

test.each([
  [
    'packages',
    ['--dry-run', 'gpu'],
    /\+ apt-get install -y --no-install-recommends ca-certificates .*tini.* gcc/,
  ],
  ['app', ['--dry-run', 'dependencies'], /^\+ npm ci$/],
  ['app', ['--dry-run', 'build'], /\+ npm run -s build\n\+ npm prune --omit=dev/],
  [
    'lean',
    ['--dry-run'],
    /fetch -q --depth 1 https:\/\/github\.com\/leanprover-community\/mathlib4\.git 0df444a3[\s\S]*\+ lake exe cache get\n\+ lake build Mathlib/,
  ],
  [
    'isabelle',
    ['--dry-run'],
    /Isabelle2025_linux\.tar\.gz[\s\S]*build -b -o system_heaps=true HOL-Number_Theory\n/,
  ],
  [
    'python',
    ['--dry-run', 'docker/vllm.txt', '/opt/vllm'],
    /-m venv \/opt\/vllm\n.*install --no-cache-dir -r docker\/vllm\.txt/,
  ],
  ['user', ['--dry-run', '/data/runs'], /useradd --uid 10001[\s\S]*chown 10001:10001 \/data\/runs/],
] as const)('%s %j prints what it would do and does nothing', async (name, args, expected) => {
  const { exitCode, stdout, stderr } = await step(name, args, {
    ELAN_HOME: join(root, 'never', 'elan'),
    MATHLIB_DIR: join(root, 'never', 'mathlib'),
    ISABELLE_HOME: join(root, 'never', 'isabelle'),
  });
  expect([exitCode, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(expected);
  expect(existsSync(join(root, 'never'))).toBe(false);
});

describe('refusals name what was expected and what was found', () => {
  test('no room', async () => {
    const { exitCode, stderr } = await step('lean', ['--dry-run'], {
      NEED_MB: '999999999',
      ELAN_HOME: join(root, 'elan'),
    });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/lean\.sh: .*elan needs 999999999 MB of free disk, found \d+ MB in /);
  });

  test('a requirement that is not pinned', async () => {
    const file = join(root, 'loose.txt');
    writeFileSync(file, '# fine\nnumpy==2.0.0\ntorch>=2\n');
    const { exitCode, stderr } = await step('python', ['--dry-run', file, join(root, 'venv')]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('expected every version pinned with ==');
    expect(stderr).toContain('found: torch>=2');
  });

  test('an unknown word', async () => {
    const { exitCode, stderr } = await step('packages', ['everything']);
    expect([exitCode, stderr]).toEqual([
      1,
      "packages.sh: expected build, runtime or gpu, found 'everything'",
    ]);
  });
});

describe('the Lean step, with an elan and a Mathlib that are stand-ins of this test,', () => {
  const elan = join(root, 'elan-archive');
  const archive = join(root, 'elan.tar.gz');
  const mathlib = join(root, 'mathlib-origin');
  const log = join(root, 'calls.log');

  async function prepare() {
    const tool = (name: string) =>
      `printf '#!/bin/sh\\necho ${name} "$@" in "$PWD" >> ${log}\\n' > "$ELAN_HOME/bin/${name}"; chmod +x "$ELAN_HOME/bin/${name}"`;
    script(
      join(elan, 'elan-init'),
      `mkdir -p "$ELAN_HOME/bin"; ${['elan', 'lake', 'lean'].map(tool).join('; ')}`,
    );
    await execa('tar', ['-czf', archive, '-C', elan, 'elan-init']);
    mkdirSync(mathlib);
    writeFileSync(join(mathlib, 'lean-toolchain'), 'leanprover/lean4:v9.9.9\n');
    const git = (...args: string[]) =>
      execa('git', ['-C', mathlib, '-c', 'user.name=t', '-c', 'user.email=t@t', ...args]);
    await git('init', '-q');
    await git('add', '.');
    await git('commit', '-qm', 'one');
    return (await git('rev-parse', 'HEAD')).stdout;
  }

  test('installs what its Mathlib asks for, gets the cache in its folder, and refuses any other elan', async () => {
    const revision = await prepare();
    const env = {
      ELAN_URL: `file://${archive}`,
      ELAN_SHA256: createHash('sha256').update(readFileSync(archive)).digest('hex'),
      ELAN_HOME: join(root, 'home', 'elan'),
      MATHLIB_URL: mathlib,
      MATHLIB_REV: revision,
      MATHLIB_DIR: join(root, 'home', 'mathlib'),
    };
    const done = await step('lean', [], env);
    expect([done.exitCode, done.stderr]).toEqual([0, '']);
    expect(
      readFileSync(log, 'utf8')
        .trim()
        .split('\n')
        .map((line) => line.replace(root, 'ROOT')),
    ).toEqual([
      `elan default leanprover/lean4:v9.9.9 in ${process.cwd()}`,
      'lake exe cache get in ROOT/home/mathlib',
      'lake build Mathlib in ROOT/home/mathlib',
      'lean --version in ROOT/home/mathlib',
    ]);

    const { ELAN_SHA256: found, ...unnamed } = env;
    const other = await step('lean', [], { ...unnamed, ELAN_HOME: join(root, 'other') });
    expect(other.exitCode).toBe(1);
    expect(other.stderr).toMatch(
      /lean\.sh: file:.*elan\.tar\.gz: expected sha256 f81c2e48[0-9a-f]{56}, found /,
    );
    expect(other.stderr).toContain(`found ${found}`);
    expect(existsSync(join(root, 'other'))).toBe(false);

    const [ELAN_HOME, MATHLIB_DIR] = [join(root, 'any', 'elan'), join(root, 'any', 'mathlib')];
    const any = await step('lean', [], { ...env, ELAN_SHA256: 'unchecked', ELAN_HOME, MATHLIB_DIR });
    expect([any.exitCode, any.stderr]).toEqual([0, `file://${archive}: unchecked, sha256 ${found}`]);
  });
});

describe('the health check', () => {
  const bin = join(root, 'bin');
  const runs = join(root, 'runs');
  const check = (command: string) => {
    script(join(bin, 'pgrep'), command === '' ? 'exit 1' : `echo "7 node dist/main.js ${command}"`);
    return execa('docker/healthcheck.sh', [], {
      reject: false,
      env: { PATH: `${bin}:${process.env.PATH}`, LAKATOS_RUNS: runs, LAKATOS_PORT: '9' },
    });
  };

  test('of a run is its lease: renewed lately it lives, an old one does not', async () => {
    mkdirSync(join(runs, 'nightly'), { recursive: true });
    const note = join(runs, 'nightly', 'lock.json');
    writeFileSync(note, '{}');
    expect(await check('run --until 06:00')).toMatchObject({ exitCode: 0, stdout: note });
    const old = Date.now() / 1000 - 600;
    utimesSync(note, old, old);
    expect(await check('run --until 06:00')).toMatchObject({
      exitCode: 1,
      stdout: `no run directory under ${runs} was held within 3 minutes`,
    });
  });

  test('of a worker is its process, of a server its answer, of nothing a failure', async () => {
    expect(await check('worker --config x')).toMatchObject({ exitCode: 0, stdout: 'worker runs' });
    expect((await check('serve')).exitCode).not.toBe(0); // nobody listens on that port
    expect(await check('')).toMatchObject({ exitCode: 1, stdout: 'no lakatos command runs' });
  });
});
