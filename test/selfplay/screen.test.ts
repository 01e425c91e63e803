/** The screen on a real ledger: what it says of a conjecture when the checker fails, and of a seed that comes back rearranged. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { notInspected } from '../../src/checkers/answers.ts';
import type { Checker, Inspection } from '../../src/checkers/checker.ts';
import { loadConfig } from '../../src/config/index.ts';
import type { ConjectureRecord } from '../../src/ledger/index.ts';
import { propose } from '../../src/selfplay/propose.ts';
import type { Run } from '../../src/selfplay/run.ts';
import { screen } from '../../src/selfplay/screen.ts';
import type { Statement } from '../../src/statements/statement.ts';
import { OVERRIDES, openFakeRun } from './fake-run.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-screen-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A run whose conjecturer wrote just these texts, or records that differ so from an ordinary one. */
async function withConjectures(
  written: readonly (string | Partial<ConjectureRecord>)[],
  ...overrides: readonly string[]
): Promise<Run> {
  const { config } = loadConfig({ overrides: [...OVERRIDES, ...overrides] });
  const run = openFakeRun(mkdtempSync(join(root, 'run-')), config);
  run.ledger.rounds.begin(1, 'initial');
  (await propose({ ...run, config: { ...config, propose: { ...config.propose, conjectures: 1 } } }, 1))();
  const [like] = run.ledger.conjectures.list(1);
  if (like === undefined) throw new Error('nothing was proposed');
  const seedId = 'p:a1'; // theorem t (m : Nat) : m = a1
  const records = written.map((w, i): ConjectureRecord => {
    const change = typeof w === 'string' ? { text: w } : w;
    return { ...like, id: `c${i}`, seedId, finish: 'stop', ...change };
  });
  run.ledger.conjectures.insert(records);
  return run;
}

async function outcomes(run: Run): Promise<Record<string, string>> {
  (await screen(run, 1))();
  const screenings = run.ledger.conjectures.screenings(1);
  return Object.fromEntries(
    screenings.map(({ conjectureId, outcome, detail }) => [conjectureId, `${outcome} ${detail}`.trim()]),
  );
}

/** Fails so many times on each statement that says so. */
function failing(checker: Checker, times: (text: string) => number): Checker {
  const asked = new Map<string, number>();
  return {
    toolchain: checker.toolchain,
    judge: (attempts) => checker.judge(attempts),
    close: () => checker.close(),
    async *inspect(statements, options) {
      for await (const statement of statements as Iterable<Statement>) {
        const before = asked.get(statement.text) ?? 0;
        asked.set(statement.text, before + 1);
        if (before < times(statement.text))
          yield { id: statement.id, ...notInspected('fault: the judge died') };
        else yield* checker.inspect([statement], options);
      }
    },
  };
}

test('a checker that fails on a statement is asked once more; one that fails again makes a fault, not an ill-formed conjecture', async () => {
  const run = await withConjectures([' (n : Nat) : n + 7 = 7', ' (n : Nat) : n + 8 = 8']);
  const checker = failing(run.checker, (text) => (text.includes('7') ? 1 : text.includes('8') ? 9 : 0));
  const found = await outcomes({ ...run, checker });
  expect(found).toMatchObject({ c0: 'kept', c1: 'fault fault: the judge died' });
  run.ledger.close();
});

test('what does not elaborate is ill-formed, with the reason, and is asked about once', async () => {
  const run = await withConjectures([' (n : Nat) : n + = 7']);
  let asked = 0;
  const checker: Checker = {
    toolchain: 'fake',
    judge: (attempts) => run.checker.judge(attempts),
    close: async () => {},
    async *inspect(statements) {
      for await (const { id, text } of statements) {
        if (text.includes('+ =')) asked++;
        yield { id, ...notInspected('unexpected token =') };
      }
    },
  };
  expect(await outcomes({ ...run, checker })).toMatchObject({ c0: 'ill-formed unexpected token =' });
  expect(asked).toBe(1);
  run.ledger.close();
});

test('the seed rearranged is a near-copy, which names the seed; screen.nearCopies=false lets it pass', async () => {
  const turned = ' (k : Nat) : a1 = k';
  const run = await withConjectures([turned]);
  expect(await outcomes(run)).toMatchObject({ c0: 'near-copy p:a1' });
  run.ledger.close();
  const open = await withConjectures([turned], 'screen.nearCopies=false');
  expect(await outcomes(open)).toMatchObject({ c0: 'kept' });
  open.ledger.close();
});

/** The run, its checker's answers changed where they are about a text that holds the key. */
function answering(run: Run, changes: Readonly<Record<string, Partial<Inspection>>>): Run {
  const checker: Checker = {
    toolchain: 'fake',
    judge: (attempts) => run.checker.judge(attempts),
    close: () => run.checker.close(),
    async *inspect(statements, options) {
      for await (const statement of statements as Iterable<Statement>)
        for await (const inspection of run.checker.inspect([statement], options)) {
          const key = Object.keys(changes).find((part) => statement.text.includes(part));
          yield { ...inspection, ...(key === undefined ? {} : changes[key]) };
        }
    },
  };
  return { ...run, checker };
}

test.each<[string, string | Partial<ConjectureRecord>, Partial<Inspection>, string]>([
  ['a training problem, by its type', ' : 5 = 7', { typeHash: 'a3'.padStart(16, '0') }, 'known p:a3'],
  ['a library theorem, by its type', ' : 5 = 7', { aliases: ['Nat.five'] }, 'known Nat.five'],
  ['a held-out problem', ' : 5 = 7', { typeHash: 'h2'.padStart(16, '0') }, 'held-out p:h2'],
  ['hollow', ' : 5 = 7', { hollow: 'vacuous' }, 'hollow vacuous'],
  ['too long', ` : 5 = 7${' + 0'.repeat(100)}`, {}, 'too-long 417 characters'],
  ['nothing before the proof', ' := by simp', {}, 'unparsed empty'],
  ['cut short', { text: ' : 5 =', finish: 'length' }, {}, 'unparsed cut at the token limit'],
  ['whole at the limit', { text: ' : 5 = 7</s>', finish: 'length' }, {}, 'kept'],
])('a conjecture is dropped with its reason: %s', async (_, written, answer, expected) => {
  const run = await withConjectures([written]);
  expect(await outcomes(answering(run, { '5 = 7': answer }))).toMatchObject({ c0: expected });
  run.ledger.close();
});

test('one that repeats a near-copy is a duplicate of that completion, which the ledger has', async () => {
  const run = await withConjectures([' (k : Nat) : a1 = k', ' (k : Nat) : a1 = k']);
  expect(await outcomes(run)).toMatchObject({ c0: 'near-copy p:a1', c1: 'duplicate c0' });
  run.ledger.close();
});

test('what was screened in an earlier round is a duplicate, kept or dropped then, and is not probed again; a fault is', async () => {
  const run = await withConjectures([
    ' (n : Nat) : n + 7 = 7',
    ' (n : Nat) : n + 0 = n',
    ' (n : Nat) : n + 8 = 8',
  ]);
  const checker = answering(run, { '+ 8': notInspected('fault: the judge died') }).checker;
  expect(await outcomes({ ...run, checker })).toMatchObject({
    c0: 'kept',
    c1: 'trivial rfl',
    c2: 'fault fault: the judge died',
  });
  const again = run.ledger.conjectures.list(1).filter(({ id }) => id.startsWith('c'));
  run.ledger.conjectures.insert(again.map((c) => ({ ...c, id: `again-${c.id}`, round: 2 })));
  const probed: string[] = [];
  const watched: Checker = {
    toolchain: 'fake',
    judge: (attempts) => run.checker.judge(attempts),
    close: () => run.checker.close(),
    async *inspect(statements, options) {
      for await (const statement of statements as Iterable<Statement>) {
        if ((options?.probes ?? []).length > 0) probed.push(statement.id);
        yield* run.checker.inspect([statement], options);
      }
    },
  };
  (await screen({ ...run, checker: watched }, 2))();
  const found = run.ledger.conjectures.screenings(2).map((s) => `${s.conjectureId} ${s.outcome} ${s.detail}`);
  expect(found).toEqual([
    expect.stringMatching(/^again-c0 duplicate conjecture:/),
    'again-c1 duplicate c1',
    'again-c2 kept ',
  ]);
  expect(probed).toEqual(['again-c2']);
  run.ledger.close();
});
