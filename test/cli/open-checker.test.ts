/** What decides whether a remembered Isabelle verdict still holds, seen by whether the server is asked again. */
import { mkdtempSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { openLocalChecker } from '../../src/cli/open-checker.ts';
import { loadConfig } from '../../src/config/index.ts';
import { doubleTool } from '../checkers/isabelle/tool.ts';

test('a verdict of Isabelle’s is remembered for its heap and its folders, and times need not be whole', async () => {
  const { tool, events } = doubleTool();
  const cache = join(mkdtempSync(join(tmpdir(), 'lakatos-cache-')), 'verdicts.sqlite');
  const { checker } = loadConfig({}).config;
  const text = 'theorem t: "(n::nat) + 0 = n"';
  const statement = { id: 't', language: 'isabelle' as const, header: '', text, forbidden: [] };
  const serversFor = async (dirs: string[]) => {
    const before = events().length;
    const isabelle = { ...checker.isabelle, path: tool, tier: 'fast' as const, wallSeconds: 16.1, dirs };
    const settings = { ...checker, isabelle, cache: { ...checker.cache, path: cache } };
    const local = openLocalChecker(settings, { warn: () => {} }, 'isabelle');
    const verdicts = await Array.fromAsync(local.checker.judge([{ id: 'a', statement, proof: 'by simp' }]));
    await local.checker.close();
    expect(verdicts).toMatchObject([{ id: 'a', verdict: 'proved', reason: 'proved' }]);
    return events()
      .slice(before)
      .filter((event) => event.startsWith('server')).length;
  };
  expect([await serversFor([]), await serversFor([])]).toEqual([1, 0]);
  expect([await serversFor(['/afp/thys']), await serversFor(['/afp/thys'])]).toEqual([1, 0]);
  utimesSync(join(dirname(tool), 'heaps', 'polyml', 'HOL'), 1e9, 1e9);
  expect([await serversFor([]), await serversFor([])]).toEqual([1, 0]);
}, 300_000);
