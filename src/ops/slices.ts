/** Long synchronous work on the main thread, in slices, so that events, timers and signals are heard between them. */
import { setImmediate } from 'node:timers/promises';

/** Longest slice, in milliseconds, but for its last item. */
const SLICE_MS = 10;

/** Calls `work` on every item, in order. */
export async function eachInSlices<T>(items: Iterable<T>, work: (item: T) => void): Promise<void> {
  let begun = performance.now();
  for (const item of items) {
    work(item);
    if (performance.now() - begun < SLICE_MS) continue;
    await setImmediate();
    begun = performance.now();
  }
}
