import { expect, test } from 'vitest';
import type { AlarmRule } from '../../../src/config/watch-settings.ts';
import { describeAlarm, raised } from '../../../src/selfplay/watching/alarms.ts';

const rules: readonly AlarmRule[] = [
  { metric: 'samplerEntropy', min: 0.1, max: 2, action: 'stop' },
  { metric: 'duplicateShare', max: 0.5, action: 'refresh' },
];

test('a figure on its bound is silent, one past it names metric, value, bound and action', () => {
  expect(raised({ samplerEntropy: 0.1, duplicateShare: 0.5 }, rules)).toEqual([]);
  expect(raised({ samplerEntropy: 0.05, duplicateShare: 0.75 }, rules)).toEqual([
    { metric: 'watch.samplerEntropy', value: 0.05, bound: { min: 0.1 }, action: 'stop' },
    { metric: 'watch.duplicateShare', value: 0.75, bound: { max: 0.5 }, action: 'refresh' },
  ]);
});

test('a figure that is absent raises nothing', () => {
  expect(raised({}, rules)).toEqual([]);
});

test('a figure that is no finite number is out of any bound, whichever side that is on', () => {
  const alarmed = { metric: 'samplerEntropy', action: 'warn' } as const;
  for (const value of [Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY])
    for (const bound of [{ min: 0.1 }, { max: 2 }]) {
      const [alarm] = raised({ samplerEntropy: value }, [{ ...alarmed, ...bound }]);
      expect(alarm).toMatchObject({ metric: 'watch.samplerEntropy', value: null, action: 'warn' });
      expect(alarm && describeAlarm(alarm)).toBe('watch.samplerEntropy is no finite number');
    }
});

test('an alarm reads as a sentence part', () => {
  const [alarm] = raised({ samplerEntropy: 12.345 }, rules);
  expect(alarm && describeAlarm(alarm)).toBe('watch.samplerEntropy is 12.3, above 2');
});
