/**
 * Runs an asynchronous function over items, several at a time, and yields results as they come. Items are taken only
 * when there is room to run them, so a slow reader of the results slows the source down; results do not wait for the
 * next item to come. It decides no order. The cost of an item does not grow with how many run at once.
 */
import type { Source } from './checker.ts';

export async function* unordered<T, R>(
  items: Source<T>,
  concurrency: number,
  run: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const source = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const ready: R[] = [];
  const failures: unknown[] = [];
  let running = 0;
  let reading = false;
  let exhausted = false;
  let wake = (): void => {};

  // Results that nobody has taken yet occupy their place.
  const hasRoom = (): boolean => !exhausted && failures.length === 0 && running + ready.length < concurrency;
  const read = async (): Promise<void> => {
    reading = true;
    while (hasRoom()) {
      const next = await source.next();
      if (next.done) exhausted = true;
      else void start(next.value);
    }
    reading = false;
  };
  const start = async (item: T): Promise<void> => {
    running++;
    try {
      ready.push(await run(item));
    } catch (error) {
      failures.push(error);
    }
    running--;
    wake();
  };

  try {
    for (;;) {
      if (!reading && hasRoom())
        void read()
          .catch((error: unknown) => failures.push(error))
          .finally(() => wake());
      const result = ready.splice(0, 1);
      if (result.length > 0) yield* result;
      else if (failures.length > 0) throw failures[0];
      else if (exhausted && running === 0) return;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  } finally {
    // Not waited for: a source that is blocked on its own input would hold up whoever stopped listening.
    if (!exhausted) void Promise.resolve(source.return?.()).catch(() => {});
  }
}
