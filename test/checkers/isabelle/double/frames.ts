/** The server's side of the framing: messages in, replies out, the long form where the real server uses it. */
import type { Socket } from 'node:net';

/** A real server writes the long form for more than 100 bytes or a line break; the length counts the last newline. */
export function encodeReply(name: string, argument?: unknown): Buffer {
  const text = Buffer.from(argument === undefined ? name : `${name} ${JSON.stringify(argument)}`, 'utf8');
  const line = Buffer.concat([text, Buffer.from('\n')]);
  return text.length > 100 || text.includes(10)
    ? Buffer.concat([Buffer.from(`${line.length}\n`), line])
    : line;
}

export function frames(socket: Socket, onMessage: (text: string) => void): void {
  let bytes = Buffer.alloc(0);
  let expected: number | undefined;
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    for (;;) {
      const end = expected ?? bytes.indexOf(10) + 1;
      if (end === 0 || bytes.length < end) return;
      const text = bytes.subarray(0, end).toString('utf8').trimEnd();
      bytes = bytes.subarray(end);
      const isLength = expected === undefined && /^\d+$/.test(text);
      expected = isLength ? Number(text) : undefined;
      if (!isLength) onMessage(text);
    }
  });
}
