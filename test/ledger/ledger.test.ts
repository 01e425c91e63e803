import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { VerdictKind } from '../../src/checkers/checker.ts';
import { type Ledger, openLedger, type VerdictRecord } from '../../src/ledger/index.ts';
import { attempt, conjecture, conjectured, problem, verdict } from './records.ts';

let dir = '';
let ledger: Ledger;
let clock = 0;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lakatos-ledger-'));
  clock = 0;
  ledger = openLedger(join(dir, 'ledger.sqlite'), { now: () => clock });
  ledger.statements.insert([problem('s'), problem('t'), problem('h', 'heldout')]);
});
afterEach(() => {
  ledger.close();
  rmSync(dir, { recursive: true });
});

const ROUND = { round: 1, purpose: 'prove' } as const;

describe('what is stored comes back', () => {
  test('statements of both sources', () => {
    ledger.statements.insert([conjectured('c')]);
    expect(ledger.statements.get('s')).toEqual(problem('s'));
    expect(ledger.statements.get('c')).toEqual(conjectured('c'));
    expect(ledger.statements.get('nobody')).toBeUndefined();
    expect(ledger.statements.idsByTypeHash()).toEqual(new Map([['0123456789abcdef', 'c']]));
  });

  test('what can be learned from: conjectures and what was tried, not what was only evaluated', () => {
    ledger.statements.insert([conjectured('c')]);
    ledger.attempts.insert([
      attempt('tried', { statementId: 't' }),
      attempt('eval', { statementId: 'h', purpose: 'evaluate' }),
    ]);
    expect(ledger.statements.learnable().map((s) => s.id)).toEqual(['c', 't']);
  });

  test('attempts, with tokens exact and log-probs to 32 bits', () => {
    const token = fc.integer({ min: 0, max: 2 ** 31 - 1 });
    const sample = fc.array(fc.tuple(token, fc.float({ max: 0, noNaN: true })), { maxLength: 20 });
    let n = 0;
    fc.assert(
      fc.property(sample, fc.array(token), fc.string(), (pairs, promptTokens, text) => {
        const id = `a${n++}`;
        const [tokens, logprobs] = [pairs.map(([t]) => t), pairs.map(([, lp]) => lp)];
        const stored = attempt(id, { tokens, logprobs, promptTokens, prompt: `p${text}`, text });
        ledger.attempts.insert([stored]);
        expect(ledger.attempts.get(id)).toEqual(stored);
      }),
    );
  });

  test('prompts that differ in tokens alone are kept apart', () => {
    const [a, b] = [attempt('a', { promptTokens: [1] }), attempt('b', { promptTokens: [2] })];
    ledger.attempts.insert([a, b]);
    expect([ledger.attempts.get('a'), ledger.attempts.get('b')]).toEqual([a, b]);
  });

  test('run, policies, bundles, weights and metrics', () => {
    const run = { id: 'r', config: '{}', seed: 1, toolchain: 'lean', versions: { node: '24' }, startedAt: 5 };
    ledger.run.begin(run);
    ledger.run.begin({ ...run, id: 'another' });
    expect(ledger.run.read()).toEqual(run);
    const policy = { version: 'v2', parent: 'v1', bundleHash: 'b', path: 'policies/v2', createdAt: 6 };
    ledger.policies.insert(policy);
    expect([ledger.policies.get('v2'), ledger.policies.list()]).toEqual([policy, [policy]]);
    const bundle = { hash: 'b', round: 1, rows: 1, tokens: 2, path: '' };
    const weight = {
      bundleHash: 'b',
      role: 'prover',
      sampleId: 'a',
      objective: 'raft',
      reward: 0,
      c: 1,
      k: 4,
      weight: -0.5,
    } as const;
    ledger.bundles.insert(bundle, [weight]);
    expect([ledger.bundles.list(), ledger.bundles.weights('b')]).toEqual([[bundle], [weight]]);
    ledger.metrics.set(1, { loss: 2, seconds: 3 });
    ledger.metrics.set(1, { loss: 1 });
    expect(ledger.metrics.get(1)).toEqual({ loss: 1, seconds: 3 });
  });
});

describe('verdicts', () => {
  test('a fault leaves the pass rate, is replaced by any verdict, and replaces none', () => {
    ledger.attempts.insert(['a', 'b', 'c'].map((id, index) => attempt(id, { index })));
    ledger.verdicts.insert([verdict('a', 'proved'), verdict('b', 'fault'), verdict('c', 'timeout')]);
    expect(ledger.verdicts.passRates(ROUND)).toEqual([{ statementId: 's', proved: 1, judged: 2, faults: 1 }]);
    ledger.verdicts.insert([verdict('a', 'fault'), verdict('b', 'rejected'), verdict('c', 'proved')]);
    expect(ledger.verdicts.passRates(ROUND)).toEqual([{ statementId: 's', proved: 1, judged: 3, faults: 0 }]);
    expect(ledger.verdicts.get('c')?.verdict).toBe('timeout');
  });

  test('pass rates are told apart by round and purpose, verdicts counted by policy version too', () => {
    const others = [
      attempt('round', { round: 2 }),
      attempt('purpose', { purpose: 'evaluate' }),
      attempt('version', { policyVersion: 'v2' }),
    ];
    ledger.attempts.insert([attempt('a'), ...others]);
    ledger.verdicts.insert(['a', 'round', 'purpose', 'version'].map((id) => verdict(id, 'rejected')));
    expect(ledger.verdicts.passRates(ROUND)).toMatchObject([{ judged: 2 }]);
    expect(ledger.verdicts.counts().map((row) => row.count)).toEqual([1, 1, 1, 1]);
  });

  test('pending attempts are those without a verdict, and the faults when they are to be retried', () => {
    ledger.attempts.insert(['a', 'b', 'c'].map((id, index) => attempt(id, { index })));
    ledger.verdicts.insert([verdict('a', 'proved'), verdict('b', 'fault')]);
    expect([...ledger.attempts.pending(ROUND)].map((a) => a.id)).toEqual(['c']);
    expect([...ledger.attempts.pending(ROUND, { retryFaults: true })].map((a) => a.id)).toEqual(['b', 'c']);
    expect(ledger.attempts.pendingCount(ROUND, { retryFaults: true })).toBe(2);
    expect(ledger.attempts.ids(ROUND)).toEqual(new Set(['a', 'b', 'c']));
    expect(ledger.attempts.totals(ROUND)).toEqual({ attempts: 3, tokens: 6 });
  });

  test('groups hold the judged attempts of one statement, in sample order', () => {
    ledger.attempts.insert([
      attempt('b', { index: 1 }),
      attempt('a', { index: 0 }),
      attempt('t', { statementId: 't' }),
      attempt('waiting', { index: 2 }),
    ]);
    ledger.verdicts.insert([verdict('b', 'proved'), verdict('a', 'fault'), verdict('t', 'forbidden')]);
    const groups = [...ledger.attempts.judgedGroups(ROUND)];
    const brief = groups.map((g) => [g.statementId, g.attempts.map((a) => `${a.id} ${a.verdict}`)]);
    expect(brief).toEqual([
      ['s', ['a fault', 'b proved']],
      ['t', ['t forbidden']],
    ]);
    expect(groups[0]?.attempts[1]).toMatchObject({
      axioms: ['propext'],
      premises: ['Nat.add_comm'],
      tokens: [4, 5],
    });
  });

  test('a verdict for an attempt that nobody made is refused', () => {
    expect(() => ledger.verdicts.insert([verdict('ghost', 'proved')])).toThrow(/FOREIGN KEY/);
  });
});

describe('proofs', () => {
  test('the shortest of each proved statement; held-out evaluation is never among them', () => {
    ledger.attempts.insert([
      attempt('long', { text: 'by simp; simp' }),
      attempt('short', { text: 'by rfl', index: 1, round: 2 }),
      attempt('wrong', { text: 'x', index: 2 }),
      attempt('seed', { statementId: 't', purpose: 'seed', round: 0 }),
      attempt('eval', { statementId: 'h', purpose: 'evaluate' }),
    ]);
    const proved = ['long', 'short', 'seed', 'eval'].map((id) => verdict(id, 'proved'));
    ledger.verdicts.insert([...proved, verdict('wrong', 'rejected')]);
    expect(ledger.proofs.shortest().map((p) => [p.statementId, p.text])).toEqual([
      ['s', 'by rfl'],
      ['t', 'by simp'],
    ]);
    expect(ledger.proofs.ofRounds(0, 1).map((p) => p.attemptId)).toEqual(['long', 'seed']);
    expect(ledger.proofs.ofStatement('s').map((p) => p.attemptId)).toEqual(['short', 'long']);
  });
});

test('the funnel counts a round from proposed to selected', () => {
  ledger.statements.insert([conjectured('c')]);
  ledger.conjectures.insert(['x', 'y', 'z'].map((id) => conjecture(id)));
  const plain = { detail: '', parsed: '', statementId: null, typeHash: null };
  ledger.conjectures.insertScreenings([
    { ...plain, conjectureId: 'x', outcome: 'kept', statementId: 'c' },
    { ...plain, conjectureId: 'y', outcome: 'refuted' },
  ]);
  ledger.selections.insert([
    {
      round: 1,
      statementId: 'c',
      outcome: 'selected',
      proved: 1,
      judged: 8,
      elegance: 0.5,
      weight: 1.5,
      relabelled: true,
    },
  ]);
  expect(ledger.funnel(1)).toEqual({
    proposed: 3,
    screened: { kept: 1, refuted: 1 },
    selected: { selected: 1 },
  });
  expect(ledger.conjectures.unscreened(1)).toEqual([conjecture('z')]);
  expect(ledger.statements.keptConjectures(1)).toEqual([conjectured('c')]);
  expect(ledger.funnel(2)).toEqual({ proposed: 0, screened: {}, selected: {} });
});

describe('steps', () => {
  test('a resumed step counts its earlier tries up to their last sign of life', () => {
    expect(ledger.steps.begin(1, 'prove')).toBe('fresh');
    clock = 4000;
    ledger.steps.touch(1, 'prove');
    clock = 100_000;
    expect(ledger.steps.begin(1, 'prove')).toBe('resumed');
    clock = 101_000;
    ledger.steps.finish(1, 'prove');
    expect(ledger.steps.begin(1, 'prove')).toBe('done');
    expect(ledger.steps.list(1)).toMatchObject([
      { status: 'done', startedAt: 0, finishedAt: 101_000, seconds: 5 },
    ]);
  });

  test('data and done-mark fail together', () => {
    ledger.steps.begin(1, 'prove');
    const failing = () =>
      ledger.steps.finish(1, 'prove', () => {
        ledger.attempts.insert([attempt('a')]);
        throw new Error('half way');
      });
    expect(failing).toThrow('half way');
    expect([ledger.attempts.get('a'), ledger.steps.isDone(1, 'prove')]).toEqual([undefined, false]);
    ledger.attempts.insert([attempt('b')]);
    expect(ledger.attempts.get('b')?.prompt).toBe('prove s');
  });

  test('a step that was never begun cannot be finished', () => {
    expect(() => ledger.steps.finish(1, 'learn')).toThrow('step learn of round 1 was finished without');
  });
});

test('whatever the order and however often batches are repeated, the ledger ends the same', () => {
  const ids = ['a', 'b', 'c', 'd'];
  const kind = fc.constantFrom<VerdictKind>('proved', 'rejected', 'timeout');
  const final = fc.tuple(kind, kind, kind, kind);
  const batch = fc.record({ ids: fc.subarray(ids), fault: fc.boolean() });
  let n = 0;
  fc.assert(
    fc.property(final, fc.array(batch, { maxLength: 8 }), (kinds, batches) => {
      const round = n++;
      const attempts = ids.map((id, index) => attempt(`${round}${id}`, { round, index }));
      const judge = (id: string, fault: boolean): VerdictRecord =>
        verdict(`${round}${id}`, fault ? 'fault' : (kinds[ids.indexOf(id)] ?? 'fault'));
      for (const part of [...batches, { ids, fault: false }]) {
        ledger.attempts.insert(attempts.filter((a) => part.ids.some((id) => a.id === `${round}${id}`)));
        ledger.verdicts.insert(part.ids.map((id) => judge(id, part.fault)));
      }
      const group = [...ledger.attempts.judgedGroups({ round, purpose: 'prove' })][0];
      expect(group?.attempts.map((a) => a.verdict)).toEqual(kinds);
      expect([...ledger.attempts.pending({ round, purpose: 'prove' }, { retryFaults: true })]).toEqual([]);
    }),
    { numRuns: 50 },
  );
});
