/** The trainer on the shared bundle: its gradients of the first step, and its weights after both. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { writeBundle } from '../../src/policy/bundle-file.ts';
import { TorchLearner } from '../../src/policy/torch/torch-learner.ts';
import { BUNDLE, CHECKPOINT, settings } from './case.ts';

/** Writes `gradients.safetensors`, `expected.json` and `after.safetensors` into `out`; `scratch` is left behind. */
export async function trainReference(python: string, out: string, scratch: string): Promise<void> {
  await mkdir(out, { recursive: true });
  const { microBatchTokens } = settings(python);
  const job = {
    task: 'learn',
    base: CHECKPOINT,
    from: CHECKPOINT,
    dtype: 'fp32',
    microBatchTokens,
    bundle: writeBundle(scratch, BUNDLE),
    hash: BUNDLE.hash,
    out,
  };
  await writeFile(join(scratch, 'job.json'), JSON.stringify(job));
  await execa(python, [join(import.meta.dirname, 'gradients.py'), join(scratch, 'job.json')]);
  const learner = new TorchLearner(CHECKPOINT, settings(python), scratch);
  const { dir } = await learner.learn(BUNDLE, CHECKPOINT, 'parent', () => {});
  await copyFile(join(dir, 'model.safetensors'), join(out, 'after.safetensors'));
}
