/** The command itself, with real Lean, killed -9 while it judges, and given again. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, expect, test } from 'vitest';
import { readEvalReport } from '../../src/cli/compare.ts';
import { ledgerContents } from './ledger-contents.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-eval-lean-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const problems = join(root, 'problems');
mkdirSync(problems);
const lines = readFileSync('data/lean-core/validation.jsonl', 'utf8').split('\n').slice(0, 12);
writeFileSync(join(problems, 'validation.jsonl'), `${lines.join('\n')}\n`);

function evaluation(dir: string) {
  const set = ['checker.lean.workers=1', 'checker.lean.wallSeconds=100'];
  const what = ['--dataset', 'lean-core', '--file', problems, '--split', 'validation'];
  const args = ['eval', ...what, '--policy', 'portfolio:single', '-n', '8', '--k', '1,8', '--out', dir];
  return execa(process.execPath, ['src/main.ts', ...args, '--set', ...set], { reject: false });
}

test('killed with SIGKILL as judging begins, and given again, it reports what an undisturbed one does', {
  timeout: 300_000,
}, async () => {
  const [killed, whole] = [join(root, 'killed', 'night'), join(root, 'whole', 'night')]; // a run is called as its folder
  const child = evaluation(killed);
  child.stderr.on('data', (said) => {
    if (/sampling: .* samples in /.test(String(said))) child.kill('SIGKILL');
  });
  expect((await child).signal).toBe('SIGKILL');

  for (const dir of [killed, whole]) expect((await evaluation(dir)).exitCode).toBe(0);
  const contents = (dir: string) => ledgerContents(join(dir, 'ledger.sqlite'), dir);
  expect(contents(killed)).toEqual(contents(whole));
  const [after, before] = [readEvalReport(killed), readEvalReport(whole)];
  expect(after.passAtK).toEqual(before.passAtK);
  expect(after.solved).toBeGreaterThan(0);
  expect(after.attempts).toBe(12 * 8);
});
