/**
 * Proofs and tricks with the verdict of a real Isabelle, through both tiers, where one is found as `lakatos` finds it:
 * ISABELLE_TOOL, or the PATH. The words of the reasons are those of Isabelle2024.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Checker, VERDICTS, type Verdict } from '../../../src/checkers/checker.ts';
import { createIsabelleChecker, type IsabelleEvent } from '../../../src/checkers/isabelle/checker.ts';
import { findIsabelle, NO_ISABELLE } from '../../../src/checkers/isabelle/install.ts';
import { readSymbols } from '../../../src/checkers/isabelle/symbols.ts';
import type { Question } from '../../../src/checkers/isabelle/theories.ts';
import { type Reply, startWorker } from '../../../src/checkers/isabelle/worker.ts';
import { OPTIONS } from './tool.ts';

const row = z.object({
  title: z.string(),
  header: z.string().default(''),
  statement: z.string(),
  proof: z.string(),
  forbidden: z.array(z.string()).default([]),
  verdict: z.enum(VERDICTS),
  reason: z.string(),
});

const rowsOf = (file: string): unknown[] =>
  readFileSync(new URL(file, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

const CASES = rowsOf('conformance.jsonl').map((r) => row.parse(r));

/** What policy.ts refuses for its words, whatever its header; the program inside Isabelle must do without policy.ts. */
const REFUSED = rowsOf('policy.jsonl')
  .map((r) =>
    z
      .object({
        title: z.string(),
        statement: z.string().default('theorem t: "x + 0 = (x::nat)"'),
        proof: z.string(),
        header: z.string().optional(),
        verdict: z.string(),
      })
      .parse(r),
  )
  .filter(({ verdict, header }) => verdict === 'forbidden' && header === undefined);

const isabelle = findIsabelle({ tool: process.env.ISABELLE_TOOL, searchPath: process.env.PATH ?? '' });

describe('a real Isabelle', () => {
  const session = 'HOL';
  if (isabelle === undefined) return it.skip(`is not here: ${NO_ISABELLE}`);
  if (!isabelle.heaps.includes(session)) return it.skip(`is ${isabelle.name}, but has no heap of ${session}`);
  const verdicts = new Map<string, Verdict>();
  const events: IsabelleEvent[] = [];
  let checker: Checker;

  beforeAll(async () => {
    const options = { ...OPTIONS, tier: 'strict', wallMs: 5_000, startMs: 600_000 } as const;
    checker = createIsabelleChecker(isabelle, { ...options, log: (event) => events.push(event) });
    const attempts = CASES.map(({ title, header, statement, proof, forbidden }) => ({
      id: title,
      statement: { id: title, language: 'isabelle' as const, header, text: statement, forbidden },
      proof,
    }));
    for await (const verdict of checker.judge(attempts)) verdicts.set(verdict.id, verdict);
  }, 1_800_000);

  afterAll(() => checker.close());

  it.each(CASES.map((c) => [c.title, c.verdict, c] as const))('%s: %s', (title, _, { verdict, reason }) => {
    expect(verdicts.get(title)?.reason).toContain(reason);
    expect(verdicts.get(title)?.reason).not.toMatch(/\p{Cc}/u); // no markup of Isabelle's own
    expect(verdicts.get(title)?.verdict).toBe(verdict);
  });

  it('refuses on its own what policy.ts refuses, were nothing scanned before it', async () => {
    const ends: Promise<void>[] = [];
    const { signal } = new AbortController();
    const worker = await startWorker(
      isabelle,
      { ...OPTIONS, startMs: 600_000 },
      (end) => ends.push(end),
      signal,
    );
    const encode = readSymbols([]);
    const questions = REFUSED.map(
      ({ statement, proof }): Question => ({
        op: 'judge',
        statement: encode(statement),
        proof: encode(proof),
        forbidden: [],
      }),
    );
    const replies = await worker.ask({ imports: ['Main'], questions });
    worker.kill();
    await Promise.all(ends);
    const said = replies.map((reply, i) => `${REFUSED[i]?.title}: ${verdictOf(reply)}`);
    expect(said.filter((line) => !/: (forbidden|rejected)$/.test(line))).toEqual([]);
    for (const word of ['tactic', 'smt', 'option'])
      for (const line of said.filter((l) => l.startsWith(word))) expect(line).toMatch(/: forbidden$/);
  }, 1_200_000);

  it('has session and build of one mind throughout', () => {
    expect(events.filter((event) => event.event === 'strict-disagreement')).toEqual([]);
  });

  it('tells a statement again by its hash whatever its variables are called, and says what is hollow', async () => {
    const texts = [
      'theorem t: "A \\<and> B \\<longrightarrow> B \\<and> A"',
      'theorem u: "X \\<and> Y \\<longrightarrow> Y \\<and> X"',
      'theorem v: "A \\<and> B \\<longrightarrow> A \\<and> A"',
      'theorem w: "x = x"',
    ];
    const statements = texts.map((text) => ({
      id: text,
      language: 'isabelle' as const,
      header: '',
      text,
      forbidden: [],
    }));
    const said = await Array.fromAsync(checker.inspect(statements, { probes: ['hollow', 'trivial'] }));
    const [swap, renamed, other, same] = texts.map((text) => said.find(({ id }) => id === text));
    expect(swap?.typeHash).toMatch(/^[0-9a-f]{16}$/);
    expect(renamed?.typeHash).toBe(swap?.typeHash);
    expect(other?.typeHash).not.toBe(swap?.typeHash);
    expect(swap?.constants).toEqual(['HOL.conj', 'HOL.implies']);
    expect(swap?.trivial).toMatch(/^by /);
    expect(same).toMatchObject({ hollow: 'reflexive' });
    expect(same?.aliases).toContain('HOL.refl');
  });

  it('says what is vacuous, in a premise or an assumption, what quickcheck refutes, and neither of an honest one', async () => {
    const hollow = [
      'theorem a: "(n::nat) < 0 \\<Longrightarrow> n = 5"',
      'theorem b: fixes n :: nat assumes "n < 0" shows "n = 5"',
      'theorem c: shows "x = x" and "y = z \\<Longrightarrow> y = z"',
    ];
    const refuted = 'theorem d: "(n::nat) = 0"';
    const honest = [
      'theorem e: "(n::nat) < 1 \\<Longrightarrow> n = 0"',
      'theorem f: shows "x = x" and "(n::nat) + 1 > n"',
    ];
    const statements = [...hollow, refuted, ...honest].map((text) => ({
      id: text,
      language: 'isabelle' as const,
      header: '',
      text,
      forbidden: [],
    }));
    const said = await Array.fromAsync(checker.inspect(statements, { probes: ['hollow', 'refute'] }));
    const byText = new Map(said.map((inspection) => [inspection.id, inspection]));
    const kinds = hollow.map((text) => byText.get(text)?.hollow);
    expect(kinds).toEqual(['vacuous', 'vacuous', 'goal-is-hypothesis']);
    expect(byText.get(refuted)).toMatchObject({
      hollow: null,
      refuted: 'quickcheck found a counterexample',
    });
    for (const text of honest) expect(byText.get(text)).toMatchObject({ hollow: null, refuted: null });
  }, 300_000);
});

const verdictOf = (reply: Reply): string =>
  'failure' in reply ? reply.failure : 'verdict' in reply.answer ? reply.answer.verdict : 'an inspection';
