import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findExecutable } from '../../src/ops/executable.ts';

test('the first folder with such a program is taken; a file that may not be executed is none', () => {
  const dir = mkdtempSync(join(tmpdir(), 'lakatos-executable-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const folders = ['a', 'b', 'c', 'missing'].map((name) => join(dir, name));
  for (const folder of folders.slice(0, 3)) mkdirSync(folder);
  for (const folder of folders.slice(0, 3)) writeFileSync(join(folder, 'lean'), '');
  for (const folder of folders.slice(1, 3)) chmodSync(join(folder, 'lean'), 0o755);
  expect(findExecutable('lean', folders)).toBe(join(dir, 'b', 'lean'));
  expect(findExecutable('lake', folders)).toBeUndefined();
});
