/**
 * A file of questions, JSON lines, into a file of answers: what `lakatos verify` and `lakatos inspect` have in common.
 * Lines are read as fast as they are answered, so memory does not grow with the file. A line that cannot be read gets a
 * row with the reason, never a crash. Every row names its input line and the line's checksum, and that is how an
 * interrupted file is resumed: lines with a row are not asked about again, and an input that has changed is refused.
 */
import { createReadStream, fstat, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import type { ReadRow, RowId } from '../checkers/attempt-row.ts';
import { messageOf, StoppedError, UsageError } from '../ops/errors.ts';
import { Answered, readAnswered } from './answered.ts';
import { type Line, linesOf } from './lines.ts';
import { openRows, type RowWriter } from './rows.ts';

export interface LinesJob {
  /** A path, or `-` for standard input. */
  readonly input: string;
  /** A path, or `-` for standard output. */
  readonly output: string;
  /** Go on with what the output file already answers; default false. */
  readonly resume?: boolean;
  /** Aborted: read no further, answer what is being judged, throw a `StoppedError`. */
  readonly signal?: AbortSignal;
  /** Told the kind of every row. */
  readonly onRow?: (kind: string) => void;
}

/** What is asked of a line, and who answers. */
export interface Answering<Question extends WithId, Answer extends WithId> {
  /** A line's JSON as a question with the id `as`, or why it is none. */
  readonly read: (value: unknown, as: string) => ReadRow<Question>;
  readonly ask: (questions: AsyncIterable<Question>) => AsyncIterable<Answer>;
  /** Instead of an answer, to a line that cannot be read. */
  readonly failed: (reason: string) => Omit<Answer, 'id'>;
  /** What answers are counted by, e.g. the verdict. */
  readonly kindOf: (answer: Omit<Answer, 'id'>) => string;
}

interface WithId {
  readonly id: string;
}

export interface LinesDone {
  /** Lines answered by this call. */
  readonly lines: number;
  /** Lines that had an answer before. */
  readonly resumed: number;
  readonly kinds: Readonly<Record<string, number>>;
}

/** Longest line read. A 10 MB proof is a line like any other, and the checker's business. */
const MAX_LINE_BYTES = 64 * 2 ** 20;

export async function answerLines<Question extends WithId, Answer extends WithId>(
  answering: Answering<Question, Answer>,
  job: LinesJob,
): Promise<LinesDone> {
  await refuseSameFile(job);
  const input = openInput(job.input);
  const stop = () => input.destroy();
  job.signal?.addEventListener('abort', stop);
  try {
    await firstBytes(input, job.input);
    const answered = await earlierAnswers(job);
    const rows = await openRows(job.output, job.resume === true ? 'a' : 'w');
    try {
      return await answerAll(answering, job, input, answered, rows);
    } finally {
      await rows.close();
    }
  } finally {
    job.signal?.removeEventListener('abort', stop);
    input.destroy();
  }
}

async function answerAll<Question extends WithId, Answer extends WithId>(
  { read, ask, failed, kindOf }: Answering<Question, Answer>,
  job: LinesJob,
  input: Readable,
  answered: Answered,
  rows: RowWriter,
): Promise<LinesDone> {
  const kinds: Record<string, number> = {};
  let lines = 0;
  const write = async (asked: Asked, answer: Omit<Answer, 'id'>): Promise<void> => {
    await rows.write({ ...asked, ...answer });
    const kind = kindOf(answer);
    lines++;
    kinds[kind] = (kinds[kind] ?? 0) + 1;
    job.onRow?.(kind);
  };
  /** Ids of the input may repeat; the line number never does. */
  const asked = new Map<string, Asked>();
  async function* questions(): AsyncGenerator<Question> {
    for await (const line of untilStopped(linesOf(input, MAX_LINE_BYTES), job.signal)) {
      if (line.text?.trim() === '') continue;
      if (answered.has(line)) continue;
      const row = readLine(line, read);
      const as = { line: line.number, id: row.id, crc32: line.crc32 };
      if ('question' in row) {
        asked.set(row.question.id, as);
        yield row.question;
      } else await write(as, failed(`line ${line.number} ${row.reason}`));
    }
  }
  for await (const { id, ...answer } of ask(questions())) {
    const as = asked.get(id);
    if (!as) continue; // one answer a line, whatever a checker does
    asked.delete(id);
    await write(as, answer);
  }
  if (job.signal?.aborted)
    throw new StoppedError(
      `Stopped after ${lines} lines. Go on with the same command and --resume${job.output === '-' ? ' (it needs an --out file)' : ''}.`,
    );
  return { lines, resumed: answered.count, kinds };
}

/** How a row names the line that it answers. */
interface Asked {
  readonly line: number;
  readonly id: RowId | null;
  readonly crc32: number;
}

type ReadLine<Question> =
  | { readonly id: RowId; readonly question: Question }
  | { readonly id: RowId | null; readonly reason: string };

function readLine<Question>(
  { number, text, reason }: Line,
  read: (value: unknown, as: string) => ReadRow<Question>,
): ReadLine<Question> {
  if (text === undefined) return { id: null, reason };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { id: null, reason: `is not JSON: ${messageOf(error)}` };
  }
  const row = read(value, String(number));
  return 'question' in row ? row : { id: row.id, reason: `cannot be read: ${row.reason}` };
}

/** Stopping destroys the input, which its reader sees as an error. */
async function* untilStopped(lines: AsyncIterable<Line>, signal?: AbortSignal): AsyncGenerator<Line> {
  try {
    for await (const line of lines) {
      if (signal?.aborted) return;
      yield line;
    }
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
}

const openInput = (path: string): Readable => (path === '-' ? process.stdin : createReadStream(path));

/** Before the output is touched: an input that cannot be read is bad usage. */
async function firstBytes(input: Readable, path: string): Promise<void> {
  if (path === '-') return;
  await new Promise<void>((resolve, reject) => {
    input.once('readable', resolve);
    input.once('error', (error: Error) => reject(new UsageError(`--in ${path}: ${error.message}`, 'in')));
  });
}

async function earlierAnswers({ output, resume }: LinesJob): Promise<Answered> {
  if (resume !== true) return new Answered(output);
  if (output === '-')
    throw new UsageError('--resume needs an --out file to go on with, found standard output.', 'out');
  return await readAnswered(output);
}

async function refuseSameFile({ input, output }: LinesJob): Promise<void> {
  const [from, to] = await Promise.all([statOf(input, 0), statOf(output, 1)]);
  // By device and inode: whatever names lead to it, hard links and redirections among them.
  if (from?.isFile() && from.dev === to?.dev && from.ino === to.ino)
    throw new UsageError(
      `--in and --out are one file (${input}): the answers would replace the questions.`,
      'out',
    );
}

const statOf = (path: string, standard: 0 | 1): Promise<Stats | undefined> =>
  (path === '-' ? promisify(fstat)(standard) : stat(path)).catch(() => undefined);
