/** What the checker makes of its judges' answers; the judges are made here. */
import { basename } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import type { Attempt, Checker, Inspection, Verdict } from '../../../src/checkers/checker.ts';
import { createLeanChecker } from '../../../src/checkers/lean/checker.ts';
import type { LeanExit, LeanProcess } from '../../../src/checkers/lean/process.ts';
import type { LeanRuntime } from '../../../src/checkers/lean/runtime.ts';

const PROVED = { verdict: 'proved', reason: 'proved', axioms: [], premises: [], ms: 1 };

/**
 * Answers each request as `answer` says, or dies over it, or never; `asked` holds the proofs it was asked about, or the
 * probes. With `starting` it never gets as far as to greet.
 */
function judges(
  answer: (times: number, program: string, asked: unknown) => object | 'die' | undefined,
  starting?: () => void,
): LeanRuntime & { asked: unknown[]; starts: string[] } {
  const asked: unknown[] = [];
  const starts: string[] = [];
  const start = async (program: readonly string[]): Promise<LeanProcess> => {
    const name = basename(program.at(-1) ?? '');
    starts.push(name);
    const { readable, writable } = new TransformStream<string, string>({}, undefined, { highWaterMark: 9 });
    const writer = writable.getWriter();
    const ended = Promise.withResolvers<LeanExit>();
    if (starting) starting();
    else void writer.write('{"ready":"4.28.0"}');
    const kill = () => {
      ended.resolve({ code: undefined, signal: 'SIGKILL', said: '' });
      void writer.close().catch(() => {});
    };
    return {
      pid: undefined,
      lines: readable,
      exited: ended.promise,
      send(line) {
        const { id, proof, probes } = JSON.parse(line);
        asked.push(proof?.length > 1000 ? 'a large one' : (proof ?? probes));
        const said = answer(asked.length, name, asked.at(-1));
        if (said === 'die') kill();
        else if (said !== undefined) void writer.write(JSON.stringify({ ...said, id }));
      },
      kill,
      rssBytes: async () => undefined,
    };
  };
  return { toolchain: 'made here', version: '4.28.0', start, asked, starts };
}

const attempt = (id: string): Attempt => ({
  id,
  statement: { id: 's', language: 'lean', header: '', text: 'theorem t : True', forbidden: [] },
  proof: 'trivial',
});

async function judged(verdicts: AsyncIterable<Verdict>): Promise<string[]> {
  return (await Array.fromAsync(verdicts)).map(({ id, verdict }) => `${id} ${verdict}`).sort();
}

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');
function heapInUse(): number {
  if (typeof collect === 'function') collect();
  return process.memoryUsage().heapUsed;
}

it('asks once about identical attempts, and remembers the answer', async () => {
  const runtime = judges(() => PROVED);
  const checker = createLeanChecker(runtime, { tier: 'fast', workers: 1 });
  expect(await judged(checker.judge(['a', 'b', 'c'].map(attempt)))).toEqual([
    'a proved',
    'b proved',
    'c proved',
  ]);
  expect(await judged(checker.judge([attempt('d')]))).toEqual(['d proved']);
  expect(runtime.asked).toEqual(['trivial']);
  await checker.close();
});

it('asks again in a later batch about what ran out of time, but not in the same one', async () => {
  const runtime = judges((times) => (times === 1 ? undefined : PROVED));
  const checker = createLeanChecker(runtime, { tier: 'fast', workers: 1, wallMs: 50 });
  expect(await judged(checker.judge(['a', 'b', 'c'].map(attempt)))).toEqual([
    'a timeout',
    'b timeout',
    'c timeout',
  ]);
  expect(runtime.asked).toHaveLength(1);
  expect(await judged(checker.judge([attempt('d')]))).toEqual(['d proved']);
  await checker.close();
});

it('remembers answers, not questions: they may be long', async () => {
  const runtime = judges(() => PROVED);
  const checker = createLeanChecker(runtime, { tier: 'fast', workers: 1 });
  const large = function* (): Generator<Attempt> {
    for (let i = 0; i < 2000; i++) yield { ...attempt(`${i}`), proof: `${i}${' '.repeat(9e4)}trivial` };
  };
  const before = heapInUse();
  expect(await judged(checker.judge(large()))).toHaveLength(2000);
  expect(runtime.asked).toHaveLength(2000);
  expect(heapInUse() - before).toBeLessThan(5e7); // of 1.8e8
  await checker.close();
});

it('has a verifier for every four judges, since each acceptance is judged again', async () => {
  const runtime = judges(() => ({ ...PROVED, proof: {} }));
  const checker = createLeanChecker(runtime, { workers: 5 });
  const different = Array.from({ length: 40 }, (_, i) => ({ ...attempt(`${i}`), proof: `trivial -- ${i}` }));
  expect(await judged(checker.judge(different))).toHaveLength(40);
  expect(runtime.starts.filter((name) => name === 'Judging.lean')).toHaveLength(5);
  expect(runtime.starts.filter((name) => name === 'Verify.lean')).toHaveLength(2);
  await checker.close();
});

it.each([
  ['does not answer', undefined, 'timeout', 'strict: no answer within 50 ms'],
  [
    'runs out of heartbeats',
    { ...PROVED, verdict: 'timeout', reason: 'heartbeats' },
    'timeout',
    'strict: heartbeats',
  ],
  [
    'dies twice',
    'die',
    'memory',
    /^strict: the judge's process ended on this request, twice: signal SIGKILL$/,
  ],
  ['answers nonsense', { verdict: 'splendid' }, 'fault', /^strict: cannot read what the judge said/],
  ['fails', { fault: 'no memory for names' }, 'fault', 'strict: no memory for names'],
  ['refuses', { ...PROVED, verdict: 'rejected', reason: 'another type' }, 'rejected', 'strict: another type'],
  ['forbids', { ...PROVED, verdict: 'forbidden', reason: 'an axiom' }, 'rejected', 'strict: an axiom'],
] as const)('says what became of an acceptance when the verifier %s', async (_, said, verdict, reason) => {
  const runtime = judges((_times, program) => (program === 'Judging.lean' ? { ...PROVED, proof: {} } : said));
  const events: string[] = [];
  const checker = createLeanChecker(runtime, {
    workers: 1,
    wallMs: 50,
    log: ({ event }) => events.push(event),
  });
  const [verdictSaid] = await Array.fromAsync(checker.judge([attempt('a')]));
  const words = typeof reason === 'string' ? reason : expect.stringMatching(reason);
  expect(verdictSaid).toMatchObject({ id: 'a', verdict, reason: words, axioms: [], premises: [] });
  expect(events.includes('strict-disagreement')).toBe(verdict === 'rejected');
  await checker.close();
});

const PROBES = ['hollow', 'trivial', 'refute'] as const;

/** What is found of a statement by these probes. */
function inspected(probes: readonly unknown[]): object {
  const found = { hollow: 'shadowed', trivial: 'rfl', refute: 'n := 1' };
  const [hollow, trivial, refuted] = PROBES.map((probe) => (probes.includes(probe) ? found[probe] : null));
  const type = { typeHash: '0123456789abcdef', constants: ['Nat'], aliases: [] };
  return { ok: true, reason: '', ...type, hollow, trivial, refuted, ms: 2 };
}

async function inspectWith(checker: Checker): Promise<Inspection | undefined> {
  const [inspection] = await Array.fromAsync(checker.inspect([attempt('a').statement], { probes: PROBES }));
  return inspection;
}

it('lets no probe that exhausts the judge take the other answers with it', async () => {
  const runtime = judges((_times, _program, probes) =>
    Array.isArray(probes) && !probes.includes('refute') ? inspected(probes) : undefined,
  );
  const checker = createLeanChecker(runtime, { tier: 'fast', workers: 1, wallMs: 50 });
  expect(await inspectWith(checker)).toMatchObject({
    ok: true,
    reason: '',
    typeHash: '0123456789abcdef',
    hollow: 'shadowed',
    trivial: 'rfl',
    refuted: null,
  });
  expect(runtime.asked).toEqual([PROBES, [], ['hollow'], ['trivial'], ['refute']]);
  await checker.close();
});

it('says of a statement that exhausts the judge without any probe that it does', async () => {
  const runtime = judges(() => undefined);
  const checker = createLeanChecker(runtime, { tier: 'fast', workers: 1, wallMs: 50 });
  expect(await inspectWith(checker)).toMatchObject({
    ok: false,
    reason: 'timeout: no answer within 50 ms',
    typeHash: '',
  });
  expect(runtime.asked).toEqual([PROBES, []]);
  await checker.close();
});

it('closes while a judge is starting, which is ended', async () => {
  const starting = Promise.withResolvers<void>();
  const runtime = judges(() => PROVED, starting.resolve);
  const checker = createLeanChecker(runtime, { tier: 'fast', workers: 1 });
  const verdicts = judged(checker.judge([attempt('a')]));
  await starting.promise;
  await checker.close();
  expect(await verdicts).toEqual(['a fault']);
});
