/**
 * What a round needs of the machine, asked before it begins: room for two more checkpoints (the new one stands beside
 * the one it replaces while it is written) and for what it writes otherwise. Before one was saved, the model's own
 * directory says how large it will be.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/index.ts';
import { requireFreeSpace } from '../ops/disk.ts';
import { shippedPath } from '../ops/shipped.ts';

export async function requireRoundSpace(dir: string, { nightly, policy }: Config): Promise<void> {
  const checkpoint = largestCheckpoint(dir) ?? firstCheckpoint(policy);
  const purpose = `a round (${nightly.minFreeDiskMb} MB by nightly.minFreeDiskMb and two checkpoints of ${Math.ceil(checkpoint / 1e6)} MB)`;
  await requireFreeSpace(dir, 1e6 * nightly.minFreeDiskMb + 2 * checkpoint, purpose);
}

/** Saved policies, and the trainer's own outputs, which have its optimiser's state beside the weights. */
function largestCheckpoint(dir: string): number | undefined {
  const sizes = ['policies', join('trainer', 'updates')].flatMap((folder) =>
    entries(join(dir, folder)).map((name) => bytesUnder(join(dir, folder, name))),
  );
  return sizes.length === 0 ? undefined : Math.max(...sizes);
}

/**
 * Behind servers the PyTorch trainer writes it: weights and two moments in float32, six times a model in bfloat16.
 * Adapters are no larger than the model; 0 for a policy that has no directory.
 */
function firstCheckpoint({ uri, trainer }: Config['policy']): number {
  if (uri.startsWith('onnx:')) return bytesUnder(shippedPath(uri.slice('onnx:'.length)));
  if (trainer.model === undefined) return 0;
  return bytesUnder(trainer.model) * (trainer.method === 'full' ? 6 : 1);
}

/** 0 for what is not there. */
function bytesUnder(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.size;
  return entries(path).reduce((sum, name) => sum + bytesUnder(join(path, name)), 0);
}

function entries(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}
