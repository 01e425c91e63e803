import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Line, linesOf } from '../../src/cli/lines.ts';

async function* chunks(bytes: Uint8Array, size: number) {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}
const read = (text: string | Uint8Array, size = 3, max = 1000): Promise<Line[]> =>
  Array.fromAsync(linesOf(chunks(Buffer.from(text), size), max));

test('lines are what stands between line feeds, however the bytes arrive', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: 'binary' }), { maxLength: 5 }),
      fc.integer({ min: 1, max: 9 }),
      async (texts, size) => {
        const lines = texts.map((t) => t.replaceAll('\n', '\r').replace(/^\ufeff+/, ''));
        const got = await read(lines.map((t) => `${t}\n`).join(''), size);
        expect(got.map((line) => line.text)).toEqual(lines);
        expect(got.map((line) => line.number)).toEqual(lines.map((_, i) => i + 1));
      },
    ),
  );
});

test('each line knows where it starts, and whether a line feed ends it', async () => {
  const got = await read('ab\n\nçd');
  expect(got.map(({ start, whole, text }) => [start, whole, text])).toEqual([
    [0, true, 'ab'],
    [3, true, ''],
    [4, false, 'çd'],
  ]);
});

test('a line beyond the limit loses its text, says its length and leaves its neighbours alone', async () => {
  const got = await read(`a\n${'x'.repeat(50)}\nb\n`, 7, 10);
  expect(got.map((line) => line.text)).toEqual(['a', undefined, 'b']);
  expect(got[1]?.reason).toBe('is 50 bytes long; at most 10 are read');
});

test('bytes that are no UTF-8 are not replaced by something else', async () => {
  const [line] = await read(Uint8Array.from([0x61, 0xff, 0x0a]));
  expect([line?.text, line?.reason]).toEqual([undefined, 'is not UTF-8']);
});

test('a line’s checksum is of its bytes, however they arrive, also where its text is not read', async () => {
  const bytes = Buffer.from(`çd\n${'x'.repeat(50)}\n\xff`, 'latin1');
  for (const size of [1, 3, 1000])
    expect((await read(bytes, size, 10)).map((line) => line.crc32)).toEqual(
      bytes.toString('latin1').split('\n').map((line) => crc32(Buffer.from(line, 'latin1'))), // biome-ignore format: one line
    );
});
