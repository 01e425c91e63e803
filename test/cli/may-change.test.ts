import { expect, test } from 'vitest';
import { MAY_CHANGE, mayChange } from '../../src/cli/may-change.ts';
import { loadConfig } from '../../src/config/index.ts';

test('after the memory ran out a run can go on with less at once', () => {
  const remedies = [
    'policy.server.command',
    'policy.server.concurrency',
    'policy.server.whileLearning',
    'policy.trainer.microBatchTokens',
    'policy.trainer.gradientCheckpointing',
    'policy.trainer.processes',
    'checker.lean.workers',
    'checker.lean.spare',
    'checker.isabelle.workers',
    'nightly.minFreeMemoryMb',
  ];
  expect(remedies.filter((key) => !mayChange(key))).toEqual([]);
});

test('what a result can depend on stays', () => {
  const kept = [
    'policy.uri',
    'policy.threads', // of the embedded engine: sums of other parts
    'policy.trainer.model',
    'policy.trainer.method',
    'policy.trainer.lora.rank',
    'policy.trainer.dtype',
    'policy.trainer.keepOptimizer',
    'checker.lean.memoryMb',
    'checker.lean.wallSeconds',
    'checker.lean.tier',
    'checker.isabelle.threads',
    'prove.samples',
    'run.seed',
    'nightlyish',
  ];
  expect(kept.filter(mayChange)).toEqual([]);
});

test('each of them is a setting there is', () => {
  const { config } = loadConfig({ overrides: ['run.out=x', 'policy.memoryMb=1000'] });
  const read = (key: string) =>
    key
      .split('.')
      .reduce<unknown>(
        (table, name) => (Object(table) === table ? Reflect.get(Object(table), name) : undefined),
        config,
      );
  expect(MAY_CHANGE.filter((key) => read(key) === undefined)).toEqual([]);
});
