import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeCommand, MessageReader } from '../../../src/checkers/isabelle/messages.ts';
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
