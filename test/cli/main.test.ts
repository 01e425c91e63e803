import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, expect, test } from 'vitest';

const dir = mkdtempSync(join(tmpdir(), 'lakatos-cli-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const lakatos = (...args: string[]) => execa('node', ['src/main.ts', ...args], { reject: false });

test('--help names every command, and run --help every setting', async () => {
  const help = await lakatos('--help');
  for (const command of ['run', 'verify', 'report', 'seed']) expect(help.stdout).toContain(command);
  const run = await lakatos('run', '--help');
  for (const key of ['learn.objective', 'select.window.high', 'checker.lean.wallSeconds'])
    expect(run.stdout).toContain(key);
  expect(run.exitCode).toBe(0);
});

test('--version is that of package.json', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(await lakatos('--version')).toMatchObject({ stdout: version, exitCode: 0 });
});

test('an unknown configuration key is exit 2 and names the key, the file and the nearest known one', async () => {
  const file = join(dir, 'wrong.toml');
  writeFileSync(file, '[prove]\nsample = 4\n');
  const { exitCode, stderr } = await lakatos('run', '--config', file, '--out', join(dir, 'run'));
  expect(exitCode).toBe(2);
  expect(stderr).toContain('prove.sample');
  expect(stderr).toContain('prove.samples');
  expect(stderr).toContain('wrong.toml');
});

test('an unknown option is exit 2', async () => {
  const { exitCode, stderr } = await lakatos('run', '--nonsense');
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--nonsense');
});

test('a model directory without weights is one sentence that names it, and nothing of it is committed', async () => {
  const { exitCode, stderr } = await lakatos(
    'run',
    '--set',
    `policy.uri=onnx:${dir}`,
    '--out',
    join(dir, 'run'),
  );
  expect(exitCode).toBe(1);
  expect(stderr).toContain(join(dir, 'config.json'));
  expect(stderr).not.toContain('    at ');
});

test('--dry-run prints the resolved settings and the plan of a round and touches nothing', async () => {
  const before = readdirSync('runs');
  const { exitCode, stdout } = await lakatos(
    'run',
    '--config',
    'configs/laptop.toml',
    '--set',
    'prove.samples=3',
    '--dry-run',
  );
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/samples = 3/);
  for (const step of ['propose', 'screen', 'prove', 'judge', 'select', 'learn', 'evaluate'])
    expect(stdout).toContain(step);
  expect(readdirSync('runs')).toEqual(before);
});
