/** The doors with the real Lean behind them. Every text here goes through the kernel, or is refused before it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createEmbeddedLeanChecker } from '../../src/checkers/lean/checker.ts';
import { verify } from '../../src/cli/verify.ts';
import { bodyOf, setUp } from './fixture.ts';

const checker = createEmbeddedLeanChecker({ workers: 1 });
const { post } = setUp({ checker });
const dir = mkdtempSync(join(tmpdir(), 'lakatos-serve-'));
afterAll(async () => {
  await checker.close();
  rmSync(dir, { recursive: true, force: true });
});

const file = `import Mathlib
set_option maxHeartbeats 400000
open Nat

/- "Obvious." -/
theorem t (a b : ℕ) (h : a ≤ b) : a < b + 1 := by
`;
const helpers = `lemma aux (n : Nat) : n + 0 = n := by
  simp

theorem main (n : Nat) : n = n + 0 := by
  have h := aux n
  exact h.symm
`;
// Were target only a have under b's variables, its Nat would be theirs, and it would be true.
const shadowed = `theorem target (m n : Nat) : m = n := Subsingleton.elim _ _
theorem b (Nat : Type) [Subsingleton Nat] : True := trivial`;

test.each([
  ['a right proof', `${file}  omega`, { env: 0 }],
  ['two theorems, the second by the first', helpers, { env: 0 }],
  [
    'a term that would be the helper’s argument',
    'private theorem aux : 1 = 1 := rfl\ntheorem main : 1 = 1 :=\n  aux',
    { env: 0 },
  ],
  ['the clients’ self-test', '#check Nat', { messages: [{ severity: 'info', data: 'Nat : Type' }] }],
  ['a wrong proof', `${file}  exact h`, { messages: [{ severity: 'error', pos: { line: 6, column: 0 } }] }],
  [
    'a lone sorry',
    `${file}  sorry`,
    { messages: [{ severity: 'warning' }], sorries: [{ pos: { line: 6, column: 0 } }] },
  ],
  [
    'a sorry among tactics',
    `${file}  have := h\n  sorry`,
    { messages: [{ severity: 'error', data: 'forbidden: sorry is not allowed in a proof' }] },
  ],
  [
    'a statement that means nothing',
    'theorem t : Natt := by sorry',
    { messages: [{ severity: 'error', data: expect.stringContaining('Natt') }] },
  ],
  [
    'a name that another theorem’s variables shadow',
    shadowed,
    { messages: [{ severity: 'error', pos: { line: 1, column: 0 } }] },
  ],
  [
    'a helper that is wrong',
    helpers.replace('n + 0 = n', 'n + 1 = n'),
    { messages: [{ severity: 'error', pos: { line: 1, column: 0 } }] },
  ],
])('/api/check: %s', async (_, code, response) => {
  const { results } = await bodyOf(post('/api/check', { snippets: [{ id: 'a', code }] }));
  expect(results).toMatchObject([{ id: 'a', response }]);
});

test('/v1/verify and verify on a file say the same', async () => {
  const attempts = [
    { id: 'right', statement: 'theorem t (a b : Nat) : a + b = b + a := by sorry', proof: 'by omega' },
    { id: 'wrong', statement: 'theorem t (a b : Nat) : a + b = a', proof: 'by omega' },
    { id: 'sorry', statement: 'theorem t (a b : Nat) : a + b = a', proof: 'by sorry' },
    { id: 'vague', statement: 'theorem t : Natt', proof: 'by simp' },
    { id: 'zero', statement: 'theorem t : 1 = 1', proof: 'rfl\0' },
    { id: 'half', statement: 'theorem t : 1 = 1', proof: '\ud800' },
    { id: 'long', statement: 'theorem t : 1 = 1', proof: 'x'.repeat(200_000) },
    { id: 'deep', statement: 'theorem t : 1 = 1', proof: '('.repeat(60_000) },
    { id: 'after', statement: 'theorem t : 1 = 1', proof: 'rfl' },
  ];
  const { post: postMuch } = setUp({ checker, maxBodyBytes: 2 ** 20 });
  const { verdicts } = await bodyOf(postMuch('/v1/verify', { attempts }));
  const kinds = Object.fromEntries(verdicts.map(({ id, verdict }) => [id, verdict]));
  expect(kinds).toEqual({
    right: 'proved',
    wrong: 'rejected',
    sorry: 'forbidden',
    vague: 'rejected',
    zero: 'rejected',
    half: 'rejected',
    long: 'rejected',
    deep: 'rejected',
    after: 'proved',
  });
  const [input, output] = [join(dir, 'in.jsonl'), join(dir, 'out.jsonl')];
  writeFileSync(input, attempts.map((row) => `${JSON.stringify(row)}\n`).join(''));
  await verify(checker, { input, output });
  const rows = readFileSync(output, 'utf8').trim().split('\n').map((row) => JSON.parse(row)); // biome-ignore format: one line
  expect(Object.fromEntries(rows.map((row) => [row.id, row.verdict]))).toEqual(kinds);
});

test('a theorem under another one’s variables would be proved, which is why each is judged on its own', async () => {
  const proof = 'have target (m n : Nat) : m = n := (Subsingleton.elim _ _)\ntrivial';
  const statement = 'theorem b (Nat : Type) [Subsingleton Nat] : True';
  const { verdicts } = await bodyOf(post('/v1/verify', { attempts: [{ id: 1, statement, proof }] }));
  expect(verdicts.map(({ verdict }) => verdict)).toEqual(['proved']);
});

test('/v1/inspect says what elaborates', async () => {
  const statements = [
    { id: 1, statement: 'theorem t (n : Nat) : n = n' },
    { id: 2, statement: 'theorem t : Natt' },
  ];
  const { inspections } = await bodyOf(post('/v1/inspect', { statements }));
  expect(inspections).toEqual([
    expect.objectContaining({ id: 1, ok: true, typeHash: expect.stringMatching(/^[0-9a-f]{16}$/) }),
    expect.objectContaining({ id: 2, ok: false, reason: expect.stringContaining('Natt') }),
  ]);
});
