import { expect, test } from 'vitest';
import { byLanguage } from '../../src/checkers/by-language.ts';
import type { Attempt, Checker } from '../../src/checkers/checker.ts';
import { LakatosError } from '../../src/ops/errors.ts';
import type { Language } from '../../src/statements/statement.ts';
import { fakeChecker } from './fake-checker.ts';

const attempt = (id: string, language: Language): Attempt => ({
  id,
  statement: { id, language, header: '', text: 'theorem t', forbidden: [] },
  proof: 'by it',
});
const MIXED = [
  attempt('a', 'lean'),
  attempt('b', 'isabelle'),
  attempt('c', 'lean'),
  attempt('d', 'isabelle'),
];

const route = (isabelle: () => Checker, warn: (message: string) => void = () => {}) => {
  const lean = fakeChecker(undefined, 'lean 1');
  return {
    lean,
    router: byLanguage({ lean: () => lean, isabelle }, { first: 'lean', concurrency: 4, warn }),
  };
};

test('each statement goes to the checker of its language', async () => {
  const isabelle = fakeChecker(undefined, 'isabelle 1');
  const { lean, router } = route(() => isabelle);
  const ids = (await Array.fromAsync(router.judge(MIXED))).map((v) => v.id);
  expect(ids.toSorted()).toEqual(['a', 'b', 'c', 'd']);
  expect(lean.asked.map((a) => a.id)).toEqual(['a', 'c']);
  expect(isabelle.asked.map((a) => a.id)).toEqual(['b', 'd']);
  expect(router.toolchain).toBe('lean 1; isabelle 1');
});

test('a checker is opened with the first statement that needs it, and closed with the others', async () => {
  const isabelle = fakeChecker();
  let opened = 0;
  const { lean, router } = route(() => {
    opened++;
    return isabelle;
  });
  await Array.fromAsync(router.judge([attempt('a', 'lean')]));
  expect([opened, router.toolchain]).toEqual([0, 'lean 1']);
  await Array.fromAsync(router.inspect(MIXED.map((a) => a.statement)));
  expect([opened, isabelle.inspected.length, lean.inspected.length]).toEqual([1, 2, 2]);
  await router.close();
  expect([lean.closed, isabelle.closed]).toEqual([true, true]);
});

test('without one of them its rows are faults with the reason, said once, and the others are judged', async () => {
  const said: string[] = [];
  const missing = () => {
    throw new LakatosError('no Isabelle is set up');
  };
  const { router } = route(missing, (message) => said.push(message));
  const verdicts = new Map((await Array.fromAsync(router.judge(MIXED))).map((v) => [v.id, v]));
  expect(verdicts.get('a')?.verdict).toBe('proved');
  for (const id of ['b', 'd'])
    expect(verdicts.get(id)).toMatchObject({
      verdict: 'fault',
      reason: 'cannot be judged: no Isabelle is set up',
    });
  const [inspection] = await Array.fromAsync(router.inspect([attempt('e', 'isabelle').statement]));
  expect(inspection).toMatchObject({ ok: false, reason: 'fault: cannot be judged: no Isabelle is set up' });
  expect(said).toEqual(['Statements of the language isabelle cannot be judged: no Isabelle is set up']);
});

test('where the language asked for first cannot be judged, nothing is opened', () => {
  const lean = () => {
    throw new LakatosError('no Lean');
  };
  const open = () =>
    byLanguage({ lean, isabelle: fakeChecker }, { first: 'lean', concurrency: 4, warn() {} });
  expect(open).toThrow('no Lean');
});
