/** Nights that are killed with SIGKILL, again and again. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { contents } from '../selfplay/ledger-contents.ts';
import { killedAt, livingNight } from './mortal.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-kill-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const fresh = () => mkdtempSync(join(root, 'run-'));

test('killed as steps begin and within them, and resumed, a night ends with the ledger of one that was not', async () => {
  const whole = fresh();
  const { answer } = await livingNight(whole);
  const dir = fresh();
  await killedAt(dir, 'answer', Math.floor(answer / 3));
  await killedAt(dir, 'step', 1);
  await killedAt(dir, 'answer', Math.floor(answer / 4));
  await killedAt(dir, 'step', 3);
  const left = await livingNight(dir);
  expect(left.answer).toBeLessThan(answer / 2);
  expect(contents(dir)).toEqual(contents(whole));
});
