/**
 * The conformance suite of the Lean checker, strict tier, on every Lean that is present: what it must refuse, and why
 * (exploits.jsonl: by row of the catalogue of tricks that fooled other checkers), and what it must not (honest.jsonl).
 * The embedded Lean gets every case; a native Lean too where there is one. An executable named `lean` that is the
 * embedded build underneath gets every twelfth, for the way there.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Checker, Verdict } from '../../../src/checkers/checker.ts';
import { VERDICTS } from '../../../src/checkers/checker.ts';
import { createLeanChecker, type LeanEvent } from '../../../src/checkers/lean/checker.ts';
import { EMBEDDED_VERSION, embeddedRuntime } from '../../../src/checkers/lean/embedded.ts';
import { findNativeLean } from '../../../src/checkers/lean/native.ts';
import type { LeanRuntime } from '../../../src/checkers/lean/runtime.ts';
import { messageOf } from '../../../src/ops/errors.ts';

const attempt = z.object({
  statement: z.string(),
  proof: z.string(),
  header: z.string().default(''),
  forbidden: z.array(z.string()).default([]),
});
const exploit = attempt.extend({
  /** Row of the catalogue, or another family. */
  row: z.union([z.int(), z.enum(['self-citation', 'statement', 'plain'])]),
  title: z.string(),
  verdict: z.enum(VERDICTS),
  /** Part of the reason. Lean's own words are those of Lean 4.28. */
  reason: z.string().min(1),
});
const honest = attempt.extend({ style: z.string() });

const read = <T>(name: string, row: z.ZodType<T>): T[] =>
  readFileSync(new URL(name, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => row.parse(JSON.parse(line)));

const EXPLOITS = read('exploits.jsonl', exploit);
const HONEST = read('honest.jsonl', honest);
/** Rows about the data between judge and verifier are in verify.test.ts. */
const ROWS_ELSEWHERE = [15, 21];

describe('the suite', () => {
  it('has a fixture for each row of the catalogue', () => {
    const rows = new Set<unknown>([...EXPLOITS.map((e) => e.row), ...ROWS_ELSEWHERE]);
    expect(Array.from({ length: 27 }, (_, i) => i + 1).filter((row) => !rows.has(row))).toEqual([]);
  });

  it('expects no exploit to be proved', () => {
    expect(EXPLOITS.filter((e) => e.verdict === 'proved')).toEqual([]);
  });
});

interface Present {
  readonly name: string;
  readonly runtime: LeanRuntime | undefined;
  readonly absent?: string;
  readonly every: number;
}

const DISGUISED = fileURLToPath(new URL('fixtures/bin', import.meta.url));
const RUNTIMES: readonly Present[] = [
  { name: 'embedded Lean', runtime: embeddedRuntime(), every: 1 },
  {
    name: 'an executable named lean',
    runtime: findNativeLean({ searchPath: `${DISGUISED}:/usr/bin:/bin` }),
    every: 12,
  },
  { name: 'native Lean', ...nativeHere(), every: 1 },
];

/** Or why there is none: one that is too old, or is no Lean, says so. */
function nativeHere(): Pick<Present, 'runtime' | 'absent'> {
  try {
    const runtime = findNativeLean({ searchPath: process.env.PATH ?? '' });
    return { runtime, absent: 'none on the PATH or in ~/.elan/bin' };
  } catch (error) {
    return { runtime: undefined, absent: messageOf(error) };
  }
}

describe.each(RUNTIMES)('$name', ({ runtime, absent, every }) => {
  if (runtime === undefined) return it.skip(`is not here: ${absent}`);
  const exploits = EXPLOITS.filter((_, i) => i % every === 0);
  const proofs = HONEST.filter((_, i) => i % every === 0);
  const verdicts = new Map<string, Verdict>();
  const events: LeanEvent[] = [];
  let checker: Checker;

  beforeAll(async () => {
    checker = createLeanChecker(runtime, { workers: 1, wallMs: 120_000, log: (event) => events.push(event) });
    const cases = [
      ...exploits.map((c, i) => ({ ...c, id: `exploit ${i}` })),
      ...proofs.map((c, i) => ({ ...c, id: `honest ${i}` })),
    ];
    const attempts = cases.map(({ id, statement, proof, header, forbidden }) => ({
      id,
      statement: { id, language: 'lean' as const, header, text: statement, forbidden },
      proof,
    }));
    for await (const verdict of checker.judge(attempts)) verdicts.set(verdict.id, verdict);
  }, 1_800_000);

  afterAll(() => checker.close());

  it.each(exploits.map((c, i) => [c.row, c.title, i, c] as const))('refuses row %s: %s', (_, __, i, c) => {
    const said = verdicts.get(`exploit ${i}`);
    if (runtime.version === EMBEDDED_VERSION) expect(said?.reason).toContain(c.reason);
    expect(said?.verdict).toBe(c.verdict);
  });

  it.each(proofs.map((c, i) => [c.style, i] as const))('accepts %s', (_, i) => {
    expect(verdicts.get(`honest ${i}`)).toMatchObject({ verdict: 'proved', reason: 'proved' });
  });

  it('has verifier and judge of one mind throughout', () => {
    expect(events.filter((e) => e.event === 'strict-disagreement')).toEqual([]);
  });
});
