import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { findIsabelle, requireHeap } from '../../../src/checkers/isabelle/install.ts';
import { readSymbols } from '../../../src/checkers/isabelle/symbols.ts';
import { doubleTool, isabelleOf } from './tool.ts';

test('the tool is that of the configuration, then of ISABELLE_TOOL, then the first on the PATH', () => {
  const [a, b, c] = ['Isabelle2024', 'Isabelle2025', 'Isabelle2026'].map((name) => doubleTool({ name }).tool);
  const searchPath = `/nowhere:${dirname(c ?? '')}`;
  expect(findIsabelle({ path: a, tool: b, searchPath })?.name).toBe('Isabelle2024');
  expect(findIsabelle({ tool: b, searchPath })?.name).toBe('Isabelle2025');
  expect(findIsabelle({ searchPath })).toMatchObject({ name: 'Isabelle2026', tool: c, heaps: ['HOL'] });
  expect(findIsabelle({ searchPath: '/nowhere' })).toBeUndefined();
});

test('one too old is refused with both versions', () => {
  const { tool } = doubleTool({ name: 'Isabelle2021-1' });
  expect(() => isabelleOf(tool)).toThrow(`${tool} is Isabelle2021-1; Isabelle2024 or newer is needed.`);
});

test('a repository version carries no year and is taken', () => {
  expect(isabelleOf(doubleTool({ name: 'Isabelle' }).tool).name).toBe('Isabelle');
});

test('what is no isabelle tool is refused, with where it was named', () => {
  const tool = join(mkdtempSync(join(tmpdir(), 'lakatos-no-isabelle-')), 'isabelle');
  writeFileSync(tool, '#!/bin/sh\nexit 1\n');
  chmodSync(tool, 0o755);
  expect(() => findIsabelle({ tool, searchPath: '' })).toThrow(
    /getenv` failed \(the tool comes from ISABELLE_TOOL\)/,
  );
  expect(() => findIsabelle({ path: '/nowhere/isabelle', searchPath: '' })).toThrow('checker.isabelle.path');
});

test('a missing heap is named, with what is there and how to build it', () => {
  const isabelle = isabelleOf(doubleTool({ heaps: ['HOL', 'Pure'] }).tool);
  expect(() => requireHeap(isabelle, 'HOL')).not.toThrow();
  expect(() => requireHeap(isabelle, 'HOL-Analysis')).toThrow(
    /has no heap of the session HOL-Analysis \(it has HOL, Pure\): build it once with `.*isabelle build -b HOL-Analysis`/,
  );
});

test('symbols are read from Isabelle’s own tables, the first of a code wins, unknown ones stay', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'lakatos-symbols-')), 'symbols');
  writeFileSync(
    file,
    '# comment\n\\<and>  code: 0x002227\n\\<wedge> code: 0x2227\n\\<A> code: 0x01d49c group: letter\n',
  );
  const encode = readSymbols(['/nowhere/symbols', file]);
  expect(encode('p ∧ q 𝒜 ‹x› ☃ \\<or>')).toBe('p \\<and> q \\<A> \\<open>x\\<close> ☃ \\<or>');
});
