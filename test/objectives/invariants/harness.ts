/**
 * What the properties of the thirteen invariants share, and how each is shown to notice an altered formula. Every
 * expectation of a property has a clause, the equation it is about, so that a failure names what is broken.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tokenMean } from '../../../src/objectives/aggregates.ts';
import { mixedOnly } from '../../../src/objectives/filters.ts';
import { defineObjective, type Objective, type ObjectiveSpec } from '../../../src/objectives/index.ts';
import { everyAttempt } from '../../../src/objectives/selectors.ts';
import { leaveOneOut, type Weight } from '../../../src/objectives/weights.ts';

/** RLOO on ±1 over all tokens of mixed groups, but for the parts given. */
export function objectiveWith(parts: Partial<ObjectiveSpec>): Objective {
  return defineObjective('test', {
    formula: '',
    filter: mixedOnly,
    select: everyAttempt,
    weight: leaveOneOut('±1'),
    aggregate: tokenMean,
    ...parts,
  });
}

export const weighedBy = (weight: Weight): Objective => objectiveWith({ weight });

export function expectVector(
  actual: readonly number[],
  expected: readonly number[],
  clause: string,
  digits = 10,
): void {
  expect(actual, clause).toEqual(expected.map((x) => expect.closeTo(x, digits)));
}

export interface Mutation<Formula> {
  /** What somebody could have got wrong. */
  readonly mistake: string;
  readonly altered: Formula;
  /** The clause that fails. */
  readonly breaks: string;
}

/** The property holds of the formula, and of each altered one it fails in the clause named, by no crash. */
export function mutations<Formula>(
  invariant: string,
  property: (formula: Formula) => fc.IProperty<unknown>,
  formula: Formula,
  altered: readonly Mutation<Formula>[],
): void {
  describe(invariant, () => {
    test('holds of the formula', () => {
      fc.assert(property(formula));
    });
    for (const { mistake, altered: mutant, breaks } of altered)
      test(`notices ${mistake}, by “${breaks}”`, () => {
        // Any seed will do; one keeps the first failure the same.
        const { failed, errorInstance } = fc.check(property(mutant), { seed: 1, endOnFailure: true });
        expect(failed).toBe(true);
        expect(errorInstance).toMatchObject({
          name: 'AssertionError',
          message: expect.stringContaining(`${breaks}: expected`),
        });
      });
  });
}
