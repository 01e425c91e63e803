import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { execa } from 'execa';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { withVerdictCache } from '../../src/checkers/cache.ts';
import type { Attempt, Checker, Verdict } from '../../src/checkers/checker.ts';
import { judgingRules } from '../../src/checkers/rules.ts';
import { fakeChecker } from './fake-checker.ts';

const dir = mkdtempSync(join(tmpdir(), 'lakatos-cache-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
let files = 0;
const freshFile = () => join(dir, `${files++}.sqlite`);

const common = { rules: 'r1', limits: { wallMs: 1000 } };
const attempt = (proof: string, statement: Partial<Attempt['statement']> = {}): Attempt => ({
  id: 'a',
  statement: { id: 's', language: 'lean', header: '', text: 'theorem t : True', forbidden: [], ...statement },
  proof,
});

async function judgeAll(checker: Checker, attempts: readonly Attempt[]): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for await (const verdict of checker.judge(attempts)) verdicts.push(verdict);
  return verdicts;
}

const word = fc.constantFrom(
  '',
  'by trivial',
  'by rejected',
  'by timeout',
  'by fault',
  'by memory',
  '\ud800',
  '\ufffd',
  '"',
  '\\',
);
const attempts = fc
  .array(
    fc.record({
      header: word,
      text: word,
      proof: word,
      forbidden: fc.array(word, { maxLength: 2 }),
      language: fc.constantFrom('lean' as const, 'isabelle' as const),
    }),
  )
  .map((rows) =>
    rows.map(
      ({ proof, ...statement }, i) => ({ ...attempt(proof, statement), id: `${i}` }) satisfies Attempt,
    ),
  );

test('answers are the same with and without the cache, the first time and again', async () => {
  await fc.assert(
    fc.asyncProperty(attempts, async (asked) => {
      const [path, timeless] = [
        freshFile(),
        (vs: Verdict[]) => vs.map(({ ms: _, ...v }) => v).toSorted(byId),
      ];
      const plain = timeless(await judgeAll(fakeChecker(), asked));
      for (let pass = 0; pass < 2; pass++) {
        const cached = withVerdictCache(fakeChecker(), { path, ...common });
        expect(timeless(await judgeAll(cached, asked))).toEqual(plain);
        await cached.close();
      }
    }),
    { numRuns: 40 },
  );
});
const byId = (a: { id: string }, b: { id: string }) => a.id.localeCompare(b.id);

test('proved, rejected and forbidden are remembered; timeout, memory and fault are asked again', async () => {
  const path = freshFile();
  const kinds = ['proved', 'rejected', 'forbidden', 'timeout', 'memory', 'fault'];
  const asked = kinds.map((kind) => attempt(`by ${kind}`));
  await judgeAll(withVerdictCache(fakeChecker(), { path, ...common }), asked);
  const second = fakeChecker();
  await judgeAll(withVerdictCache(second, { path, ...common }), asked);
  expect(second.asked.map((a) => a.proof).toSorted()).toEqual(['by fault', 'by memory', 'by timeout']);
});

test.each([
  ['the toolchain', { toolchain: 'fake 2' }, {}],
  ['the rules', {}, { rules: 'r2' }],
  ['a limit', {}, { limits: { wallMs: 2000 } }],
])('another %s is another question', async (_, checker: { toolchain?: string }, options) => {
  const path = freshFile();
  await judgeAll(withVerdictCache(fakeChecker(), { path, ...common }), [attempt('by trivial')]);
  const second = fakeChecker(undefined, checker.toolchain);
  await judgeAll(withVerdictCache(second, { path, ...common, ...options }), [attempt('by trivial')]);
  expect(second.asked).toHaveLength(1);
});

test('a remembered verdict carries the id it was asked under and the judging time it took then, for objectives weigh by it', async () => {
  const cached = withVerdictCache(fakeChecker(), { path: freshFile(), ...common });
  const [first] = await judgeAll(cached, [attempt('by trivial')]);
  const [second] = await judgeAll(cached, [{ ...attempt('by trivial'), id: 'b' }]);
  expect(second).toEqual({ ...first, id: 'b' });
});

test('beyond its size the oldest verdicts go, and only they', async () => {
  const checker = fakeChecker();
  const cached = withVerdictCache(checker, { path: freshFile(), ...common, maxEntries: 3, concurrency: 1 });
  await judgeAll(
    cached,
    ['1', '2', '3', '4'].map((n) => attempt(n)),
  );
  await judgeAll(
    cached,
    ['4', '3', '2', '1'].map((n) => attempt(n)),
  );
  expect(checker.asked.map((a) => a.proof)).toEqual(['1', '2', '3', '4', '1']);
});

test('a file that is no database is set aside with one warning, and a new one begun', async () => {
  const path = freshFile();
  writeFileSync(
    path,
    'not a database at all, but long enough to have a header of one hundred bytes '.repeat(20),
  );
  const warnings: string[] = [];
  const cached = withVerdictCache(fakeChecker(), { path, ...common, warn: (w) => warnings.push(w) });
  await judgeAll(cached, [attempt('by trivial')]);
  await cached.close();
  expect(warnings).toEqual([expect.stringContaining(`${path}.damaged`)]);
  expect(readFileSync(`${path}.damaged`, 'utf8')).toContain('not a database at all');
  const second = fakeChecker();
  await judgeAll(withVerdictCache(second, { path, ...common }), [attempt('by trivial')]);
  expect(second.asked).toEqual([]);
});

test('damage found while at work is survived too: every attempt still gets its verdict', async () => {
  const path = freshFile();
  const filled = withVerdictCache(fakeChecker(), { path, ...common });
  const many = Array.from({ length: 300 }, (_, i) => attempt(`exact ${i}`));
  await judgeAll(filled, many);
  await filled.close();
  const bytes = readFileSync(path);
  bytes.fill(0x5a, 4096); // every page but the first
  writeFileSync(path, bytes);
  const warnings: string[] = [];
  const cached = withVerdictCache(fakeChecker(), { path, ...common, warn: (w) => warnings.push(w) });
  const verdicts = await judgeAll(cached, many);
  expect(verdicts.map((v) => v.verdict)).toEqual(many.map(() => 'proved'));
  expect(warnings).toHaveLength(1);
  expect(existsSync(`${path}.damaged`)).toBe(true);
});

test('a row that does not read is judged again', async () => {
  const path = freshFile();
  const first = withVerdictCache(fakeChecker(), { path, ...common });
  await judgeAll(first, [attempt('by trivial')]);
  const db = new Database(path);
  db.exec(`UPDATE verdicts SET answer = '{"verdict":"splendid"}'`);
  db.close();
  const second = fakeChecker();
  const [verdict] = await judgeAll(withVerdictCache(second, { path, ...common }), [attempt('by trivial')]);
  expect(second.asked).toHaveLength(1);
  expect(verdict?.verdict).toBe('proved');
});

test('somebody else’s database is refused by name and left as it is', () => {
  const path = freshFile();
  const db = new Database(path);
  db.exec('CREATE TABLE letters (text TEXT)');
  db.close();
  const before = readFileSync(path);
  expect(() => withVerdictCache(fakeChecker(), { path, ...common })).toThrow(/letters.*checker\.cache\.path/);
  expect(readFileSync(path)).toEqual(before);
});

test('several processes share one file', async () => {
  const path = freshFile();
  const run = (from: number) =>
    execa('node', ['test/checkers/fixtures/fill-cache.ts', path, `${from}`, '200'], { preferLocal: true });
  await Promise.all([run(0), run(100), run(200)]);
  const checker = fakeChecker();
  const all = Array.from({ length: 400 }, (_, i) => attempt(`exact ${i}`));
  await judgeAll(withVerdictCache(checker, { path, ...common }), all);
  expect(checker.asked).toEqual([]);
});

test('inspections pass through, and closing closes the checker', async () => {
  const checker = fakeChecker();
  const cached = withVerdictCache(checker, { path: freshFile(), ...common });
  const inspections = await Array.fromAsync(cached.inspect([attempt('').statement]));
  expect(inspections.map((i) => i.ok)).toEqual([true]);
  await cached.close();
  expect(checker.closed).toBe(true);
});

test('the rules are a function of the judging code', () => {
  const folder = mkdtempSync(join(dir, 'rules-'));
  writeFileSync(join(folder, 'Judge.lean'), 'def a := 1');
  const before = judgingRules([folder]);
  expect(judgingRules([folder])).toBe(before);
  writeFileSync(join(folder, 'Judge.lean'), 'def a := 2');
  expect(judgingRules([folder])).not.toBe(before);
  expect(judgingRules()).toMatch(/^[0-9a-f]{64}$/);
});

test('a disk that is full costs the remembering, with one warning, and no verdict (skipped where no user may mount one)', async ({
  skip,
}) => {
  const place = mkdtempSync(join(dir, 'small-'));
  const small = 'mount -t tmpfs -o size=400k tmpfs "$1" || exit 75; exec node "$2" "$1/cache.sqlite" 0 3000';
  const unshare = ['--user', '--map-root-user', '--mount', '--', 'sh', '-c', small, 'sh', place];
  const { exitCode, stdout, stderr } = await execa(
    'unshare',
    [...unshare, 'test/checkers/fixtures/fill-cache.ts'],
    { preferLocal: true, reject: false },
  );
  if (exitCode === 75 || exitCode === undefined) skip('no small disk can be mounted here');
  expect(stdout).toBe('3000 proved');
  expect(stderr.split('\n')).toEqual([
    expect.stringMatching(/cache\.sqlite: verdicts are no longer remembered \(database or disk is full\)/),
  ]);
});
