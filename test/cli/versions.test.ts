import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { machineClass } from '../../src/cli/versions.ts';

const bin = mkdtempSync(join(tmpdir(), 'lakatos-versions-'));
afterAll(() => rmSync(bin, { recursive: true, force: true }));
afterEach(() => void vi.unstubAllEnvs());

test('a machine’s GPUs are named as the driver’s tool names them', () => {
  const script = '#!/bin/sh\necho "NVIDIA H100 80GB HBM3"\necho "NVIDIA H100 80GB HBM3"\n';
  writeFileSync(join(bin, 'nvidia-smi'), script, { mode: 0o755 });
  vi.stubEnv('PATH', bin);
  expect(machineClass().gpus).toEqual(['NVIDIA H100 80GB HBM3', 'NVIDIA H100 80GB HBM3']);
});

test('without the tool, or when it fails, no GPU is recorded', () => {
  vi.stubEnv('PATH', join(bin, 'nothing-here'));
  expect(machineClass().gpus).toBeNull();
  writeFileSync(join(bin, 'nvidia-smi'), '#!/bin/sh\necho "NVIDIA-SMI has failed"\nexit 9\n', {
    mode: 0o755,
  });
  vi.stubEnv('PATH', bin);
  expect(machineClass().gpus).toBeNull();
});
