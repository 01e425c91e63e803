/**
 * Both pages in a real browser, in light and in dark, at a desk and on a phone: nothing on the console, nothing asked for,
 * nothing wider than the window. Skipped without Chromium.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { evaluateInto } from '../../src/cli/eval.ts';
import { renderReport } from '../../src/reports/index.ts';
import { flags, problemFile, world } from '../cli/eval-world.ts';
import { Browser, CHROMIUM, type Look } from './chromium.ts';
import { report } from './fixture.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-browser-'));
afterAll(() => rmSync(root, { recursive: true, force: true, maxRetries: 5 }));

const LOOKS: readonly Look[] = [390, 1280].flatMap((width) => [
  { width, scheme: 'light' },
  { width, scheme: 'dark' },
]);

async function evaluationPage(): Promise<string> {
  problemFile(join(root, 'problems.jsonl'), ['imo_1', 'mathd_algebra_2', 'aime_3']);
  await evaluateInto(flags(root), world());
  return readFileSync(join(root, 'out', 'report.html'), 'utf8');
}

describe.skipIf(CHROMIUM === undefined)('in Chromium', { timeout: 60_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await Browser.start(join(root, 'profile'));
  }, 60_000);
  afterAll(() => browser.close());

  const see = (name: string, page: string, look: Look) => {
    const file = join(root, `${name}.html`);
    writeFileSync(file, page);
    return browser.see(`file://${file}`, look);
  };

  test.each([
    ['a run', async () => renderReport(report)],
    ['an evaluation', evaluationPage],
  ] as const)(
    'the page of %s says nothing on the console, asks for nothing and fits, at each width in both schemes',
    async (_, made) => {
      const page = await made();
      for (const look of LOOKS) {
        const { asked, said, contentWidth, background, text } = await see('page', page, look);
        expect(text).toContain('Written by Lakatos');
        expect({ asked, said }).toEqual({ asked: [], said: [] });
        expect(contentWidth, JSON.stringify(look)).toBeLessThanOrEqual(look.width);
        expect(background).toBe(look.scheme === 'dark' ? 'rgb(20, 22, 26)' : 'rgb(252, 251, 248)');
      }
    },
  );

  test('a page that did ask, complain or overflow would be found out', async () => {
    const font = 'https://fonts.googleapis.com/css';
    const page = `<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="${font}">
<p style="width:700px">wide</p><script>console.warn('look')</script>`;
    const { asked, said, contentWidth } = await see('bad', page, { width: 390, scheme: 'light' });
    expect(asked).toEqual([font]);
    expect(said.join()).toContain('look');
    expect(contentWidth).toBeGreaterThan(700);
  });
});
