/** A round's room, asked of a real small file system where one can be mounted. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/index.ts';
import { requireRoundSpace } from '../../src/nightly/space.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-space-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const settings = (...set: readonly string[]) => loadConfig({ overrides: set }).config;

test('two checkpoints as large as the largest saved one are needed beside the configured room', async () => {
  const dir = join(root, 'run');
  for (const [version, bytes] of [
    ['policies/a', 3e6],
    ['trainer/updates/b', 5e6],
  ] as const) {
    mkdirSync(join(dir, version, 'deep'), { recursive: true });
    writeFileSync(join(dir, version, 'deep', 'model.safetensors'), Buffer.alloc(bytes));
  }
  const huge = requireRoundSpace(dir, settings('nightly.minFreeDiskMb=1000000000'));
  await expect(huge).rejects.toThrow(
    `${dir}: a round (1000000000 MB by nightly.minFreeDiskMb and two checkpoints of 5 MB) needs 1000000010 MB of free disk, found `,
  );
});

test('before anything is saved the model itself says how large a checkpoint is', async () => {
  const model = join(root, 'model');
  mkdirSync(model);
  writeFileSync(join(model, 'model.safetensors'), Buffer.alloc(7e6));
  const huge = settings('nightly.minFreeDiskMb=1000000000', `policy.uri="onnx:${model}"`);
  await expect(requireRoundSpace(join(root, 'new'), huge)).rejects.toThrow('two checkpoints of 7 MB');
});

test.each([
  ['lora', 3],
  ['full', 18],
])('of a served model it is policy.trainer.model; method %s', async (method, megabytes) => {
  const model = join(root, `served-${method}`);
  mkdirSync(model);
  writeFileSync(join(model, 'model.safetensors'), Buffer.alloc(3e6));
  const huge = settings(
    'nightly.minFreeDiskMb=1000000000',
    'policy.uri="vllm:http://127.0.0.1:8001#prover"',
    `policy.trainer.model="${model}"`,
    `policy.trainer.method="${method}"`,
  );
  const expected = `two checkpoints of ${megabytes} MB`;
  await expect(requireRoundSpace(join(root, 'new'), huge)).rejects.toThrow(expected);
});

/** Runs a script with a file system of 16 MB mounted at $1, in a mount namespace of its own. */
const onSmallDisk = (script: string, ...args: readonly string[]) => {
  const place = mkdtempSync(join(root, 'small-'));
  const inside = `mount -t tmpfs -o size=16m tmpfs "$1" && ${script}`;
  const unshare = ['--user', '--map-root-user', '--mount', '--', 'sh', '-c', inside, 'sh', place, ...args];
  return execa('unshare', unshare, { reject: false });
};
const { failed: cannotMount } = await onSmallDisk('true');

describe.skipIf(cannotMount)('on a disk of 16 MB (skipped where no user may mount one)', () => {
  test('a run is refused before it makes anything, with what it needs, what was found, and where', async () => {
    const { exitCode, stderr, stdout } = await onSmallDisk(
      'node src/main.ts run --config configs/smoke.toml --out "$1/run"; code=$?; ls "$1"; exit $code',
    );
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /small-\w+\/run: a round \(500 MB by .*\) needs \d+ MB of free disk, found 1[67] MB; free some space/,
    );
    expect(stdout).toBe('');
  });

  test('a ledger that meets a full disk says so, keeps what was committed, and goes on once there is room', async () => {
    const { exitCode, stdout } = await onSmallDisk('exec node test/nightly/fixtures/fill-disk.ts "$1"');
    expect(exitCode).toBe(0);
    const { committed, error, kept, after } = JSON.parse(stdout);
    expect(committed).toBeGreaterThan(0);
    expect(error).toMatch(
      /ledger.sqlite: the disk is full; free some space and run the same command again, everything committed is kept/,
    );
    expect(kept).toBe(committed);
    expect(after).toBe(committed + 1);
  });
});
