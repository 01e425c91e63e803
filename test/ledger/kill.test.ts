import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execaNode } from 'execa';
import { expect, test } from 'vitest';
import { openLedger } from '../../src/ledger/index.ts';
import { attempt } from './records.ts';

test('kill -9 inside a transaction loses nothing committed and leaves no half step', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'lakatos-kill-'));
  try {
    const path = join(dir, 'ledger.sqlite');
    const child = execaNode('test/ledger/fixtures/cut-off.ts', [path], { reject: false, nodeOptions: [] });
    const message = await child.getOneMessage();
    child.kill('SIGKILL');
    const result = await child;
    expect([message, result.signal]).toEqual(['inside', 'SIGKILL']);

    const ledger = openLedger(path);
    expect(ledger.steps.isDone(1, 'propose')).toBe(true);
    expect(ledger.attempts.ids({ round: 1, purpose: 'prove' })).toEqual(new Set(['committed']));
    expect(ledger.steps.begin(1, 'prove')).toBe('resumed');
    ledger.steps.finish(1, 'prove', () => ledger.attempts.insert([attempt('lost0')]));
    expect(ledger.attempts.get('lost0')).toBeDefined();
    ledger.close();
  } finally {
    rmSync(dir, { recursive: true });
  }
});
