import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { notInspected } from '../../../src/checkers/answers.ts';
import { EMBEDDED_TOOLCHAIN } from '../../../src/checkers/lean/embedded.ts';
import { openLedger } from '../../../src/ledger/index.ts';
import { problemsOf, readProblems } from '../../../src/selfplay/problems/problems.ts';
import { withTypes } from '../../../src/selfplay/problems/typing.ts';
import { leanCoreToolchain } from '../../../src/statements/lean-core.ts';
import type { Problem } from '../../../src/statements/statement.ts';
import { FakeChecker } from '../fakes.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-typing-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const problem = (name: string, split: string, typeHash?: string): Problem => ({
  id: name,
  name,
  split,
  language: 'lean',
  header: '',
  text: `theorem t : ${name}`,
  forbidden: [],
  ...(typeHash === undefined ? {} : { typeHash }),
});
const SPLITS = { trainSplit: 'train', heldoutSplit: 'heldout' };

/** With a checker that writes down what it was asked, and fails on what `fails` says. */
function open(fails: (text: string) => boolean = () => false) {
  const asked: string[] = [];
  class Listening extends FakeChecker {
    override async *inspect(statements: Iterable<Problem>) {
      for await (const inspection of super.inspect(statements)) {
        asked.push(inspection.id);
        yield fails(inspection.id) ? { id: inspection.id, ...notInspected('fault: it died') } : inspection;
      }
    }
  }
  const startProgress = () => ({ advance() {}, expect() {}, end() {} });
  const { signal } = new AbortController();
  const ledger = openLedger(join(mkdtempSync(join(root, 'run-')), 'ledger.sqlite'));
  return { asked, ledger, parts: { checker: new Listening(), startProgress, signal, say: () => {} } };
}

test('problems without a type are inspected once a run, what the checker failed on once more at the next start', async () => {
  const failing = new Set(['c']);
  const { asked, ledger, parts } = open((id) => failing.delete(id));
  const problems = [problem('a', 'train', 'f'.repeat(16)), problem('b', 'train'), problem('c', 'heldout')];
  const first = problemsOf(await withTypes(problems, undefined, ledger, parts), SPLITS);
  expect(asked).toEqual(['b', 'c']);
  expect([...first.idsByTypeHash.values()]).toEqual(['a', 'b']);
  const again = problemsOf(await withTypes(problems, undefined, ledger, parts), SPLITS);
  expect(asked).toEqual(['b', 'c', 'c']);
  expect([...again.idsByTypeHash.values()]).toEqual(['a', 'b', 'c']);
  expect(again.testHashes).toEqual(new Set([again.heldout[0]?.typeHash]));
  await withTypes(problems, undefined, ledger, parts);
  expect(asked).toHaveLength(3);
  ledger.close();
});

test('hashes that another toolchain made are not believed: every split is inspected anew', async () => {
  const { asked, ledger, parts } = open();
  const problems = [problem('a', 'train', 'f'.repeat(16)), problem('b', 'validation', 'e'.repeat(16))];
  expect(await withTypes(problems, 'fake', ledger, parts)).toEqual(problems);
  expect(asked).toEqual([]);
  const { testHashes, idsByTypeHash } = problemsOf(await withTypes(problems, 'other', ledger, parts), SPLITS);
  expect(asked).toEqual(['a', 'b']);
  expect(idsByTypeHash.has('f'.repeat(16))).toBe(false);
  expect(testHashes.size).toBe(1);
  expect(testHashes.has('e'.repeat(16))).toBe(false);
  ledger.close();
});

test('lean-core says that the embedded Lean made its hashes', () => {
  expect(leanCoreToolchain('data/lean-core')).toBe(EMBEDDED_TOOLCHAIN);
  const source = { language: 'lean', path: 'data/lean-core', ...SPLITS } as const;
  expect(readProblems(source).toolchain).toBe(EMBEDDED_TOOLCHAIN);
});
