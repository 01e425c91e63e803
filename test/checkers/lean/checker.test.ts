/** What the checker makes of its judges' answers; the judges are made here. */
import { expect, it } from 'vitest';
import type { Attempt, Checker, Inspection, Verdict } from '../../../src/checkers/checker.ts';
import { createLeanChecker } from '../../../src/checkers/lean/checker.ts';
import type { LeanExit, LeanProcess } from '../../../src/checkers/lean/process.ts';
import type { LeanRuntime } from '../../../src/checkers/lean/runtime.ts';

const PROVED = JSON.stringify({ verdict: 'proved', reason: 'proved', axioms: [], premises: [], ms: 1 });

/**
 * Answers each request as `answer` says, or never; `asked` holds the proofs it was asked about, or the probes. With
 * `starting` it never gets as far as to greet.
 */
function judges(
  answer: (times: number, asked: unknown) => string | undefined,
  starting?: () => void,
): LeanRuntime & { asked: unknown[] } {
  const asked: unknown[] = [];
  const start = async (): Promise<LeanProcess> => {
    const { readable, writable } = new TransformStream<string, string>({}, undefined, { highWaterMark: 9 });
    const writer = writable.getWriter();
    const ended = Promise.withResolvers<LeanExit>();
    if (starting) starting();
    else void writer.write('{"ready":"4.28.0"}');
    return {
      pid: undefined,
      lines: readable,
      exited: ended.promise,
      send(line) {
        const { proof, probes } = JSON.parse(line);
        asked.push(proof ?? probes);
        const said = answer(asked.length, asked.at(-1));
        if (said !== undefined) void writer.write(said);
      },
      kill() {
        ended.resolve({ code: undefined, signal: 'SIGKILL', said: '' });
        void writer.close().catch(() => {});
      },
      rssBytes: async () => undefined,
    };
  };
  return { toolchain: 'made here', version: '4.28.0', start, asked };
}

const attempt = (id: string): Attempt => ({
  id,
  statement: { id: 's', language: 'lean', header: '', text: 'theorem t : True', forbidden: [] },
  proof: 'trivial',
});

async function judged(verdicts: AsyncIterable<Verdict>): Promise<string[]> {
  return (await Array.fromAsync(verdicts)).map(({ id, verdict }) => `${id} ${verdict}`).sort();
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

const PROBES = ['hollow', 'trivial', 'refute'] as const;

/** What is found of a statement by these probes. */
function inspected(probes: readonly unknown[]): string {
  const found = { hollow: 'shadowed', trivial: 'rfl', refute: 'n := 1' };
  const [hollow, trivial, refuted] = PROBES.map((probe) => (probes.includes(probe) ? found[probe] : null));
  const type = { typeHash: '0123456789abcdef', constants: ['Nat'], aliases: [] };
  return JSON.stringify({ ok: true, reason: '', ...type, hollow, trivial, refuted, ms: 2 });
}

async function inspectWith(checker: Checker): Promise<Inspection | undefined> {
  const [inspection] = await Array.fromAsync(checker.inspect([attempt('a').statement], { probes: PROBES }));
  return inspection;
}

it('lets no probe that exhausts the judge take the other answers with it', async () => {
  const runtime = judges((_, probes) =>
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
