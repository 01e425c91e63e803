/**
 * An optimiser's state on disk, beside the weights it belongs to: moments, step, settings and the caller's place in
 * its data. Everything is float32, as in memory, so that training goes on bit for bit.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { OptimizerSettings } from '../bundle.ts';
import type { Moments, OptimizerState } from './adamw.ts';
import { CheckpointError } from './errors.ts';
import { readSafetensors, type Tensors, writeSafetensors } from './safetensors.ts';

export const TRAINER_FILE = 'trainer.json';
export const MOMENTS_FILE = 'optimizer.safetensors';

export interface TrainerCheckpoint {
  /** Of the weights that the state belongs to. */
  readonly version: string;
  readonly settings: OptimizerSettings;
  readonly totalSteps: number;
  /** The caller's place in its data, e.g. the index of the next batch. */
  readonly position: number;
  readonly state: OptimizerState;
}

const schema = z.object({
  version: z.string(),
  settings: z.object({
    learningRate: z.number(),
    warmupSteps: z.number(),
    schedule: z.enum(['constant', 'cosine', 'linear']),
    betas: z.tuple([z.number(), z.number()]),
    epsilon: z.number(),
    weightDecay: z.number(),
    clipNorm: z.number(),
  }),
  totalSteps: z.number(),
  position: z.int(),
  step: z.int().nonnegative(),
});

/** `shapes` are those of the learnt tensors. */
export async function writeTrainer(
  dir: string,
  checkpoint: TrainerCheckpoint,
  shapes: Tensors,
): Promise<void> {
  const { state, ...rest } = checkpoint;
  const tensors = [...state.moments].flatMap(([name, { first, second }]) => {
    const shape = shapes.get(name)?.shape ?? [first.length];
    return [
      [`first/${name}`, { shape, data: first }],
      [`second/${name}`, { shape, data: second }],
    ] as const;
  });
  await writeSafetensors(join(dir, MOMENTS_FILE), new Map(tensors));
  await writeFile(join(dir, TRAINER_FILE), `${JSON.stringify({ ...rest, step: state.step }, null, 2)}\n`);
}

export async function readTrainer(dir: string, version: string, learnt: Tensors): Promise<TrainerCheckpoint> {
  const path = join(dir, TRAINER_FILE);
  const { step, ...rest } = await readManifest(path);
  if (rest.version !== version)
    throw new CheckpointError(
      `${path}: the optimiser's state belongs to weights ${rest.version}, the policy has ${version}; open the policy from the same directory`,
    );
  const tensors = await readSafetensors(join(dir, MOMENTS_FILE));
  // Before the first step there are no moments.
  const names = step === 0 ? [] : [...learnt];
  const moments = names.map(([name, { shape }]): [string, Moments] => {
    const part = (which: 'first' | 'second') => {
      const tensor = tensors.get(`${which}/${name}`);
      if (String(tensor?.shape) !== String(shape))
        throw new CheckpointError(
          `${join(dir, MOMENTS_FILE)}: tensor ${which}/${name}: expected [${shape}], found ${tensor === undefined ? 'none' : `[${tensor.shape}]`}`,
        );
      if (!tensor?.data.every(Number.isFinite))
        throw new CheckpointError(
          `${join(dir, MOMENTS_FILE)}: tensor ${which}/${name} holds NaN or infinite values; go back to an earlier checkpoint`,
        );
      return tensor.data;
    };
    return [name, { first: part('first'), second: part('second') }];
  });
  return { ...rest, state: { step, moments: new Map(moments) } };
}

async function readManifest(path: string): Promise<z.infer<typeof schema>> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new CheckpointError(`${path}: cannot read it; expected a directory that a trainer was saved to`, {
      cause,
    });
  });
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new CheckpointError(`${path}: not a trainer's state`, { cause });
  }
}
