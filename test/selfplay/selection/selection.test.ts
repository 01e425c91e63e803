import fc from 'fast-check';
import { expect, test } from 'vitest';
import { STRATEGIES } from '../../../src/config/select-settings.ts';
import { randomFrom, shuffled } from '../../../src/ops/seeds.ts';
import type { Candidate } from '../../../src/selfplay/selection/gates.ts';
import { type SelectionRules, selectConjectures } from '../../../src/selfplay/selection/selection.ts';
import type { Surroundings } from '../../../src/selfplay/selection/strategies.ts';

const rules: SelectionRules = {
  strategy: 'window',
  window: { low: 0, high: 0.25 },
  requireLemma: true,
  relabelUnused: false,
  eleganceQuantile: 0,
  maxWeight: 4,
  shortProofChars: 0,
  guardedWeight: 1,
  maxKept: 100,
};
const around = (change: Partial<Surroundings> = {}): Surroundings => ({
  targets: [],
  vectors: new Map(),
  archive: new Map(),
  random: randomFrom(1),
  ...change,
});
const select = (candidates: readonly Candidate[], change: Partial<SelectionRules> = {}) =>
  selectConjectures(candidates, { ...rules, ...change }, around());

function candidate(change: Partial<Candidate> = {}): Candidate {
  const proofs = [{ text: 'simp [Nat.add_comm]', premises: ['Nat.add_comm'] }];
  const statement = 'theorem t (n : Nat) : n = n';
  const counts = { proved: 2, judged: 8, ...change };
  const passRate = counts.judged === 0 ? 0 : counts.proved / counts.judged;
  return { statementId: 'c', statement, lemmaName: 'Nat.add_comm', passRate, proofs, ...counts };
}
const outcomes = (candidates: readonly Candidate[], change: Partial<SelectionRules> = {}) =>
  select(candidates, change).map((s) => s.outcome);

test('the window is open below and closed above: 0 of 8 is out, 1 and 2 of 8 are in, 3 of 8 is out', () => {
  const tried = [0, 1, 2, 3].map((proved) => candidate({ statementId: `c${proved}`, proved }));
  expect(outcomes(tried)).toEqual(['unproved', 'selected', 'selected', 'too-easy']);
});

test('a conjecture whose attempts all ended in faults is unjudged, not unproved', () => {
  expect(outcomes([candidate({ proved: 0, judged: 0, proofs: [] })])).toEqual(['unjudged']);
});

test('a proof must use the lemma, unless the lemma was the trivial one or the rule is off', () => {
  const proofs = [{ text: 'omega', premises: ['Int.add_comm'] }];
  expect(outcomes([candidate({ proofs })])).toEqual(['lemma-unused']);
  expect(outcomes([candidate({ proofs, lemmaName: '' })])).toEqual(['selected']);
  expect(outcomes([candidate({ proofs })], { requireLemma: false })).toEqual(['selected']);
});

test('one of several proofs that uses the lemma is enough', () => {
  const proofs = [
    { text: 'omega', premises: [] },
    { text: 'rw [Nat.add_comm]', premises: ['Nat.add_comm'] },
  ];
  expect(outcomes([candidate({ proofs })])).toEqual(['selected']);
});

test('elegance is global: of five, a quantile of 0.2 drops the one with the shortest proof for its length', () => {
  const tried = ['a', 'bb', 'ccc', 'dddd', 'eeeee'].map((text, i) =>
    candidate({ statementId: `c${i}`, lemmaName: '', proofs: [{ text, premises: [] }] }),
  );
  expect(outcomes(tried, { eleganceQuantile: 0.2 })).toEqual([
    'inelegant',
    'selected',
    'selected',
    'selected',
    'selected',
  ]);
});

test('the cap keeps the hardest', () => {
  const tried = [2, 1].map((proved) => candidate({ statementId: `c${proved}`, proved }));
  expect(outcomes(tried, { maxKept: 1 })).toEqual(['over-cap', 'selected']);
});

test('every candidate gets one outcome, in order, and no more than the cap are selected', () => {
  const anyCandidate = fc.record({
    proved: fc.nat(8),
    spare: fc.nat(8),
    length: fc.integer({ min: 1, max: 50 }),
  });
  fc.assert(
    fc.property(
      fc.array(anyCandidate),
      fc.nat(5),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (drawn, maxKept, q) => {
        const tried = drawn.map(({ proved, spare, length }, i) =>
          candidate({
            statementId: `c${i}`,
            lemmaName: '',
            proved,
            judged: proved + spare,
            proofs: proved === 0 ? [] : [{ text: 'x'.repeat(length), premises: [] }],
          }),
        );
        const selections = select(tried, { maxKept, eleganceQuantile: q });
        expect(selections.map((s) => s.statementId)).toEqual(tried.map((c) => c.statementId));
        const selected = selections.filter((s) => s.outcome === 'selected');
        expect(selected.length).toBeLessThanOrEqual(maxKept);
        for (const s of selected) expect(s.proved > 0 && s.proved / s.judged <= 0.25).toBe(true);
      },
    ),
  );
});

test('relabelling keeps a conjecture whose proofs ignore its lemma, and says so', () => {
  const proofs = [{ text: 'omega', premises: [] }];
  const [ignores, uses] = select([candidate({ proofs }), candidate({ statementId: 'd' })], {
    relabelUnused: true,
  });
  expect(ignores).toMatchObject({ outcome: 'selected', relabelled: true });
  expect(uses).toMatchObject({ outcome: 'selected', relabelled: false });
});

test('a relabelled conjecture must still be in the window and elegant', () => {
  const unused = { lemmaName: 'Int.add_comm' };
  const tried = [
    candidate({ ...unused, statementId: 'easy', proved: 3 }),
    candidate({ ...unused, statementId: 'short', proofs: [{ text: 'x', premises: [] }] }),
    candidate({ statementId: 'good' }),
  ];
  expect(outcomes(tried, { relabelUnused: true, eleganceQuantile: 0.5 })).toEqual([
    'too-easy',
    'inelegant',
    'selected',
  ]);
});

test('where all proofs are very short or come from a contradiction the weight is capped; one real proof is enough', () => {
  const weights = (texts: readonly string[], premises: readonly string[] = []) =>
    select([candidate({ lemmaName: '', proofs: texts.map((text) => ({ text, premises })) })], {
      shortProofChars: 8,
      guardedWeight: 0.25,
    }).map((s) => [s.outcome, s.weight]);
  expect(weights(['omega'])).toEqual([['selected', 0.25]]);
  expect(weights(['intro h; exact absurd h (by simp)'])).toEqual([['selected', 0.25]]);
  expect(weights(['exact elimHere h'], ['False.elim'])).toEqual([['selected', 0.25]]);
  expect(weights(['omega', 'induction n <;> simp'])).toEqual([['selected', 1]]);
  expect(weights(['rw [absurdities]'])).toEqual([['selected', 1]]);
});

test('the cap goes by the guarded weight: one that teaches little takes no place of one that teaches more', () => {
  const tried = [
    candidate({ statementId: 'hard but short', proved: 1, proofs: [{ text: 'omega', premises: [] }] }),
    candidate({ statementId: 'other' }),
  ];
  const guarded = { requireLemma: false, shortProofChars: 10, guardedWeight: 0.25, maxKept: 1 };
  expect(select(tried, guarded).map((s) => [s.outcome, s.weight])).toEqual([
    ['over-cap', 0],
    ['selected', 1],
  ]);
  expect(outcomes(tried, { ...guarded, guardedWeight: 1 })).toEqual(['selected', 'over-cap']);
});

test('what is not kept weighs nothing', () => {
  const tried = [candidate(), candidate({ statementId: 'easy', proved: 8 })];
  expect(select(tried).map((s) => s.weight)).toEqual([1, 0]);
});

test('matching drops what no problem is near to, and the cap then keeps those of most weight', () => {
  const vectors = new Map([
    ['far', [0, 1]],
    ['near', [1, 0]],
    ['middle', [0.8, 0.6]],
    ['p', [1, 0]],
    ['q', [1, 0.1]],
    ['r', [0.8, 0.6]],
  ]);
  const targets = ['p', 'q', 'r'].map((statementId) => ({ statementId, votes: 1 }));
  const tried = ['far', 'near', 'middle'].map((statementId) => candidate({ statementId }));
  const matched = (maxKept: number) =>
    selectConjectures(tried, { ...rules, strategy: 'matching', maxKept }, around({ vectors, targets })).map(
      (s) => [s.outcome, s.weight],
    );
  expect(matched(9)).toEqual([
    ['unmatched', 0],
    ['selected', 2],
    ['selected', 1],
  ]);
  expect(matched(1)).toEqual([
    ['unmatched', 0],
    ['selected', 2],
    ['over-cap', 0],
  ]);
});

test.each(STRATEGIES)(
  '%s with no problem left to be near to keeps at least one, with no embedding asked for',
  (strategy) => {
    const [first] = selectConjectures([candidate()], { ...rules, strategy }, around());
    expect(first).toMatchObject({ outcome: 'selected', weight: 1 });
  },
);

test.each(STRATEGIES)('%s with no conjecture, or none that is barely provable, keeps none', (strategy) => {
  const none = [0, 8].map((proved) => candidate({ statementId: `c${proved}`, proved }));
  const targets = [{ statementId: 'p', votes: 1 }];
  const chosen = (candidates: readonly Candidate[]) =>
    selectConjectures(candidates, { ...rules, strategy }, around({ targets }));
  expect(chosen([])).toEqual([]);
  expect(chosen(none).map((s) => s.outcome)).toEqual(['unproved', 'too-easy']);
});

test.each(STRATEGIES)('%s chooses the same whatever order conjectures and problems come in', (strategy) => {
  const unit = fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 3, maxLength: 3 });
  const problem = fc.record({ vector: unit, votes: fc.integer({ min: 1, max: 3 }) });
  fc.assert(
    fc.property(
      fc.array(fc.record({ vector: unit, proved: fc.integer({ min: 1, max: 2 }), forms: fc.nat(2) })),
      fc.array(problem),
      fc.nat(),
      (conjectures, problems, seed) => {
        const tried = conjectures.map(({ proved, forms }, i) =>
          candidate({
            statementId: `c${i}`,
            proved,
            statement: `theorem t : ${['1 = 1', '1 ≤ 2', 'a ∨ b'][forms]}`,
          }),
        );
        const targets = problems.map(({ votes }, i) => ({ statementId: `p${i}`, votes }));
        const vectors = new Map([
          ...conjectures.map(({ vector }, i) => [`c${i}`, vector] as const),
          ...problems.map(({ vector }, i) => [`p${i}`, vector] as const),
        ]);
        const choose = (a: readonly Candidate[], b: typeof targets) =>
          new Map(
            selectConjectures(a, { ...rules, strategy, maxKept: 3 }, around({ targets: b, vectors })).map(
              (s) => [s.statementId, s],
            ),
          );
        const random = randomFrom(seed);
        expect(choose(shuffled(tried, random), shuffled(targets, random))).toEqual(choose(tried, targets));
      },
    ),
  );
});

test('the window asks for the unbiased pass rate, not for the plain share', () => {
  const tried = candidate({ proved: 2, judged: 8 });
  expect(outcomes([{ ...tried, passRate: 0.3 }])).toEqual(['too-easy']);
  expect(outcomes([{ ...tried, passRate: 0.2 }])).toEqual(['selected']);
});
