import { execa } from 'execa';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RequestError } from '../../../src/policy/onnx/errors.ts';
import { KeyValueCache } from '../../../src/policy/onnx/kv-cache.ts';
import { type PlanInput, planSampling } from '../../../src/policy/onnx/memory-plan.ts';
import { parameterCount } from '../../../src/policy/onnx/parameters.ts';
import { tinyConfig } from './tiny.ts';

const config = tinyConfig({ contextLength: 256 });
const input = (changes: Partial<PlanInput> = {}): PlanInput => ({
  batchSize: 64,
  prefillTokens: 512,
  longestPrompt: 20,
  maxTokens: 100,
  budgetBytes: 2 ** 40,
  heldCopies: 1,
  weightCopies: 1,
  sessions: 2,
  ...changes,
});

test('the plan is the largest batch that fits: one more row would not', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 64 }),
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 200 }),
      fc.double({ min: 0.05, max: 1.2, noNaN: true }),
      (batchSize, longestPrompt, maxTokens, share) => {
        const wanted = input({ batchSize, longestPrompt, maxTokens });
        const budgetBytes = Math.floor(planSampling(config, wanted).totalBytes * share);
        const least = planSampling(config, { ...wanted, batchSize: 1 }).totalBytes;
        const plan = () => planSampling(config, { ...wanted, budgetBytes });
        if (budgetBytes < least) {
          expect(plan).toThrow(RequestError);
          return;
        }
        const { rows, totalBytes } = plan();
        expect(totalBytes).toBeLessThanOrEqual(budgetBytes);
        if (rows === batchSize) return;
        const next = planSampling(config, { ...wanted, batchSize: rows + 1 });
        expect(next.totalBytes).toBeGreaterThan(budgetBytes);
      },
    ),
  );
});

test('the planned cache is what the cache takes when all rows are as long as they get', () => {
  const plan = planSampling(config, input({ batchSize: 7 }));
  const cache = new KeyValueCache(config, plan.rows, plan.capacity);
  cache.fit(7, 20 + 100);
  const bytes = Object.values(cache.feeds(7)).reduce((sum, feed) => sum + 4 * feed.size, 0);
  expect(plan.cacheBytes).toBe(bytes);
  expect(plan.weightBytes).toBe(2 * 4 * parameterCount(config));
});

test('a refusal says what is needed for what, and what to do', () => {
  expect(() => planSampling(config, input({ budgetBytes: 3 * 2 ** 10 }))).toThrow(
    /^sampling one row of 20 prompt and 100 new tokens needs 1 MiB \(weights 1 MiB, up to 1 MiB while the session is created, rotary tables 1 MiB, keys and values 1 MiB, logits 1 MiB, intermediate 1 MiB\), the budget is 1 MiB; shorten them or raise policy\.memoryMb$/,
  );
});

test('rotary tables are counted for each session, masks for each group of heads, creation before there is a cache', () => {
  const tables = (sessions: number) => planSampling(config, input({ sessions })).tableBytes;
  expect([tables(2), tables(3)]).toEqual([2, 3].map((n) => n * 3 * 256 * 2 * 4));
  const work = (keyValueHeads: number) =>
    planSampling(tinyConfig({ contextLength: 256, heads: 4, keyValueHeads }), input({ longestPrompt: 100 }));
  // Grouped, the cache that passes through is smaller and the masks are larger: 5 for one, 4 of them stacked.
  const passing = 512 * 2 * (2 * 2 * 3 * 4 * 4);
  expect(work(4).workBytes - work(1).workBytes).toBe(passing - 4 * 100 ** 2 * 4);
  const short = planSampling(config, input({ batchSize: 1, longestPrompt: 1, maxTokens: 1 }));
  expect(short.totalBytes).toBe(short.weightBytes / 2 + short.tableBytes + short.creationBytes);
  expect(short.creationBytes).toBe(4 * (4 * parameterCount(config) + short.tableBytes / 2));
});

test('a process that samples holds no more than was planned', {
  timeout: 300_000,
  skip: process.platform !== 'linux', // the peak is read from /proc
}, async () => {
  const peakOf = async (...shape: readonly string[]) => {
    const { stdout } = await execa('node', ['bench/engine-memory.ts', ...shape]);
    return JSON.parse(stdout).ofPlan;
  };
  // Large enough that what is planned outweighs what is not: weights, and a long prompt.
  expect(
    await peakOf(
      '--hidden',
      '768',
      '--layers',
      '4',
      '--vocab',
      '4096',
      '--rows',
      '1',
      '--prompt',
      '4',
      '--tokens',
      '3',
    ),
  ).toBeLessThan(1);
  expect(
    await peakOf(
      '--hidden',
      '64',
      '--layers',
      '1',
      '--context',
      '2048',
      '--rows',
      '2',
      '--prompt',
      '2000',
      '--tokens',
      '2',
      '--groups',
      '4',
    ),
  ).toBeLessThan(1);
});
