import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { DiskFullError } from '../../src/ops/disk.ts';
import { replaceFile, writeWhole } from '../../src/ops/whole-file.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-files-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const place = () => join(mkdtempSync(join(root, 'case-')), 'metrics.csv');

test('a file is written in parts and then replaces the one that was there', () => {
  const path = place();
  writeFileSync(path, 'old');
  writeWhole(path, (file) => {
    for (const part of ['a', 'b']) writeFileSync(file, part);
    expect(readFileSync(path, 'utf8')).toBe('old');
  });
  expect(readFileSync(path, 'utf8')).toBe('ab');
  expect(readdirSync(join(path, '..'))).toEqual(['metrics.csv']);
});

test.skipIf(!existsSync('/dev/full'))(
  'a file on a full disk is a sentence, the old one stays, and nothing half-written is left (skipped without /dev/full)',
  () => {
    const path = place();
    writeFileSync(path, 'old');
    symlinkSync('/dev/full', `${path}.partial`);
    expect(() => replaceFile(path, 'new')).toThrow(DiskFullError);
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(join(path, '..'))).toEqual(['metrics.csv']);
  },
);

test('a file below a file, where none can be, is a sentence with its path', () => {
  const path = place();
  writeFileSync(path, '');
  expect(() => replaceFile(join(path, 'report.json'), '')).toThrow(
    /metrics\.csv\/report\.json: expected a directory, found a file; choose another place/,
  );
});
