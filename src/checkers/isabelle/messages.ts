/**
 * Messages of the Isabelle server as bytes (The Isabelle System Manual, "The Isabelle server"): a message is one line, or
 * a line of digits, the length, and then that many bytes, the last of them a newline. Either way it reads `NAME ARGUMENT`,
 * the argument empty or JSON. Bytes come in pieces of any size; half a character is no character yet.
 */

export interface ServerMessage {
  /** `OK`, `ERROR`, `FINISHED`, `FAILED`, `NOTE`. */
  readonly name: string;
  /** Parsed JSON; undefined when empty. */
  readonly argument: unknown;
}

/** Longer ones are no message of a server's: 256 MiB. */
const MAX_BYTES = 2 ** 28;
const NEWLINE = 10;

export function encodeCommand(name: string, argument?: unknown): Buffer {
  const text = argument === undefined ? name : `${name} ${JSON.stringify(argument)}`;
  const bytes = Buffer.from(`${text}\n`, 'utf8');
  return Buffer.concat([Buffer.from(`${bytes.length}\n`), bytes]);
}

export class MessageReader {
  #bytes = Buffer.alloc(0);
  /** Pieces not joined yet: a long message is put together once, when all of it is here. */
  #pieces: Uint8Array[] = [];
  #length = 0;
  /** Length of the long message that is being read. */
  #expected: number | undefined;

  /** The messages that these bytes complete; throws on what no server sends. */
  push(chunk: Uint8Array): ServerMessage[] {
    this.#pieces.push(chunk);
    this.#length += chunk.length;
    if (this.#expected !== undefined && this.#length < this.#expected) return [];
    this.#bytes = Buffer.concat(this.#pieces);
    const messages: ServerMessage[] = [];
    for (let text = this.#next(); text !== undefined; text = this.#next())
      if (text !== '') messages.push(parseMessage(text));
    this.#pieces = [this.#bytes];
    this.#length = this.#bytes.length;
    return messages;
  }

  /** The next whole message; '' when a length was read and its message is still to come. */
  #next(): string | undefined {
    if (this.#expected !== undefined) {
      if (this.#bytes.length < this.#expected) return undefined;
      const text = this.#take(this.#expected);
      this.#expected = undefined;
      return text;
    }
    const end = this.#bytes.indexOf(NEWLINE);
    if (end < 0) return undefined;
    const line = this.#take(end + 1);
    if (!/^\d+$/.test(line)) return line;
    this.#expected = Number(line);
    if (this.#expected <= MAX_BYTES) return '';
    throw new Error(
      `The Isabelle server announces a message of ${line} bytes; at most ${MAX_BYTES} are read.`,
    );
  }

  #take(count: number): string {
    const text = this.#bytes.toString('utf8', 0, count).trimEnd();
    this.#bytes = this.#bytes.subarray(count);
    return text;
  }
}

function parseMessage(text: string): ServerMessage {
  const [, name = '', argument = ''] = /^([A-Za-z0-9_.]*)\s*([\s\S]*)$/.exec(text) ?? [];
  if (argument === '') return { name, argument: undefined };
  try {
    return { name, argument: JSON.parse(argument) };
  } catch (cause) {
    throw new Error(`The Isabelle server sent \`${text.slice(0, 200)}\`, whose argument is not JSON.`, {
      cause,
    });
  }
}

/** YXML, which a text of Isabelle's may still hold, of positions above all: what stands between two control characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is written with
const MARKUP = /\x05[^\x05]*\x05/g;

/** A message's words on one line. */
export const plain = (text: string): string => text.replace(MARKUP, '').replace(/\s+/g, ' ').trim();
