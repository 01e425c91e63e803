/**
 * Bytes → lines, numbered from 1, ending at line feeds and nowhere else (JSON may hold U+2028). A line that is too
 * long or not UTF-8 is a line all the same, without its text: memory stays bounded whatever comes in.
 */
import { crc32 } from 'node:zlib';

export interface Line {
  readonly number: number;
  /** Where the line starts in the input, bytes. */
  readonly start: number;
  /** Ended by a line feed, not by the end of the input. */
  readonly whole: boolean;
  /** Without the line feed; undefined with the reason why. */
  readonly text: string | undefined;
  readonly reason: string;
  /** Of the line's bytes, without the line feed. */
  readonly crc32: number;
}

export async function* linesOf(input: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Line> {
  let number = 1;
  let start = 0;
  let parts: Uint8Array[] = [];
  let length = 0;
  let checksum = 0;
  const keep = (part: Uint8Array): void => {
    length += part.length;
    checksum = crc32(part, checksum);
    if (length <= maxBytes) parts.push(part);
    else parts = [];
  };
  const take = (whole: boolean): Line => {
    const line = { number: number++, start, whole, crc32: checksum, ...decode(parts, length, maxBytes) };
    start += length + 1;
    parts = [];
    length = 0;
    checksum = 0;
    return line;
  };
  for await (const chunk of input) {
    let from = 0;
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, from)) {
      keep(chunk.subarray(from, at));
      yield take(true);
      from = at + 1;
    }
    keep(chunk.subarray(from));
  }
  if (length > 0) yield take(false);
}

const LF = 0x0a;
const utf8 = new TextDecoder('utf-8', { fatal: true });

function decode(
  parts: readonly Uint8Array[],
  length: number,
  maxBytes: number,
): Pick<Line, 'text' | 'reason'> {
  if (length > maxBytes)
    return { text: undefined, reason: `is ${length} bytes long; at most ${maxBytes} are read` };
  try {
    const text = utf8.decode(Buffer.concat(parts));
    return { text, reason: '' };
  } catch {
    return { text: undefined, reason: 'is not UTF-8' };
  }
}
