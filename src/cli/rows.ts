/** Writes JSON lines to a file or standard output, one whole row after the other, in the order asked. */
import { type FileHandle, open } from 'node:fs/promises';
import { explainFileError } from '../ops/disk.ts';
import { LakatosError, messageOf, UsageError } from '../ops/errors.ts';

export interface RowWriter {
  /** Resolves when there is room for more: rows that come while one is being written are written together. */
  write(row: Readonly<Record<string, unknown>>): Promise<void>;
  /** Writes what is left. */
  close(): Promise<void>;
}

/** UTF-16 units that may wait for the disk. */
const MOST_WAITING = 2 ** 16;

/** @param path `-` is standard output; @param flags `w` begins anew, `a` goes on */
export async function openRows(path: string, flags: 'w' | 'a'): Promise<RowWriter> {
  const sink = path === '-' ? standardOutput() : await openFile(path, flags);
  let waiting = '';
  let writing: Promise<void> | undefined;
  const writeAll = async (): Promise<void> => {
    while (waiting !== '') {
      const text = waiting;
      waiting = '';
      await sink.write(text);
    }
    writing = undefined; // not after a failure: that is every later caller's too
  };
  return {
    async write(row) {
      waiting += `${JSON.stringify(row)}\n`;
      writing ??= writeAll();
      writing.catch(() => {});
      if (waiting.length > MOST_WAITING) await writing;
    },
    async close() {
      try {
        await writing;
      } finally {
        await sink.close();
      }
    },
  };
}

interface Sink {
  write(text: string): Promise<void>;
  close(): Promise<void>;
}

async function openFile(path: string, flags: 'w' | 'a'): Promise<Sink> {
  const file: FileHandle = await open(path, flags).catch((error: unknown) => {
    throw new UsageError(`--out ${path}: ${messageOf(error)}. Choose another place.`, 'out', {
      cause: error,
    });
  });
  const explained = (error: unknown): never => {
    throw explainFileError(error, path);
  };
  return { write: (text) => file.appendFile(text).catch(explained), close: () => file.close() };
}

function standardOutput(): Sink {
  const { stdout } = process;
  const failed = new Promise<never>((_, reject) =>
    // Not once: what is written meanwhile fails too.
    stdout.on('error', (error: Error) =>
      reject(new LakatosError(`Standard output can no longer be written (${error.message}).`)),
    ),
  );
  failed.catch(() => {});
  const written = (text: string) => new Promise<void>((resolve) => stdout.write(text, () => resolve()));
  return { write: (text) => Promise.race([written(text), failed]), close: async () => {} };
}
