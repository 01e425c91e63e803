import { writeFile } from 'node:fs/promises';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Checker, Verdict } from '../../../src/checkers/checker.ts';
import type { IsabelleCheckerOptions, IsabelleEvent } from '../../../src/checkers/isabelle/checker.ts';
import { strictWorker } from '../../../src/checkers/isabelle/strict.ts';
import type { Statement } from '../../../src/statements/statement.ts';
import { checkerOf, type DoubleTool, doubleTool, isabelleOf } from './tool.ts';

vi.mock('node:fs/promises', { spy: true });

const open: Checker[] = [];
afterEach(() => Promise.all(open.splice(0).map((checker) => checker.close())));

function openOn(double: DoubleTool, options: Partial<IsabelleCheckerOptions> = {}): Checker {
  const checker = checkerOf(double.tool, options);
  open.push(checker);
  return checker;
}

const ADD_ZERO = 'theorem t: "(n::nat) + 0 = n"';
const statement = (text = ADD_ZERO, more: Partial<Statement> = {}): Statement => ({
  id: text,
  language: 'isabelle',
  header: '',
  text,
  forbidden: [],
  ...more,
});

async function verdictsOn(
  checker: Checker,
  proofs: readonly string[],
  of = statement(),
): Promise<Map<string, Verdict>> {
  const verdicts = new Map<string, Verdict>();
  const attempts = proofs.map((proof) => ({ id: proof, statement: of, proof }));
  for await (const verdict of checker.judge(attempts)) verdicts.set(verdict.id, verdict);
  return verdicts;
}

const verdictOn = async (checker: Checker, proof: string, of = statement()) =>
  (await verdictsOn(checker, [proof], of)).get(proof);

const serversOf = (double: DoubleTool) =>
  double.events().filter((event) => event.startsWith('server')).length;

describe('the Isabelle checker', () => {
  it('accepts what the session accepts, with what the proof uses, and rejects with its words', async () => {
    const checker = openOn(doubleTool());
    expect(checker.toolchain).toBe('Isabelle2024 (HOL)');
    const verdicts = await verdictsOn(checker, ['by simp', 'by blast']);
    expect(verdicts.get('by simp')).toMatchObject({ verdict: 'proved', premises: ['Nat.add_0_right'] });
    expect(verdicts.get('by blast')).toMatchObject({
      verdict: 'rejected',
      reason: expect.stringMatching(/Failed to apply/),
    });
  });

  it('refuses on the text alone what no session needs to see', async () => {
    const double = doubleTool();
    const checker = openOn(double);
    expect(await verdictOn(checker, 'sorry')).toMatchObject({
      verdict: 'forbidden',
      reason: expect.stringMatching(/^sorry is not/),
    });
    expect(double.events()).toEqual([]);
  });

  it('asks many at once, and the same only once', async () => {
    const double = doubleTool();
    const checker = openOn(double);
    const proofs = Array.from({ length: 40 }, (_, i) => `by (rule r${i % 20})`);
    const attempts = proofs.map((proof, i) => ({ id: String(i), statement: statement(), proof }));
    const answered = await Array.fromAsync(checker.judge(attempts));
    expect(answered.map((v) => Number(v.id)).toSorted((a, b) => a - b)).toEqual(proofs.map((_, i) => i));
    // The judge's own theory, the header's, and twenty questions in two batches of at most sixteen.
    expect(double.events().filter((event) => event === 'use_theories')).toHaveLength(4);
    expect(double.events().filter((event) => event.startsWith('server'))).toHaveLength(1);
  });

  it('reads Unicode as Isabelle’s own symbols', async () => {
    const checker = openOn(doubleTool());
    const forall = statement('theorem t: "∀x. P x ⟹ P a"');
    expect(await verdictOn(checker, 'by blast', forall)).toMatchObject({ verdict: 'proved' });
    const escaped = statement('theorem t: "\\<forall>x. P x \\<Longrightarrow> P a"');
    expect(await verdictOn(checker, 'by blast', escaped)).toMatchObject({ verdict: 'proved' });
  });

  it('forbids a proof that uses what the statement forbids', async () => {
    const itself = statement(ADD_ZERO, { forbidden: ['Nat.add_0_right'] });
    expect(await verdictOn(openOn(doubleTool()), 'by simp', itself)).toMatchObject({
      verdict: 'forbidden',
      reason: 'uses Nat.add_0_right, which is not allowed here',
    });
  });

  it('calls a header a fault where it does not load, whatever is said of it, and judges the others', async () => {
    const double = doubleTool();
    const checker = openOn(double);
    const under = (theory: string) => statement(ADD_ZERO, { header: `imports "${theory}"` });
    const lost = { verdict: 'fault', reason: expect.stringMatching(/Lost\) cannot be loaded: Cannot load/) };
    const broken = { verdict: 'fault', reason: expect.stringMatching(/cannot be loaded: Interrupt$/) };
    for (const proof of ['by simp', 'by auto'])
      expect(await verdictOn(checker, proof, under('HOL-Nowhere.Lost'))).toMatchObject(lost);
    expect(await verdictOn(checker, 'by simp', under('HOL-Broken.Interrupted'))).toMatchObject(broken);
    expect(await verdictOn(checker, 'by simp')).toMatchObject({ verdict: 'proved' });
    expect(serversOf(double)).toBe(1);
    // The judge's own theory, each header once, one question.
    expect(double.events().filter((event) => event === 'use_theories')).toHaveLength(5);
  });

  it('gives a header the time of a start, once for all its questions', async () => {
    const double = doubleTool();
    const checker = openOn(double, { startMs: 20_000, batch: 2 });
    const slow = statement(ADD_ZERO, { header: 'imports "HOL-Slow.Slow"' });
    const verdicts = await verdictsOn(checker, ['by simp', 'by auto', 'by blast', 'by arith'], slow);
    expect(verdicts.size).toBe(4);
    for (const verdict of verdicts.values())
      expect(verdict).toMatchObject({
        verdict: 'fault',
        reason:
          'the header (imports HOL-Slow.Slow) cannot be loaded: no end within 20000 ms; see checker.isabelle.startSeconds',
      });
    expect(double.events().filter((event) => event === 'slow')).toHaveLength(1);
  });

  it('does not hold it against an attempt that its header ends the session', async () => {
    const deadly = statement(ADD_ZERO, { header: 'imports "HOL-Broken.Deadly"' });
    expect(await verdictOn(openOn(doubleTool()), 'by simp', deadly)).toMatchObject({
      verdict: 'fault',
      reason: expect.stringMatching(/^the session was lost while it loaded HOL-Broken.Deadly: .* is gone/),
    });
  });

  it('keeps what a session answered that does not forget, and asks another next', async () => {
    const double = doubleTool({ modes: ['purge-error'] });
    const checker = openOn(double);
    for (const [proof, verdict] of [
      ['by simp', 'proved'],
      ['by blast', 'rejected'],
    ] as const)
      expect(await verdictOn(checker, proof)).toMatchObject({ verdict });
    expect(serversOf(double)).toBeGreaterThan(1);
  });

  it.each([
    ['unfinished', 'Isabelle gave no answer'],
    ['no-messages', 'messages'],
    ['start-failed', 'Session start failed'],
  ])('calls it a fault when the server is %s', async (mode, reason) => {
    expect(await verdictOn(openOn(doubleTool({ modes: [mode] })), 'by simp')).toMatchObject({
      verdict: 'fault',
      reason: expect.stringContaining(reason),
    });
  });

  it('waits for no start when it is closed', async () => {
    const double = doubleTool({ modes: ['start-hangs'] });
    const checker = checkerOf(double.tool, { startMs: 600_000 });
    const judging = verdictOn(checker, 'by simp');
    await double.event('starting');
    await checker.close();
    expect(await judging).toMatchObject({ verdict: 'fault', reason: expect.stringMatching(/ended|closed/) });
    expect(serversOf(double)).toBe(1);
  });

  it('judges at two servers at once', async () => {
    const double = doubleTool();
    const checker = openOn(double, { workers: 2, batch: 1 });
    const verdicts = await verdictsOn(checker, ['by simp', 'by auto', 'by blast']);
    expect([...verdicts].map(([proof, { verdict }]) => `${proof}: ${verdict}`).toSorted()).toEqual([
      'by auto: proved',
      'by blast: rejected',
      'by simp: proved',
    ]);
    expect(serversOf(double)).toBe(2);
  });

  it('gives a timeout and an exhausted stack of Isabelle’s as such, and remembers neither', async () => {
    const double = doubleTool();
    const checker = openOn(double);
    for (let i = 0; i < 2; i++) {
      const verdicts = await verdictsOn(checker, ['by (loop)', 'by (deep)']);
      expect(verdicts.get('by (loop)')).toMatchObject({
        verdict: 'timeout',
        reason: 'no end within 20000 ms',
      });
      expect(verdicts.get('by (deep)')).toMatchObject({
        verdict: 'memory',
        reason: 'out of stack or memory',
      });
    }
    // The judge's own theory, the header's, and the two questions twice.
    expect(double.events().filter((event) => event === 'use_theories')).toHaveLength(4);
    expect(serversOf(double)).toBe(1);
  });

  it('ends a session that hangs, starts another, and asks the rest of the batch again', async () => {
    const double = doubleTool();
    const checker = openOn(double, { wallMs: 50, graceMs: 3000 });
    const verdicts = await verdictsOn(checker, ['by (hang)', 'by simp']);
    expect(verdicts.get('by (hang)')).toMatchObject({ verdict: 'timeout', reason: 'no end within 50 ms' });
    expect(verdicts.get('by simp')).toMatchObject({ verdict: 'proved' });
    expect(double.events()).toContain('cancel');
    expect(double.events().filter((event) => event.startsWith('server')).length).toBeGreaterThan(1);
  });

  it('asks again what a dying session left, and calls what kills two of them memory', async () => {
    const verdicts = await verdictsOn(openOn(doubleTool()), ['by (die)', 'by simp']);
    expect(verdicts.get('by simp')).toMatchObject({ verdict: 'proved' });
    expect(verdicts.get('by (die)')).toMatchObject({
      verdict: 'memory',
      reason: expect.stringContaining('The Isabelle server is gone'),
    });
  });

  it('calls a failed task a fault, after a second try', async () => {
    const double = doubleTool();
    expect(await verdictOn(openOn(double), 'by (fail)')).toMatchObject({
      verdict: 'fault',
      reason: 'Interrupt',
    });
    expect(double.events().filter((event) => event.startsWith('server'))).toHaveLength(2);
  });

  it('takes no answer, one that does not read and two of them for faults, and keeps the others of the batch', async () => {
    const proofs = ['by (mute)', 'by (garble)', 'by (twice)', 'by simp'];
    const verdicts = await verdictsOn(openOn(doubleTool()), proofs);
    const reasons = ['no answer', 'JSON', '2 answers to one question'];
    for (const [i, reason] of reasons.entries())
      expect(verdicts.get(proofs[i] ?? '')).toMatchObject({
        verdict: 'fault',
        reason: expect.stringContaining(reason),
      });
    expect(verdicts.get('by simp')).toMatchObject({ verdict: 'proved' });
  });

  it('reads a reason with any character in it, and one of megabytes', async () => {
    const verdicts = await verdictsOn(openOn(doubleTool()), ['by (raw)', 'by (big)']);
    expect(verdicts.get('by (raw)')).toMatchObject({ verdict: 'rejected', reason: 'Undefined fact: "∀"' });
    expect(verdicts.get('by (big)')).toMatchObject({ verdict: 'rejected' });
    expect(verdicts.get('by (big)')?.reason).toHaveLength(2_000_000);
  });

  it('calls a disk that takes no theory a fault', async () => {
    vi.mocked(writeFile).mockRejectedValue(new Error('ENOSPC: no space left on device'));
    onTestFinished(() => void vi.mocked(writeFile).mockReset());
    expect(await verdictOn(openOn(doubleTool()), 'by simp')).toMatchObject({
      verdict: 'fault',
      reason: expect.stringContaining('ENOSPC'),
    });
  });

  it('expands the word sledgehammer only where it is asked to', async () => {
    expect(await verdictOn(openOn(doubleTool()), 'sledgehammer')).toMatchObject({ verdict: 'forbidden' });
    const expanding = openOn(doubleTool(), { sledgehammer: 'expand' });
    expect(await verdictOn(expanding, 'sledgehammer')).toMatchObject({
      verdict: 'rejected',
      reason: expect.stringMatching(/Failed/),
    });
  });

  it('inspects statements: their hash, or why they are none', async () => {
    const checker = openOn(doubleTool());
    const texts = [ADD_ZERO, 'theorem t: "nonsense"', 'theorem t: "a = b" by simp'];
    const said = await Array.fromAsync(checker.inspect(texts.map((text) => statement(text))));
    const by = new Map(said.map((s) => [s.id, s]));
    expect(by.get(texts[0] ?? '')).toMatchObject({
      ok: true,
      typeHash: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    expect(by.get(texts[1] ?? '')).toMatchObject({ ok: false, reason: 'Inner syntax error' });
    expect(by.get(texts[2] ?? '')).toMatchObject({
      ok: false,
      reason: expect.stringContaining('by is not allowed'),
    });
  });
});

describe('the strict tier', () => {
  it('accepts what a clean build confirms, many in one build', async () => {
    const double = doubleTool();
    const checker = openOn(double, { tier: 'strict' });
    const verdicts = await verdictsOn(checker, ['by simp', 'by auto', 'by (rule add_0_right)', 'by blast']);
    expect([...verdicts.values()].map((v) => v.verdict).toSorted()).toEqual([
      'proved',
      'proved',
      'proved',
      'rejected',
    ]);
    expect(double.events().filter((event) => event.startsWith('build'))).toHaveLength(1);
  });

  it('rejects what the build does not confirm, tells the log, and keeps the others', async () => {
    const events: IsabelleEvent[] = [];
    const double = doubleTool({ refuses: ['by auto'] });
    const checker = openOn(double, { tier: 'strict', log: (event) => events.push(event) });
    const verdicts = await verdictsOn(checker, ['by simp', 'by auto']);
    expect(verdicts.get('by simp')).toMatchObject({ verdict: 'proved' });
    expect(verdicts.get('by auto')).toMatchObject({
      verdict: 'rejected',
      reason: expect.stringContaining('strict: lakatos: Candidate_1 the fact proved is not the statement'),
      premises: [],
    });
    expect(events.filter((e) => e.event === 'strict-disagreement')).toHaveLength(1);
  });

  it.each([
    [
      'rejected',
      'Failed to finish proof; At command "by" (line 5 of "/tmp/lakatos-strict-1-x/Candidate_1.thy")',
    ],
    [
      'fault',
      'No space left on device; At command "by" (line 5 of "/tmp/lakatos-strict-1-x/Candidate_1.thy")',
    ],
    ['fault', 'Interrupt; At command "by" (line 5 of "/tmp/lakatos-strict-1-x/Candidate_1.thy")'],
    ['fault', 'Cannot load theory "X"; (line 2 of "/tmp/lakatos-strict-1-x/Candidate_1.thy")'],
    ['fault', 'No space left on device'],
  ])('calls it %s when the build fails with: %s', async (verdict, buildError) => {
    const checker = openOn(doubleTool({ buildError }), { tier: 'strict' });
    const reason = `strict: ${buildError.replace('; ', ' ')}`;
    expect(await verdictOn(checker, 'by simp')).toMatchObject({ verdict, reason, premises: [] });
  });

  it('accepts nothing on the exit code of a build alone', async () => {
    const double = doubleTool({ modes: ['unconfirmed'] });
    expect(await verdictOn(openOn(double, { tier: 'strict' }), 'by simp')).toMatchObject({
      verdict: 'fault',
      reason: 'strict: the build ended well and did not confirm Candidate_1',
    });
  });

  it('calls a disk that takes no candidate a fault', async () => {
    const full = new Error('ENOSPC: no space left on device');
    const { writeFile: write } = await vi.importActual<typeof import('node:fs/promises')>('node:fs/promises');
    vi.mocked(writeFile).mockImplementation((file, ...rest) =>
      String(file).includes('lakatos-strict') ? Promise.reject(full) : write(file, ...rest),
    );
    onTestFinished(() => void vi.mocked(writeFile).mockReset());
    expect(await verdictOn(openOn(doubleTool(), { tier: 'strict' }), 'by simp')).toMatchObject({
      verdict: 'fault',
      reason: 'strict: ENOSPC: no space left on device',
    });
  });

  it('begins no build that was ended before', async () => {
    const double = doubleTool();
    const worker = strictWorker(isabelleOf(double.tool), { session: 'HOL', dirs: [], threads: 1 });
    const building = worker.ask([{ imports: ['Main'], statement: ADD_ZERO, proof: 'by simp' }]);
    worker.kill();
    await expect(building).rejects.toThrow('the build was ended before it began');
    expect(double.events()).toEqual([]);
  });
});
