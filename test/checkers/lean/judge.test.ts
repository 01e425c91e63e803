/** The real judge: one Lean process for the whole file. Every case asserts the verdict and the reason. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Checker, Inspection, Verdict } from '../../../src/checkers/checker.ts';
import { createEmbeddedLeanChecker } from '../../../src/checkers/lean/checker.ts';
import type { Statement } from '../../../src/statements/statement.ts';
import { INSPECTIONS, OTHER_TYPE, SAME_TYPE, UNFIT } from './inspection-cases.ts';

const START_LIMIT_MS = 900_000;

let checker: Checker;

beforeAll(async () => {
  checker = createEmbeddedLeanChecker({ workers: 1, wallMs: 120_000 });
  await judge('theorem t : True', 'trivial');
}, START_LIMIT_MS);

afterAll(() => checker.close());

const statement = (text: string, more: Partial<Statement> = {}): Statement => ({
  id: text,
  language: 'lean',
  header: '',
  text,
  forbidden: [],
  ...more,
});

async function judge(text: string, proof: string): Promise<Verdict> {
  for await (const v of checker.judge([{ id: 'a', statement: statement(text), proof }])) return v;
  throw new Error('the checker gave no verdict');
}

async function inspect(text: string): Promise<Inspection> {
  const probes = ['hollow', 'trivial', 'refute'] as const;
  for await (const i of checker.inspect([statement(text)], { probes })) return i;
  throw new Error('the checker gave no inspection');
}

describe('a proof that was accepted', () => {
  it('comes with the axioms it rests on', async () => {
    const v = await judge(
      'theorem t (p : Prop) : p ∨ ¬p',
      'by by_cases h : p\n   exact .inl h\n   exact .inr h',
    );
    // Not in the proof's own text: the decidability of any proposition comes from choice.
    expect(v.axioms).toEqual(['Classical.choice']);
    const w = await judge('theorem t (p q : Prop) (h : p ↔ q) : p = q', 'propext h');
    expect(w.axioms).toEqual(['propext']);
  });

  it('comes with the library theorems it uses, and not with definitions', async () => {
    const v = await judge('theorem t (n m : Nat) : n + m = m + n', 'Nat.add_comm n m');
    expect(v.premises).toEqual(['Nat.add_comm']);
  });

  it('names the theorem that simp used, not the one that the library made of it', async () => {
    const v = await judge(
      'theorem t (a b : Nat) (l : List Nat) (h : a ∈ b :: l) (g : a ≠ b) : a ∈ l',
      'by\n  simp only [List.mem_cons] at h\n  exact h.resolve_left g',
    );
    expect(v.premises).toContain('List.mem_cons');
    expect(v.premises.filter((name) => name.includes('_simp_'))).toEqual([]);
  });

  it('does not count what only the statement mentions', async () => {
    const v = await judge(
      'theorem t (l : List Nat) (h : 0 < l.length) : l[0] = l.head (List.ne_nil_of_length_pos h)',
      'by cases l with\n | nil => cases h\n | cons a l => rfl',
    );
    expect(v).toMatchObject({ verdict: 'proved' });
    expect(v.premises).not.toContain('List.ne_nil_of_length_pos');
  });

  it('names each theorem once, those too that stand only in a lemma of the proof', async () => {
    const v = await judge(
      'theorem t (a b : Nat) (h : a ≤ b) (g : b ≤ a) : a = b ∧ b = a',
      'by\n  have key : a = b := Nat.le_antisymm h g\n  exact ⟨key, Nat.le_antisymm g h⟩',
    );
    expect(v.premises).toEqual(['Nat.le_antisymm']);
  });
});

describe('attempts', () => {
  it('keep their ids, and the same question twice is answered twice', async () => {
    const s = statement('theorem t (n : Nat) : n + 0 = n');
    const ids: string[] = [];
    const attempts = ['x', 'y', 'z'].map((id) => ({
      id,
      statement: s,
      proof: id === 'z' ? 'rfl' : 'by simp',
    }));
    for await (const v of checker.judge(attempts)) ids.push(`${v.id} ${v.verdict}`);
    expect(ids.sort()).toEqual(['x proved', 'y proved', 'z proved']);
  });

  it('whose text cannot be sent get a verdict all the same', async () => {
    const v = await judge('theorem t : True', '\ud800');
    expect(v).toMatchObject({ verdict: 'rejected', reason: expect.stringContaining('lone surrogate') });
  });
});

describe('inspection finds', () => {
  it.each(INSPECTIONS.map((c) => [c.title, c] as const))('%s', { timeout: 120_000 }, async (_, c) => {
    expect(await inspect(c.statement)).toMatchObject({ ok: true, reason: '', ...c.expected });
  });
});

describe('inspection says why a statement does not stand', () => {
  it.each(UNFIT)('%s', async (_, text, reason) => {
    expect(await inspect(text)).toMatchObject({
      ok: false,
      reason: expect.stringMatching(reason),
      typeHash: '',
    });
  });
});

describe('the hash of a type', () => {
  it.each(SAME_TYPE)('is the same for %s and %s', async (a, b) => {
    const hash = (await inspect(a)).typeHash;
    expect(hash).toMatch(/^[0-9a-f]{16}$/);
    expect((await inspect(b)).typeHash).toBe(hash);
  });

  it.each(OTHER_TYPE)('differs for %s and %s', async (a, b) => {
    expect((await inspect(b)).typeHash).not.toBe((await inspect(a)).typeHash);
  });
});
