import fc from 'fast-check';
import { expect, test } from 'vitest';
import { unordered } from '../../src/checkers/stream.ts';

/** A promise and its key. */
function gate<T>() {
  let open: (value: T) => void = () => {};
  const passed = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

test('every item gives one result, whatever the order and the source', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat()),
      fc.integer({ min: 1, max: 5 }),
      fc.boolean(),
      fc.scheduler(),
      async (items, concurrency, asynchronous, s) => {
        const source = asynchronous ? (async function* () { yield* items; })() : items; // biome-ignore format: one line
        const collected = (async () => {
          const results: number[] = [];
          for await (const r of unordered(source, concurrency, (item) =>
            s.schedule(Promise.resolve(item * 2)),
          ))
            results.push(r);
          return results;
        })();
        await s.waitFor(collected);
        expect((await collected).toSorted()).toEqual(items.map((item) => item * 2).toSorted());
      },
    ),
  );
});

test('a result does not wait for the next item to come', async () => {
  const never = gate<number>();
  async function* source() {
    yield 1;
    yield await never.passed;
  }
  const results = unordered(source(), 2, async (n) => n);
  expect(await results.next()).toEqual({ value: 1, done: false });
});

test('no more items are taken than run at once, and the slow reader slows the source down', async () => {
  let taken = 0;
  function* source() {
    for (;;) yield taken++;
  }
  const results = unordered(source(), 3, async (n) => n);
  for (let i = 0; i < 10; i++) await results.next();
  expect(taken).toBeLessThanOrEqual(13);
  await results.return();
});

test('with no room for the next item, nothing turns until one is done', async () => {
  const done = gate<number>();
  const results = unordered([1, 2, 3], 2, () => done.passed);
  const first = results.next();
  setImmediate(() => done.open(7)); // never comes to run where waiting is a loop
  expect(await first).toEqual({ value: 7, done: false });
  expect(await Array.fromAsync(results)).toEqual([7, 7]);
});

test('a reader that stops closes the source', async () => {
  const closed = gate<string>();
  async function* source() {
    try {
      for (let i = 0; ; i++) yield i;
    } finally {
      closed.open('closed');
    }
  }
  for await (const _ of unordered(source(), 2, async (n) => n)) break;
  expect(await closed.passed).toBe('closed');
});

test('an error of the source is the reader’s error', async () => {
  async function* source() {
    yield 1;
    throw new Error('the disk went away');
  }
  const read = async () => {
    for await (const _ of unordered(source(), 2, async (n) => n)) {
      // nothing to do with it
    }
  };
  await expect(read()).rejects.toThrow('the disk went away');
});
