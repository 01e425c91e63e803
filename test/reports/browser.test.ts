/** Both pages in a real browser: nothing on the console, nothing asked for, in light and in dark, at a desk and on a phone. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { evaluateInto } from '../../src/cli/eval.ts';
import { renderReport } from '../../src/reports/index.ts';
import { flags, problemFile, world } from '../cli/eval-world.ts';
import { report } from './fixture.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-browser-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((p) =>
  existsSync(p),
);

async function evaluationPage(): Promise<string> {
  problemFile(join(root, 'problems.jsonl'), ['imo_1', 'mathd_algebra_2', 'aime_3']);
  await evaluateInto(flags(root), world());
  return readFileSync(join(root, 'out', 'report.html'), 'utf8');
}

test.skipIf(CHROMIUM === undefined).each([
  ['a run', async () => renderReport(report)],
  ['an evaluation', evaluationPage],
] as const)(
  'the page of %s loads without a console message and without asking for anything (skipped without Chromium)',
  async (_, page) => {
    const file = join(root, 'page.html');
    writeFileSync(file, await page());
    for (const look of ['0', '1']) {
      const { stdout, stderr } = await promisify(execFile)(
        CHROMIUM ?? '',
        [
          '--headless=new',
          '--no-sandbox',
          '--disable-gpu',
          '--enable-logging=stderr',
          '--v=0',
          `--blink-settings=preferredColorScheme=${look}`,
          `--user-data-dir=${join(root, 'profile')}`,
          `--log-net-log=${join(root, 'net.json')}`,
          '--dump-dom',
          `file://${file}`,
        ],
        { maxBuffer: 1e8, timeout: 100_000 },
      );
      expect(stdout).toContain('Written by Lakatos');
      expect(stderr.split('\n').filter((line) => line.includes('CONSOLE'))).toEqual([]);
      // The browser itself may ask its maker for things; the page may not.
      const log = readFileSync(join(root, 'net.json'), 'utf8');
      const asked = [...log.matchAll(/"url":"((?:https?|wss?|ftp):[^"]*)"/g)].map(([, url = '']) => url);
      expect(asked.filter((url) => !/google|gstatic|gvt1|chrome/.test(url))).toEqual([]);
    }
  },
);
