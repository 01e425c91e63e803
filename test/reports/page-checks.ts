/** What holds of every report page, whatever it shows. */
import { expect, test } from 'vitest';

/** Registers the tests. @param plots how many the page has */
export function staticChecks(page: () => string, plots: number): void {
  test('asks for nothing: no script, no address, no import, no resource', () => {
    for (const forbidden of [
      /<script/i,
      /<link/i,
      /<img/i,
      /<iframe/i,
      /<use/i,
      /https?:/i,
      /@import/i,
      /url\(/i,
      /\bsrc=/i,
      /\son\w+=/i,
    ])
      expect(page().match(forbidden), String(forbidden)).toBeNull();
    for (const [, target] of page().matchAll(/href="([^"]*)"/g))
      expect(target).toMatch(/^(#|report\.json$|metrics\.csv$|samples\.jsonl$)/);
  });

  test('forbids the browser whatever escaping might miss', () => {
    expect(page()).toContain(
      `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    );
  });

  test('links lead to sections that are there, and no id is given twice', () => {
    const ids = [...page().matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, target] of page().matchAll(/href="#([^"]*)"/g)) expect(ids).toContain(target);
  });

  test('closes every element it opens, in order', () => {
    const open: string[] = [];
    const empty = /^(meta|br|hr|!doctype)$/i;
    for (const [, slash, name = '', rest = ''] of page().matchAll(
      /<(\/?)([a-z!][\w-]*)((?:"[^"]*"|[^>"])*)>/gi,
    )) {
      if (empty.test(name) || rest.endsWith('/')) continue;
      if (slash) expect(open.pop()).toBe(name);
      else open.push(name);
    }
    expect(open).toEqual([]);
  });

  test('every plot tells in words what it shows', () => {
    const told = page().match(/<div class="plot" role="img" aria-label="[^"]+"><svg/g);
    expect(told).toHaveLength(plots);
    expect(page().match(/<svg/g)).toHaveLength(plots);
  });

  test('every table has a caption, and every cell of a first column or row is a header with a scope', () => {
    const tables = page().match(/<table>[\s\S]*?<\/table>/g) ?? [];
    expect(tables.length).toBeGreaterThan(6);
    for (const markup of tables) {
      expect(markup).toMatch(/<caption>[^<]+<\/caption>/);
      expect(markup).not.toMatch(/<th(?! scope="(col|row)")[ >]/);
    }
  });
}
