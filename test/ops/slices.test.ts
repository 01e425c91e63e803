import { expect, test } from 'vitest';
import { eachInSlices } from '../../src/ops/slices.ts';

test('every item in order, with events heard in between', async () => {
  let events = 0;
  const timer = setInterval(() => events++, 1);
  const seen: number[] = [];
  const busyMs = (ms: number) => {
    const until = performance.now() + ms;
    while (performance.now() < until);
  };
  await eachInSlices([1, 2, 3, 4], (item) => {
    busyMs(12);
    seen.push(item, events);
  });
  clearInterval(timer);
  expect(seen.filter((_, i) => i % 2 === 0)).toEqual([1, 2, 3, 4]);
  expect(events).toBeGreaterThan(0);
});

test('an item that fails ends it with its error', async () => {
  const failing = eachInSlices([1, 2], (item) => {
    if (item === 2) throw new Error('two');
  });
  await expect(failing).rejects.toThrow('two');
});
