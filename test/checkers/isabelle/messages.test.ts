import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { encodeCommand, MessageReader, plain } from '../../../src/checkers/isabelle/messages.ts';
import { encodeReply } from './double/frames.ts';

const bytesOf = (...lines: readonly string[]) => Buffer.from(lines.join('\n'));

describe('messages of the Isabelle server', () => {
  it('are one line, its argument JSON or nothing', () => {
    const reader = new MessageReader();
    expect(reader.push(bytesOf('OK', 'ERROR "Bad command \'foo\'"', 'NOTE {"a":1}', ''))).toEqual([
      { name: 'OK', argument: undefined },
      { name: 'ERROR', argument: "Bad command 'foo'" },
      { name: 'NOTE', argument: { a: 1 } },
    ]);
  });

  it('or a length and so many bytes, the last newline among them, line breaks and all', () => {
    const reader = new MessageReader();
    const text = 'NOTE {\n  "message": "⟹ two lines"\n}\n';
    const message = bytesOf(String(Buffer.byteLength(text)), text);
    expect(reader.push(message)).toEqual([{ name: 'NOTE', argument: { message: '⟹ two lines' } }]);
  });

  it('end their lines with CR LF too', () => {
    expect(new MessageReader().push(Buffer.from('OK {"task":"1"}\r\n'))).toEqual([
      { name: 'OK', argument: { task: '1' } },
    ]);
  });

  it('come whole out of pieces of any size, in order', () => {
    const argument = fc.option(
      fc.json().map((text): unknown => JSON.parse(text)),
      { nil: undefined },
    );
    const message = fc.tuple(fc.constantFrom('OK', 'ERROR', 'NOTE', 'FINISHED', 'FAILED'), argument);
    fc.assert(
      fc.property(
        fc.array(message),
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }),
        (sent, sizes) => {
          const bytes = Buffer.concat(sent.map(([name, value]) => encodeReply(name, value)));
          const reader = new MessageReader();
          const read = [];
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const size = sizes[i % sizes.length] ?? 1;
            read.push(...reader.push(bytes.subarray(at, at + size)));
            at += size;
          }
          expect(read).toEqual(sent.map(([name, value]) => ({ name, argument: value })));
        },
      ),
    );
  });

  it('are put together once, however long and in however many pieces', () => {
    const message = 'x'.repeat(50_000_000);
    const bytes = encodeReply('FINISHED', { message });
    const joined = vi.spyOn(Buffer, 'concat');
    onTestFinished(() => joined.mockRestore());
    const reader = new MessageReader();
    const read = [];
    for (let at = 0; at < bytes.length; at += 65_536)
      read.push(...reader.push(bytes.subarray(at, at + 65_536)));
    const copied = joined.mock.results.reduce((sum, { value }) => sum + value.length, 0);
    expect(read).toHaveLength(1);
    expect(read[0]?.name).toBe('FINISHED');
    expect(read[0]?.argument).toEqual({ message });
    expect(copied).toBeLessThan(2 * bytes.length);
  });

  it('are refused with what was found where the argument is no JSON', () => {
    expect(() => new MessageReader().push(Buffer.from('OK {oops\n'))).toThrow(/sent `OK \{oops`.*not JSON/);
  });

  it('are refused where they announce more than any server sends', () => {
    expect(() => new MessageReader().push(Buffer.from('99999999999\n'))).toThrow(
      'announces a message of 99999999999',
    );
  });
});

describe('commands to the Isabelle server', () => {
  it('name their length in bytes, the last newline among them', () => {
    expect(encodeCommand('echo', '⟹').toString()).toBe('11\necho "⟹"\n');
    expect(encodeCommand('shutdown').toString()).toBe('9\nshutdown\n');
  });
});

it('are told in plain words, without the markup of a position', () => {
  const said =
    'Cannot load theory "A"\n\x05\x06position\x06line=2\x06file=/tmp/A.thy\x05 (line 2 of "/tmp/A.thy")\x05\x06\x05';
  expect(plain(said)).toBe('Cannot load theory "A" (line 2 of "/tmp/A.thy")');
});
