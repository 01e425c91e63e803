import fc from 'fast-check';
import { expect, test } from 'vitest';
import { firstByHash } from '../../src/seed/proofs.ts';

test('a part of the names is the same whatever their order, and lies in every larger part', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string(), { minLength: 1 }), fc.nat(20), fc.nat(20), (names, a, b) => {
      const [less, more] = [Math.min(a, b), Math.max(a, b)];
      const part = firstByHash(names, less);
      expect(part).toHaveLength(Math.min(less, names.length));
      expect(firstByHash(names.toReversed(), less)).toEqual(part);
      expect(firstByHash(names, more).slice(0, less)).toEqual(part);
    }),
  );
});

test('without a count it is all of them', () => {
  expect(firstByHash(['b', 'a', 'c']).toSorted()).toEqual(['a', 'b', 'c']);
});
