/**
 * The clients' own decision rule (kimina_client.models.ReplResponse.analyze), restated: what they make of our answers.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { VERDICTS, type Verdict } from '../../src/checkers/checker.ts';
import { planFor, type ReplAnswer } from '../../src/serve/kimina.ts';
import { fakeChecker } from '../checkers/fake-checker.ts';
import { bodyOf, setUp } from './fixture.ts';

type Status = 'timeout_error' | 'server_error' | 'repl_error' | 'lean_error' | 'sorry' | 'valid';

function analyze(answer: Record<string, unknown> | ReplAnswer): Status {
  if ('error' in answer && typeof answer.error === 'string')
    return answer.error.includes('timed out') ? 'timeout_error' : 'server_error';
  const response = 'response' in answer ? answer.response : undefined;
  if (typeof response !== 'object' || response === null) throw new Error('neither error nor response');
  if ('message' in response) return 'repl_error';
  const messages = 'messages' in response && Array.isArray(response.messages) ? response.messages : [];
  if (messages.some((m) => m.severity === 'error')) return 'lean_error';
  const sorries = 'sorries' in response && Array.isArray(response.sorries) ? response.sorries : [];
  return sorries.length > 0 ? 'sorry' : 'valid';
}

/** The older client's rule (kimina_client.proof_utils.parse_client_response), for answers of /verify. */
function isValidNoSorry({ error, response }: Record<string, unknown>): boolean {
  if (error) return false;
  if (typeof response !== 'object' || response === null) throw new Error('neither error nor response');
  if (!('messages' in response) || !Array.isArray(response.messages)) return true;
  return !response.messages.some(
    ({ severity, data }) =>
      severity === 'error' || (severity === 'warning' && data.includes("declaration uses 'sorry'")),
  );
}

const theorem = (proof: string) => `import Mathlib\nopen Nat\ntheorem t : True := ${proof}`;

async function check(code: string, checker = fakeChecker()) {
  const { post } = setUp({ checker });
  const { results } = await bodyOf(
    post('/api/check', { snippets: [{ id: 'a', code }], timeout: 60, infotree: null }),
  );
  return results[0] ?? {};
}

test.each<[string, string, Status]>([
  ['a proved theorem', theorem('by trivial'), 'valid'],
  ['a rejected one', theorem('by rejected'), 'lean_error'],
  ['a forbidden one', theorem('by forbidden'), 'lean_error'],
  ['one that takes too long', theorem('by timeout'), 'timeout_error'],
  ['one that takes too much memory', theorem('by memory'), 'lean_error'],
  ['one the checker fails on', theorem('by fault'), 'server_error'],
  ['a lone sorry under a statement that elaborates', theorem('by sorry'), 'sorry'],
  ['a lone sorry under one that does not', 'theorem t : nonsense := by\n  sorry -- to do', 'lean_error'],
  ['an axiom', 'axiom a : False\ntheorem t : False := a', 'lean_error'],
  ['a definition', 'def f := 1', 'server_error'],
  ['nothing', '', 'lean_error'],
  ['an answer that was cut off', 'import Mathlib\ntheorem t (n : Nat) : n', 'lean_error'],
  ['prose', 'Here is the proof:\n```lean4\ntheorem t : True := trivial\n```', 'lean_error'],
  [
    'two theorems, the first of them wrong',
    'lemma a : 1 = 2 := by rejected\ntheorem b : True := trivial',
    'lean_error',
  ],
  ['two theorems, both proved', 'lemma a : 1 = 1 := rfl\ntheorem b : 1 = 1 := a', 'valid'],
])('%s is what their clients call it', async (_, code, status) => {
  const answer = await check(code);
  expect(analyze(answer)).toBe(status);
  expect(answer.id).toBe('a');
  expect(typeof answer.time).toBe('number');
});

test('every theorem of a snippet is asked of the checker, with its header', async () => {
  const checker = fakeChecker();
  await check('open Nat\nlemma a : 1 = 1 := rfl\ntheorem b : 1 = 1 := a', checker);
  expect(checker.asked.map((a) => [a.statement.header, a.statement.text])).toEqual([
    ['open Nat', 'theorem a : 1 = 1'],
    ['open Nat', 'theorem b : 1 = 1'],
  ]);
});

test('a lone sorry is never asked as a proof', async () => {
  const checker = fakeChecker();
  await check(theorem('sorry'), checker);
  expect([checker.asked.length, checker.inspected.length]).toEqual([0, 1]);
});

test('whatever the verdicts, valid means that every one of them is proved', () => {
  const verdict = fc.record({ verdict: fc.constantFrom(...VERDICTS), reason: fc.string() });
  fc.assert(
    fc.property(fc.array(verdict, { maxLength: 3 }), (kinds) => {
      const code = kinds.map((_, i) => `theorem t${i} : True := trivial`).join('\n');
      const verdicts = kinds.map(
        (v, i): Verdict => ({ id: `0.${i}`, axioms: [], premises: [], ms: 1, ...v }),
      );
      const answer = planFor(code, '0').answer(verdicts);
      const allProved = verdicts.length > 0 && verdicts.every((v) => v.verdict === 'proved');
      expect(analyze(answer) === 'valid').toBe(allProved);
      expect(analyze(answer)).not.toBe('sorry');
    }),
  );
});

test('the error stands at the line of the theorem it is about', async () => {
  const answer = await check('lemma a : 1 = 1 := rfl\n\ntheorem b : 1 = 2 := by rejected');
  expect(answer.response).toMatchObject({
    messages: [{ severity: 'error', pos: { line: 3, column: 0 }, data: expect.stringMatching(/^rejected/) }],
  });
});

test('the clients’ self-test is answered in Lean’s words, after Lean was asked', async () => {
  const checker = fakeChecker();
  const answer = await check('#check Nat', checker);
  expect(answer.response).toEqual({
    env: 0,
    messages: [
      { severity: 'info', pos: { line: 1, column: 0 }, endPos: { line: 1, column: 6 }, data: 'Nat : Type' },
    ],
  });
  expect(checker.asked).toMatchObject([
    { statement: { text: 'theorem nat : (Nat : Type) = Nat' }, proof: 'rfl' },
  ]);
  const broken = await check(
    '#check Nat',
    fakeChecker(() => 'fault'),
  );
  expect(analyze(broken)).toBe('server_error');
});

test('/verify answers under custom_id, the time inside the response, from proof or code', async () => {
  const { post } = setUp();
  const codes = [
    { custom_id: 1234, proof: theorem('by trivial') },
    { custom_id: 'b', code: theorem('by rejected') },
    { custom_id: 'c', proof: null, code: theorem('by timeout') },
  ];
  const { results } = await bodyOf(post('/verify', { codes, timeout: 60, infotree_type: 'original' }));
  expect(results).toEqual([
    { custom_id: '1234', error: null, response: { env: 0, time: 0.005 } },
    {
      custom_id: 'b',
      error: null,
      response: expect.objectContaining({ time: 0.005, messages: [expect.anything()] }),
    },
    { custom_id: 'c', error: expect.stringContaining('timed out') },
  ]);
  const old = await bodyOf(post('/one_pass_verify_batch', { codes: [] }));
  expect(old.results).toEqual([]);
});

test.each(['trivial', 'rejected', 'forbidden', 'timeout', 'memory', 'fault', 'sorry'])(
  'the older client calls a proof that ends in %s valid only if it was proved',
  async (end) => {
    const { post } = setUp();
    const codes = [{ custom_id: 'a', proof: theorem(`by ${end}`) }];
    const { results } = await bodyOf(post('/verify', { codes }));
    expect(results.map(isValidNoSorry)).toEqual([end === 'trivial']);
  },
);

test('many snippets keep their order and ids', async () => {
  const { post } = setUp();
  const snippets = Array.from({ length: 30 }, (_, i) => ({
    id: `s${i}`,
    code: theorem(i % 3 === 0 ? 'by rejected' : i % 3 === 1 ? 'sorry' : 'by trivial'),
  }));
  const { results } = await bodyOf(post('/api/check/', { snippets }));
  expect(results.map((r) => [r.id, analyze(r)])).toEqual(
    snippets.map(({ id }, i) => [id, ['lean_error', 'sorry', 'valid'][i % 3]]),
  );
});

test('a batch that does not fit leaves nothing behind, of proofs or of statements', async () => {
  const { post, desk } = setUp({ maxQueue: 2 });
  const snippets = [theorem('by trivial'), theorem('by trivial'), theorem('sorry')].map((code, i) => ({
    id: `${i}`,
    code,
  }));
  expect((await post('/api/check', { snippets })).status).toBe(429);
  expect(desk.depth).toBe(0);
});
