import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/index.ts';
import { StoppedError, UsageError } from '../../../src/ops/errors.ts';
import { protect, protectedSets } from '../../../src/selfplay/problems/protection.ts';
import type { Problems } from '../../../src/selfplay/run.ts';
import type { Problem } from '../../../src/statements/statement.ts';
import { problemFile, typeHashOf, world } from '../../cli/eval-world.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-protection-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const file = problemFile(join(root, 'mini.jsonl'), ['a', 'b'], (name) => `${name} = ${name}`);
const set = `minif2f:valid:${file}`;

const problem = (name: string, text: string): Problem => ({
  id: `core:${name}`,
  name,
  split: 'train',
  language: 'lean',
  header: '',
  text,
  forbidden: [],
  typeHash: typeHashOf(text),
});

const problems: Problems = {
  train: [
    problem('same', 'theorem t : a = a'),
    problem('spaced', 'theorem t :  b = b'),
    problem('heldout', 'theorem t : h = h'),
    problem('other', 'theorem t : c = c'),
  ],
  heldout: [problem('h', 'theorem h : h = h')],
  idsByTypeHash: new Map([['known', 'core:known']]),
  testHashes: new Set(['held']),
  lemmas: new Map(['same', 'spaced', 'heldout', 'other'].map((name) => [name, `theorem ${name}`])),
};

async function parts(refusal: (text: string) => string | null = () => null) {
  const said: string[] = [];
  const { openChecker, startProgress, signal } = world({ refusal });
  const checker = await openChecker({} as Parameters<typeof openChecker>[0], 'lean'); // the fake reads no configuration
  return {
    said,
    parts: { checker, startProgress, signal, say: (message: string) => void said.push(message) },
  };
}

test('a training problem that states a protected or held-out one is left out, by type or by text', async () => {
  const { said, parts: guard } = await parts();
  const { train, lemmas } = await protect(problems, [set], guard);
  expect(train.map((p) => p.name)).toEqual(['other']);
  expect([...lemmas.keys()]).toEqual(['other']); // nor does the conjecturer see it as a lemma
  expect(said).toEqual([
    expect.stringContaining('2 problems of 1 sets are protected, 2 of them elaborate here; 3 training'),
  ]);
});

test('conjectures are held against protected problems as against held-out ones', async () => {
  const { testHashes, idsByTypeHash } = await protect(problems, [set], (await parts()).parts);
  const hash = typeHashOf('theorem t : a = a');
  expect(testHashes.has(hash) && testHashes.has('held')).toBe(true);
  expect([idsByTypeHash.get(hash), idsByTypeHash.get('known')]).toEqual(['minif2f:a', 'core:known']);
});

test('a statement of an earlier round is told as a problem is, by type or by text', async () => {
  const { isProtected } = await protect(problems, [set], (await parts()).parts);
  const { typeHash, ...untyped } = problem('anybody', 'theorem renamed : a = a');
  expect(isProtected(untyped)).toBe(true);
  expect(isProtected({ ...untyped, text: 'theorem t : otherwise put', typeHash: 'held' })).toBe(true);
  expect(isProtected(problem('other', 'theorem t : c = c'))).toBe(false);
});

test('what the nights measure is protected, named in data.protected or not', () => {
  const { config } = loadConfig({
    files: [],
    overrides: ['data.protected=["a:test:p","b:test:q"]', 'nightly.evaluate=["b:test:q","c:test:r"]'],
  });
  expect(protectedSets(config)).toEqual(['a:test:p', 'b:test:q', 'c:test:r']);
});

test('a problem that does not elaborate here is still told by its text', async () => {
  const { train } = await protect(problems, [set], (await parts(() => 'unknown identifier')).parts);
  expect(train.map((p) => p.name)).toEqual(['other']);
});

test('without protected sets nothing is inspected, and held-out statements are still kept out', async () => {
  const { said, parts: guard } = await parts(() => 'fault: nobody may ask');
  const { train } = await protect(problems, [], guard);
  expect(train.map((p) => p.name)).toEqual(['same', 'spaced', 'other']);
  expect(said).toEqual([]);
});

test('a checker that fails on a protected problem stops the run, resumable: nothing may slip through', async () => {
  const guarded = protect(problems, [set], (await parts(() => 'fault: worker died')).parts);
  await expect(guarded).rejects.toThrow(StoppedError);
});

test('a set that cannot be read is bad usage', async () => {
  await expect(protect(problems, ['minif2f'], (await parts()).parts)).rejects.toThrow(
    /expected name:split:path/,
  );
  writeFileSync(join(root, 'empty.jsonl'), '');
  await expect(
    protect(problems, [`minif2f:valid:${join(root, 'empty.jsonl')}`], (await parts()).parts),
  ).rejects.toThrow(UsageError);
});
