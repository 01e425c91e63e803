import { existsSync } from 'node:fs';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import {
  MemoryShortError,
  ownBytesOfTree,
  requireFreeMemory,
  residentBytesOfTree,
} from '../../src/ops/memory.ts';

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

test.skipIf(!existsSync('/proc/self/status'))(
  'what a process holds itself counts with what its children hold, wherever they were started (skipped without /proc)',
  async () => {
    const program =
      'const held = Buffer.alloc(2e8, 1); console.log("held"); setInterval(() => held.length, 1e6)';
    // The shell stays: what holds the memory is its child's child.
    const child = execa('sh', ['-c', '(node --eval "$1"; :); :', 'sh', program], {
      buffer: false,
      reject: false,
      detached: true,
    });
    const said = child.iterable()[Symbol.asyncIterator]();
    try {
      expect(await said.next()).toMatchObject({ value: 'held' });
      const [held, all] = [await ownBytesOfTree(child.pid ?? 0), residentBytesOfTree(child.pid ?? 0)];
      expect(held).toBeGreaterThan(2e8);
      // Node's own code, for one, is a file in memory.
      expect(held).toBeLessThan((all ?? 0) - 2e7);
    } finally {
      process.kill(-(child.pid ?? 0), 'SIGKILL');
      await child;
    }
    expect(await ownBytesOfTree(child.pid ?? 0)).toBeUndefined();
  },
);

test('too little free memory is said with what is needed and what was found', () => {
  requireFreeMemory(1, 'a run');
  requireFreeMemory(2e9, 'a run', 2e9);
  const short = () => requireFreeMemory(2e9, 'a run', 5e8);
  expect(short).toThrow(MemoryShortError);
  expect(short).toThrow('a run needs 2000 MB of free memory, found 500 MB; end other programs');
});
