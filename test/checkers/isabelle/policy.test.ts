import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  importsOf,
  PROOF_COMMANDS,
  REFUSED_ELEMENTS,
  REFUSED_WORDS,
  refuseProof,
  refuseStatement,
  STATEMENT_COMMANDS,
} from '../../../src/checkers/isabelle/policy.ts';
import { readSymbols } from '../../../src/checkers/isabelle/symbols.ts';
import { unreadable } from '../../../src/checkers/lean/screen.ts';

const encode = readSymbols([]);

/** Each with the verdict and a part of the reason; `passed` is what Isabelle is to be asked about. */
const row = z.object({
  title: z.string(),
  statement: z.string().default('theorem t: "x + 0 = (x::nat)"'),
  header: z.string().default(''),
  proof: z.string(),
  verdict: z.enum(['passed', 'rejected', 'forbidden']),
  reason: z.string(),
});

const FIXTURES = readFileSync(new URL('policy.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => row.parse(JSON.parse(line)));

describe('the policy on candidates', () => {
  it.each(FIXTURES.map((f) => [f.verdict, f.title, f] as const))('%s: %s', (_, __, fixture) => {
    const imports = importsOf(fixture.header, ['Main']);
    const unread = unreadable({ proof: fixture.proof });
    const refused =
      (unread === undefined ? undefined : { verdict: 'rejected', reason: unread }) ??
      refuseStatement(encode(fixture.statement)) ??
      refuseProof(encode(fixture.proof)) ??
      ('verdict' in imports ? imports : undefined);
    expect(refused?.reason ?? '').toContain(fixture.reason);
    expect(refused?.verdict ?? 'passed').toBe(fixture.verdict);
  });

  it('reads the names of a header’s theories', () => {
    expect(importsOf('theory X imports Complex_Main "HOL-Library.Multiset" begin', [])).toEqual([
      'Complex_Main',
      'HOL-Library.Multiset',
    ]);
    expect(importsOf('(* none *)', ['Main'])).toEqual(['Main']);
  });
});

describe('the lists of the policy', () => {
  const program = readFileSync(new URL('../../../isabelle/lakatos.ML', import.meta.url), 'utf8');
  const listed = (name: string): Set<string> => {
    const [, items = ''] = new RegExp(`val ${name} =\\s*\\[([^;]*)\\];`).exec(program) ?? [];
    return new Set([...items.matchAll(/"([^"]+)"/g)].map(([, item = '']) => item));
  };

  it.each([
    ['proof_commands', PROOF_COMMANDS],
    ['statement_commands', STATEMENT_COMMANDS],
    ['refused_words', REFUSED_WORDS],
    ['refused_elements', REFUSED_ELEMENTS],
  ] as const)('are those of the program inside Isabelle: %s', (name, here) => {
    expect(listed(name)).toEqual(new Set(here));
  });
});
