/**
 * `lakatos verify`: proofs in, verdicts out, both as JSON lines. Lines are read as fast as they are judged, so memory
 * does not grow with the file. A line that cannot be read gets a `fault` row with the reason, never a crash. Every row
 * names its input line and the line's checksum, and that is how an interrupted file is resumed: lines with a row are not
 * judged again, and an input that has changed is refused.
 */
import { createReadStream, fstat, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { faultAnswer } from '../checkers/answers.ts';
import { type RowId, readAttempt } from '../checkers/attempt-row.ts';
import type { Attempt, Checker, Verdict } from '../checkers/checker.ts';
import { StoppedError, UsageError } from '../ops/errors.ts';
import { Answered, readAnswered } from './answered.ts';
import { type Line, linesOf } from './lines.ts';
import { openRows, type RowWriter } from './rows.ts';

export interface VerifyJob {
  /** A path, or `-` for standard input. */
  readonly input: string;
  /** A path, or `-` for standard output. */
  readonly output: string;
  /** Go on with what the output file already answers; default false. */
  readonly resume?: boolean;
  /** Aborted: read no further, answer what is being judged, throw a `StoppedError`. */
  readonly signal?: AbortSignal;
  /** Told of every row. */
  readonly onRow?: (verdict: Verdict['verdict']) => void;
}

export interface VerifyCounts {
  /** Lines answered by this call. */
  readonly lines: number;
  /** Lines that had an answer before. */
  readonly resumed: number;
  readonly verdicts: Readonly<Record<string, number>>;
}

/** Longest line read. A 10 MB proof is a line like any other, and the checker's business. */
const MAX_LINE_BYTES = 64 * 2 ** 20;

export async function verify(checker: Checker, job: VerifyJob): Promise<VerifyCounts> {
  await refuseSameFile(job);
  const input = openInput(job.input);
  const stop = () => input.destroy();
  job.signal?.addEventListener('abort', stop);
  try {
    await firstBytes(input, job.input);
    const answered = await earlierAnswers(job);
    const rows = await openRows(job.output, job.resume === true ? 'a' : 'w');
    try {
      return await answerAll(checker, job, input, answered, rows);
    } finally {
      await rows.close();
    }
  } finally {
    job.signal?.removeEventListener('abort', stop);
    input.destroy();
  }
}

async function answerAll(
  checker: Checker,
  job: VerifyJob,
  input: Readable,
  answered: Answered,
  rows: RowWriter,
): Promise<VerifyCounts> {
  const counts: Record<string, number> = {};
  let lines = 0;
  const answer = async (asked: Asked, verdict: Omit<Verdict, 'id'>): Promise<void> => {
    await rows.write({ ...asked, ...verdict });
    lines++;
    counts[verdict.verdict] = (counts[verdict.verdict] ?? 0) + 1;
    job.onRow?.(verdict.verdict);
  };
  /** Ids of the input may repeat; the line number never does. */
  const asked = new Map<string, Asked>();
  async function* attempts(): AsyncGenerator<Attempt> {
    for await (const line of untilStopped(linesOf(input, MAX_LINE_BYTES), job.signal)) {
      if (line.text?.trim() === '') continue;
      if (answered.has(line)) continue;
      const read = readLine(line);
      const as = { line: line.number, id: read.id, crc32: line.crc32 };
      if ('attempt' in read) {
        asked.set(read.attempt.id, as);
        yield read.attempt;
      } else await answer(as, faultAnswer(`line ${line.number} ${read.reason}`));
    }
  }
  for await (const { id, ...verdict } of checker.judge(attempts())) {
    const as = asked.get(id);
    if (!as) continue; // one verdict a line, whatever a checker does
    asked.delete(id);
    await answer(as, verdict);
  }
  if (job.signal?.aborted)
    throw new StoppedError(
      `Stopped after ${lines} lines. Go on with the same command and --resume${job.output === '-' ? ' (it needs an --out file)' : ''}.`,
    );
  return { lines, resumed: answered.count, verdicts: counts };
}

/** How a row names the line that it answers. */
interface Asked {
  readonly line: number;
  readonly id: RowId | null;
  readonly crc32: number;
}

type ReadLine = { id: RowId; attempt: Attempt } | { id: RowId | null; reason: string };

function readLine({ number, text, reason }: Line): ReadLine {
  if (text === undefined) return { id: null, reason };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { id: null, reason: `is not JSON: ${error instanceof Error ? error.message : error}` };
  }
  const read = readAttempt(value, String(number));
  if (!('attempt' in read)) return { id: read.id, reason: `cannot be read: ${read.reason}` };
  return read;
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

async function earlierAnswers({ output, resume }: VerifyJob): Promise<Answered> {
  if (resume !== true) return new Answered(output);
  if (output === '-')
    throw new UsageError('--resume needs an --out file to go on with, found standard output.', 'out');
  return await readAnswered(output);
}

async function refuseSameFile({ input, output }: VerifyJob): Promise<void> {
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
