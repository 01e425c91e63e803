import { existsSync } from 'node:fs';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { cpuSecondsOfTree } from '../../src/ops/cpu.ts';

test.skipIf(!existsSync('/proc/self/stat'))(
  'the time of a child counts with its parent, while it lives and when it has ended (skipped without /proc)',
  async () => {
    const before = cpuSecondsOfTree(process.pid) ?? 0;
    const program =
      'while (process.cpuUsage().user < 4e5); process.send(1); process.once("message", () => process.disconnect())';
    const child = execa('node', ['--eval', program], { ipc: true });
    await child.getOneMessage();
    expect(cpuSecondsOfTree(child.pid ?? 0)).toBeGreaterThan(0.3);
    expect(cpuSecondsOfTree(process.pid)).toBeGreaterThan(before + 0.3);
    await child.sendMessage('end');
    await child;
    expect(cpuSecondsOfTree(process.pid)).toBeGreaterThan(before + 0.3);
  },
);
