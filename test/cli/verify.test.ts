import { existsSync, linkSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { notInspected } from '../../src/checkers/answers.ts';
import type { Checker, Inspection } from '../../src/checkers/checker.ts';
import { unordered } from '../../src/checkers/stream.ts';
import type { LinesJob } from '../../src/cli/answer-lines.ts';
import { inspect, inspecting, verify } from '../../src/cli/verify.ts';
import { exitCodeOf, StoppedError } from '../../src/ops/errors.ts';
import { fakeChecker } from '../checkers/fake-checker.ts';

const dir = mkdtempSync(join(tmpdir(), 'lakatos-verify-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const [input, output] = [join(dir, 'in.jsonl'), join(dir, 'out.jsonl')];

async function run(
  lines: readonly string[] | Buffer,
  checker: Checker = fakeChecker(),
  job: Partial<LinesJob> = {},
) {
  writeFileSync(input, Buffer.isBuffer(lines) ? lines : lines.join('\n'));
  const counts = await verify(checker, { input, output, ...job });
  return { counts, out: rows() };
}
const rows = () => {
  const text = readFileSync(output, 'utf8');
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line)); // biome-ignore format: one line
};
const line = (fields: Record<string, unknown>) => JSON.stringify({ id: 'a', statement: 'theorem t : True', proof: 'by trivial', ...fields }); // biome-ignore format: one line

test('every input line gets one row with its own id and its line, repeated ids included', async () => {
  const { out, counts } = await run([line({ id: 'a' }), '', line({ id: 7 }), line({ id: 'a' })]);
  expect(out.map(({ line, id }) => [line, id])).toEqual([
    [1, 'a'],
    [3, 7],
    [4, 'a'],
  ]);
  expect(counts).toEqual({ lines: 3, resumed: 0, kinds: { proved: 3 } });
});

test('a trailing := by or := by sorry is cut from the statement', async () => {
  const checker = fakeChecker();
  await run(
    [line({ statement: 'theorem t : True := by sorry' }), line({ statement: 'theorem t : True :=' })],
    checker,
  );
  expect(checker.asked.map((a) => a.statement.text)).toEqual(['theorem t : True', 'theorem t : True']);
});

test('header and forbidden constants reach the checker', async () => {
  const checker = fakeChecker();
  const forbidden = ['Nat.add_comm', 'Nat.«term_+_»', 'f.1.g'];
  await run([line({ header: 'open Nat', forbidden })], checker);
  expect(checker.asked[0]?.statement).toMatchObject({ header: 'open Nat', forbidden });
});

test.each([
  ['not JSON', '{"id": ', null, 'line 2 is not JSON'],
  ['no object', '[1]', null, 'line 2 cannot be read: expected a JSON object'],
  ['a missing field', JSON.stringify({ id: 'x', statement: 'theorem t : True' }), 'x', 'field "proof"'],
  ['an empty statement', line({ statement: '' }), 'a', 'field "statement"'],
  ['a number for a proof', line({ proof: 7 }), 'a', 'field "proof"'],
  ['an id of no kind', line({ id: {} }), null, 'field "id": expected a string'],
  [
    'an id that is no exact number',
    line({}).replace('"a"', '12345678901234567890'),
    null,
    'field "id": expected',
  ],
  ['no name of a constant', line({ forbidden: ['Nat.le', 'not a name'] }), 'a', 'field "forbidden.1"'],
  ['a name that ends in a dot', line({ forbidden: ['Nat.'] }), 'a', 'field "forbidden.0"'],
  ['an unknown language', line({ language: 'coq' }), 'a', 'field "language"'],
])('%s is a fault row that says so, and the neighbours are judged', async (_, bad, id, reason) => {
  const { out } = await run([line({ id: 1 }), bad, line({ id: 3 })]);
  expect(out.find((row) => row.line === 2)).toMatchObject({
    id,
    verdict: 'fault',
    reason: expect.stringContaining(reason),
  });
  expect(out.filter((row) => row.verdict === 'proved').map((row) => row.id)).toEqual([1, 3]);
});

test('a line that is not UTF-8 is a fault row, not a changed proof', async () => {
  const bytes = Buffer.concat([Buffer.from('{"id":1,"statement":"theorem t : True","proof":"by '), Buffer.from([0xff]), Buffer.from(`"}\n${line({})}\n`)]); // biome-ignore format: one line
  const { out } = await run(bytes);
  expect(out).toEqual([
    expect.objectContaining({ line: 1, verdict: 'fault', reason: 'line 1 is not UTF-8' }),
    expect.objectContaining({ line: 2, verdict: 'proved' }),
  ]);
});

test('texts that are odd but JSON reach the checker unchanged: 10 MB, NUL, lone surrogates, line separators', async () => {
  const odd = ['x'.repeat(10_000_000), 'by\0', 'by \ud800', 'by \u2028 trivial', '('.repeat(100_000)];
  const checker = fakeChecker();
  // JSON.stringify escapes none of U+2028: the line holds the character itself.
  const { out } = await run(
    odd.map((proof, id) => line({ id, proof })),
    checker,
  );
  expect(out.map((row) => row.id)).toEqual([0, 1, 2, 3, 4]);
  for (const [i, proof] of odd.entries()) expect(checker.asked[i]?.proof === proof).toBe(true);
});

test('an input that cannot be read is bad usage that names it, and the output is not touched', async () => {
  writeFileSync(output, 'precious');
  const job = { input: join(dir, 'nowhere.jsonl'), output };
  await expect(verify(fakeChecker(), job)).rejects.toThrow('nowhere.jsonl');
  expect(readFileSync(output, 'utf8')).toBe('precious');
});

test('an input that is a directory is bad usage too', async () => {
  writeFileSync(output, 'precious');
  const error = await verify(fakeChecker(), { input: dir, output }).catch((e: unknown) => e);
  expect([exitCodeOf(error), String(error)]).toEqual([2, expect.stringContaining(`--in ${dir}: EISDIR`)]);
  expect(readFileSync(output, 'utf8')).toBe('precious');
});

test.each([
  ['a directory', dir, 'EISDIR'],
  ['below nothing', join(dir, 'nowhere', 'out.jsonl'), 'ENOENT'],
])('an output that is %s is bad usage that names it, before anything is judged', async (_, where, code) => {
  const checker = fakeChecker();
  const error = await run([line({})], checker, { output: where }).catch((e: unknown) => e);
  expect([exitCodeOf(error), String(error)]).toEqual([2, expect.stringContaining(`--out ${where}: ${code}`)]);
  expect(checker.asked).toEqual([]);
});

test('a disk that is full is a sentence, and no more is judged', async () => {
  const checker = fakeChecker();
  const lines = Array.from({ length: 3000 }, (_, id) => line({ id }));
  await expect(run(lines, checker, { output: '/dev/full' })).rejects.toThrow('/dev/full: the disk is full');
  expect(checker.asked.length).toBeLessThan(lines.length);
});

test('a reader of standard output that leaves ends it with a sentence', async () => {
  writeFileSync(input, '{"id":1}\n'.repeat(200_000));
  const command = ['-c', '{ node src/main.ts verify --in "$1"; echo "exit $?" >&2; } | head -1', 'sh', input];
  const { stdout, stderr } = await execa('sh', command, { reject: false, preferLocal: true });
  expect(JSON.parse(stdout)).toMatchObject({ line: 1, verdict: 'fault' });
  expect(stderr).toContain('Standard output can no longer be written');
  expect(stderr.trimEnd()).toMatch(/exit 1$/);
  expect(stderr).not.toContain('node:'); // no stack
});

test('one file for both is refused before it is emptied', async () => {
  writeFileSync(input, line({}));
  await expect(verify(fakeChecker(), { input, output: input })).rejects.toThrow(
    '--in and --out are one file',
  );
  const link = join(dir, 'link.jsonl');
  linkSync(input, link);
  await expect(verify(fakeChecker(), { input, output: link })).rejects.toThrow('--in and --out are one file');
  const redirected = ['-c', 'node src/main.ts verify --in - --out "$1" < "$1"', 'sh', input];
  const { exitCode, stderr } = await execa('sh', redirected, { reject: false, preferLocal: true });
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining('--in and --out are one file')]);
  expect(readFileSync(input, 'utf8')).toBe(line({}));
});

test('wherever an output was cut off, resuming answers every line exactly once and judges none twice', async () => {
  const lines = Array.from({ length: 9 }, (_, i) =>
    i === 4 ? '{"id": ' : line({ id: i % 3, proof: `by exact ${i}` }),
  );
  await run(lines);
  const whole = readFileSync(output);
  const complete = rows();
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length), async (length) => {
      writeFileSync(output, whole.subarray(0, length));
      const before = whole.subarray(0, length).filter((byte) => byte === 0x0a).length;
      const checker = fakeChecker();
      const { counts, out } = await run(lines, checker, { resume: true });
      expect(out).toEqual(complete);
      expect([counts.resumed, counts.lines]).toEqual([before, lines.length - before]);
      expect(checker.asked.length).toBe(
        complete.slice(before).filter((row) => row.verdict === 'proved').length,
      );
    }),
    { numRuns: 60 },
  );
});

test('resuming without an output yet begins', async () => {
  rmSync(output);
  const { counts } = await run([line({})], fakeChecker(), { resume: true });
  expect(counts).toMatchObject({ lines: 1, resumed: 0 });
});

test.each([
  ['another id', { id: 'c' }],
  ['another proof', { id: 'b', proof: 'by other means' }],
])(
  'resuming with an input that has %s is refused with the line, whatever was answered',
  async (_, fields) => {
    await run([line({ id: 'a' }), line({ id: 'b' })]);
    const checker = fakeChecker();
    await expect(run([line({ id: 'a' }), line(fields)], checker, { resume: true })).rejects.toThrow(
      'answers another line 2 than the input',
    );
    expect([checker.asked, rows().length]).toEqual([[], 2]);
  },
);

test('an input that has grown since is gone on with', async () => {
  await run([line({ id: 'a' }), '']);
  const { counts } = await run([line({ id: 'a' }), line({ id: 'b' })], fakeChecker(), { resume: true });
  expect(counts).toEqual({ lines: 1, resumed: 1, kinds: { proved: 1 } });
});

test('an output that verify did not write is not gone on with', async () => {
  writeFileSync(output, 'a diary\n');
  await expect(run([line({})], fakeChecker(), { resume: true })).rejects.toThrow(
    'line 1 is no row that verify wrote',
  );
  expect(readFileSync(output, 'utf8')).toBe('a diary\n');
});

test('--resume to standard output is bad usage', async () => {
  await expect(run([line({})], fakeChecker(), { resume: true, output: '-' })).rejects.toThrow(
    '--resume needs an --out file',
  );
});

test('stopped, it answers what is being judged, reads no further, and can be resumed', async () => {
  const lines = Array.from({ length: 50 }, (_, id) => line({ id }));
  const controller = new AbortController();
  const checker = fakeChecker();
  let written = 0;
  const stopping = run(lines, checker, {
    signal: controller.signal,
    onRow: () => ++written === 5 && controller.abort(),
  });
  const error = await stopping.catch((e: unknown) => e);
  expect(error).toBeInstanceOf(StoppedError);
  expect(exitCodeOf(error)).toBe(75);
  expect(rows()).toHaveLength(checker.asked.length);
  expect(checker.asked.length).toBeLessThan(lines.length);
  const { out } = await run(lines, fakeChecker(), { resume: true });
  expect(out.map((row) => row.id).toSorted((a, b) => a - b)).toEqual(lines.map((_, id) => id));
});

test('lines read and not yet answered are as many as the checker takes at once, however long the file', async () => {
  let [taken, written, most] = [0, 0, 0];
  const inner = fakeChecker();
  const checker: Checker = {
    ...inner,
    judge: (attempts) =>
      unordered(attempts, 4, async (attempt) => {
        most = Math.max(most, ++taken - written);
        const [verdict] = await Array.fromAsync(inner.judge([attempt]));
        if (!verdict) throw new Error('no verdict');
        return verdict;
      }),
  };
  const lines = Array.from({ length: 3000 }, (_, id) => line({ id }));
  const { out } = await run(lines, checker, { onRow: () => written++ });
  expect(out).toHaveLength(3000);
  expect(most).toBeLessThanOrEqual(5);
});

test('a checker that fails is an error, and what was answered is kept', async () => {
  const checker = fakeChecker(({ proof }) => {
    if (proof.includes('bang')) throw new Error('the checker is gone');
    return 'proved';
  });
  await expect(run([line({}), line({ proof: 'bang' })], checker)).rejects.toThrow('the checker is gone');
  expect(rows()).toHaveLength(1);
});

test('the command, told to stop by SIGTERM, is exit 75 and names --resume, and what it answered is kept', async () => {
  rmSync(output, { force: true });
  const command = ['src/main.ts', 'verify', '--in', '-', '--out', output];
  const child = execa('node', command, { reject: false, preferLocal: true, stdin: 'pipe' });
  child.stdin.write('{"id":1}\n{"id":2}\n'); // rows that no Lean need see; and the input stays open
  await expect.poll(() => existsSync(output) && rows().length, { timeout: 60_000 }).toBe(2);
  child.kill('SIGTERM');
  const { exitCode, stderr } = await child;
  expect([exitCode, stderr]).toEqual([75, expect.stringContaining('--resume')]);
  expect(rows().map((row) => row.id)).toEqual([1, 2]);
});

test('statements are inspected line by line as proofs are judged, bad lines and changed inputs included', async () => {
  const lines = [
    line({ id: 'a', statement: 'theorem t : True := by sorry' }),
    line({ id: 'b', statement: 'theorem t : nonsense' }),
    line({ id: 'c', statement: 7 }),
  ];
  writeFileSync(input, lines.join('\n'));
  const checker = fakeChecker();
  const asked: unknown[] = [];
  const watched: Checker = {
    ...checker,
    inspect: (statements, options) => {
      asked.push(options?.probes);
      return checker.inspect(statements, options);
    },
  };
  const done = await inspect(watched, { input, output }, { probes: ['refute'] });
  expect(done.kinds).toEqual({ ok: 1, 'ill-formed': 1, fault: 1 });
  expect(asked).toEqual([['refute']]);
  expect(checker.inspected.map(({ text }) => text)).toEqual(['theorem t : True', 'theorem t : nonsense']);
  expect(rows().map(({ line, id, ok, reason }) => ({ line, id, ok, reason }))).toEqual([
    { line: 1, id: 'a', ok: true, reason: '' },
    { line: 2, id: 'b', ok: false, reason: 'unknown constant nonsense' },
    { line: 3, id: 'c', ok: false, reason: expect.stringMatching(/^fault: line 3 .*field "statement"/) },
  ]);
  const again = await inspect(checker, { input, output, resume: true }, {});
  expect(again).toMatchObject({ lines: 0, resumed: 3 });
  writeFileSync(input, lines.toReversed().join('\n'));
  await expect(inspect(checker, { input, output, resume: true }, {})).rejects.toThrow('another line 1');
});

test.each([
  ['ok', {}],
  ['ill-formed', { ok: false, reason: 'unknown identifier' }],
  ['fault', { ok: false, reason: 'fault: no judge' }],
  ['hollow', { hollow: 'reflexive', trivial: 'rfl' }],
  ['trivial', { trivial: 'simp' }],
  ['refuted', { refuted: 'n := 1' }],
])('an inspection counts as %s', (kind, found) => {
  const answer = { ...notInspected(''), ok: true, ...found } as Omit<Inspection, 'id'>;
  expect(inspecting(fakeChecker(), {}).kindOf(answer)).toBe(kind);
});
