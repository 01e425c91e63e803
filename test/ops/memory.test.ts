import { existsSync } from 'node:fs';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { MemoryShortError, requireFreeMemory, residentBytesOfTree } from '../../src/ops/memory.ts';

test.skipIf(!existsSync('/proc/self/status'))(
  'the memory of a child counts with its parent (skipped without /proc)',
  async () => {
    const own = process.memoryUsage().rss;
    const program = 'const held = Buffer.alloc(2e8, 1); process.send(1); setInterval(() => held.length, 1e6)';
    const child = execa('node', ['--eval', program], { ipc: true, reject: false });
    await child.getOneMessage();
    try {
      const [alone, tree] = [residentBytesOfTree(child.pid ?? 0) ?? 0, residentBytesOfTree(process.pid) ?? 0];
      expect(alone).toBeGreaterThan(2e8);
      expect(tree).toBeGreaterThan(alone + own / 2);
    } finally {
      child.kill();
      await child;
    }
  },
);

test('too little free memory is said with what is needed and what was found', () => {
  requireFreeMemory(1, 'a run');
  requireFreeMemory(2e9, 'a run', 2e9);
  const short = () => requireFreeMemory(2e9, 'a run', 5e8);
  expect(short).toThrow(MemoryShortError);
  expect(short).toThrow('a run needs 2000 MB of free memory, found 500 MB; end other programs');
});
