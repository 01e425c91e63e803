/** An evaluation as a process that is killed -9 in the middle of each of its parts, and given again. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execaNode } from 'execa';
import { afterAll, expect, test } from 'vitest';
import { problemFile } from './eval-world.ts';
import { ledgerContents } from './ledger-contents.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-eval-killed-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const names = [
  'mathd_algebra_1',
  'imo_1',
  'aime_1',
  'aime_2',
  'amc12a_1',
  'amc12a_2',
  'imo_2',
  'induction_1',
];
/** The problems are inspected, then come samples, stored 256 at a time, then verdicts, 64 at a time. */
const ATTEMPTS = names.length * 48;

function evaluation(dir: string, stopAt: number) {
  return execaNode('test/cli/fixtures/evaluate.ts', [dir, `${stopAt}`], { reject: false, nodeOptions: [] });
}

async function finish(dir: string) {
  const child = evaluation(dir, 0);
  const answers = await child.getOneMessage();
  await child;
  return answers;
}

function place(): string {
  const dir = mkdtempSync(join(root, 'case-'));
  problemFile(join(dir, 'problems.jsonl'), names);
  return dir;
}

const ledger = (dir: string) => ledgerContents(join(dir, 'out', 'ledger.sqlite'), dir);

test('killed in the survey, while sampling and while judging, it ends with the ledger of an undisturbed one', async () => {
  const undisturbed = place();
  const all = names.length + 2 * ATTEMPTS;
  expect(await finish(undisturbed)).toBe(all);

  const dir = place();
  // In the survey; past the first batch of samples; what is left of them, and past the first batch of verdicts.
  for (const stopAt of [5, names.length + 300, ATTEMPTS - 256 + 100]) {
    const child = evaluation(dir, stopAt);
    expect(await child.getOneMessage()).toBe('waiting');
    child.kill('SIGKILL');
    expect((await child).signal).toBe('SIGKILL');
  }
  // Neither what was inspected, nor sampled, nor judged before the kills is asked for again.
  expect(await finish(dir)).toBe(ATTEMPTS - 64);
  expect(ledger(dir)).toEqual(ledger(undisturbed));
});
