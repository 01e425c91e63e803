import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');
const elsewhere = mkdtempSync(join(tmpdir(), 'lakatos-elsewhere-'));
afterAll(() => rmSync(elsewhere, { recursive: true, force: true }));

const openedIn = async (cwd: string) => {
  const { stdout } = await run(process.execPath, [join(root, 'test/ops/fixtures/open-shipped.ts')], { cwd });
  return JSON.parse(stdout);
};

test('what the package ships is found from any working directory, and a file there goes before it', async () => {
  const here = await openedIn(root);
  expect(here).toMatchObject({ trainProblems: 4, problems: 1045 });
  expect(await openedIn(elsewhere)).toEqual(here);
  mkdirSync(join(elsewhere, 'configs'));
  writeFileSync(join(elsewhere, 'configs/smoke.toml'), '[data]\ntrainProblems = 7\n');
  expect(await openedIn(elsewhere)).toEqual({ ...here, trainProblems: 7 });
});

test('the package holds what it ships, and no tests', async () => {
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root });
  const listing: unknown = JSON.parse(stdout);
  const files = [...JSON.stringify(listing).matchAll(/"path":"([^"]*)"/g)].map(([, path = '']) => path);
  for (const file of [
    'configs/laptop.toml',
    'data/lean-core/train.jsonl',
    'data/seed-proofs/portfolio.jsonl',
    'lean/Judging.lean',
    'models/seed/model.safetensors',
    'prompts/compact.toml',
  ])
    expect(files).toContain(file);
  expect(files.filter((file) => /^(test|bench|runs|node_modules)\//.test(file))).toEqual([]);
});
