import fc from 'fast-check';
import { expect, test } from 'vitest';
import { randomFrom } from '../../../src/ops/seeds.ts';
import { TRIVIAL_LEMMA } from '../../../src/prompts/prompts.ts';
import {
  conjectureInputs,
  type InputRules,
  type ProvedSeed,
} from '../../../src/selfplay/proposing/inputs.ts';

const lemmas = new Map([
  ['A', 'theorem A : 1 = 1'],
  ['B', 'theorem B : 2 = 2'],
]);
const seed = (id: string, premises: readonly string[]): ProvedSeed => ({
  statement: { id, language: 'lean', header: '', text: `theorem t : ${id}`, forbidden: [] },
  proof: 'simp',
  premises,
});
const rules: InputRules = { count: 10, trivialLemmaShare: 0.2, maxPerLemma: 1 };
const inputs = (seeds: readonly ProvedSeed[], change: Partial<InputRules> = {}) =>
  conjectureInputs(seeds, lemmas, { ...rules, ...change }, randomFrom(1));

test('a lemma is one that the seed proof uses and the library states', () => {
  const made = inputs([seed('s', ['A', 'A', 'Eq.trans'])], { trivialLemmaShare: 0 });
  expect(made.map((i) => i.lemma).toSorted()).toEqual(['theorem A : 1 = 1', TRIVIAL_LEMMA].toSorted());
});

test('the trivial lemma has a share of its own', () => {
  const seeds = Array.from({ length: 50 }, (_, i) => seed(`s${i}`, ['A', 'B']));
  const made = inputs(seeds, { count: 40, trivialLemmaShare: 0.25 });
  expect(made.filter((i) => i.lemmaName === '')).toHaveLength(10);
  expect(made).toHaveLength(40);
});

test('no lemma stands in more than its share of the inputs', () => {
  const seeds = Array.from({ length: 50 }, (_, i) => seed(`s${i}`, i === 0 ? ['B'] : ['A']));
  const made = inputs(seeds, { count: 20, maxPerLemma: 0.1 });
  expect(made.filter((i) => i.lemmaName === 'A')).toHaveLength(2);
});

test('that holds of the inputs that are made, also where they run out', () => {
  const seeds = fc.array(fc.subarray(['A', 'B']), { minLength: 1, maxLength: 40 });
  const share = fc.double({ min: 0.01, max: 1, noNaN: true });
  fc.assert(
    fc.property(
      seeds,
      fc.integer({ min: 1, max: 200 }),
      share,
      share,
      (premises, count, maxPerLemma, trivial) => {
        const made = inputs(
          premises.map((p, i) => seed(`s${i}`, p)),
          { count, maxPerLemma, trivialLemmaShare: trivial },
        );
        for (const name of ['A', 'B'])
          expect(made.filter((i) => i.lemmaName === name).length).toBeLessThanOrEqual(
            Math.max(1, made.length * maxPerLemma),
          );
      },
    ),
  );
  const twenty = Array.from({ length: 20 }, (_, i) => seed(`s${i}`, ['A']));
  const made = inputs(twenty, { count: 200, maxPerLemma: 0.1 });
  expect(made.map((i) => i.lemmaName).toSorted()).toEqual([...twenty.map(() => ''), 'A', 'A']);
});

test('with nothing proved there is no input', () => {
  expect(inputs([])).toEqual([]);
});

test('inputs are distinct and never more than wanted', () => {
  const seeds = fc.array(fc.subarray(['A', 'B', 'C']), { maxLength: 30 });
  fc.assert(
    fc.property(seeds, fc.nat(40), fc.double({ min: 0, max: 1, noNaN: true }), (premises, count, share) => {
      const made = inputs(
        premises.map((p, i) => seed(`s${i}`, p)),
        { count, trivialLemmaShare: share },
      );
      expect(made.length).toBeLessThanOrEqual(count);
      expect(new Set(made.map((i) => `${i.seed.id} ${i.lemmaName}`)).size).toBe(made.length);
    }),
  );
});
