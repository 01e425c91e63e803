/** The trainer's token-level reward model against values of PyTorch that the embedded engine is held to as well. */
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { runTrainer, type TrainerEvent } from '../../src/policy/torch/trainer-process.ts';
import { optimizer, temporaryDir } from '../policy/onnx/tiny.ts';
import { MISSING, PYTHON } from './python.ts';

const CHECKPOINT = join(import.meta.dirname, '../policy/onnx/reference/reward');
const numbers = z.array(z.number());
const example = z.object({ id: z.string(), promptTokens: numbers, tokens: numbers, reward: z.number() });
const expectedSchema = z.object({ examples: z.array(example), rewards: z.array(numbers), loss: z.number() });

async function runJob(dir: string, job: Readonly<Record<string, unknown>>): Promise<readonly TrainerEvent[]> {
  const path = join(dir, 'job.json');
  const common = { from: CHECKPOINT, parent: 'p', dtype: 'fp32', device: 'cpu', microBatchTokens: 64 };
  await writeFile(path, JSON.stringify({ ...common, ...job }));
  const events: TrainerEvent[] = [];
  await runTrainer({
    command: [PYTHON, resolve('trainer/train.py'), path],
    launched: false,
    stallSeconds: 600,
    onEvent: (event) => void events.push(event),
    signal: new AbortController().signal,
  });
  return events;
}

test.skipIf(MISSING !== null)(
  'its token rewards and its loss are those of PyTorch, and a step lowers the loss',
  async () => {
    const dir = await temporaryDir();
    const { examples, rewards, loss } = expectedSchema.parse(
      JSON.parse(await readFile(join(CHECKPOINT, 'expected.json'), 'utf8')),
    );
    const [sequences, out] = [join(dir, 'sequences.json'), join(dir, 'scores.json')];
    await writeFile(sequences, JSON.stringify(examples));
    await runJob(dir, { task: 'reward-score', sequences, out });
    const found = z.array(numbers).parse(JSON.parse(await readFile(out, 'utf8')));
    rewards.forEach((values, i) => {
      values.forEach((value, t) => {
        expect(Math.abs((found[i]?.[t] ?? Number.NaN) - value)).toBeLessThan(1e-5);
      });
    });
    const steps = join(dir, 'steps.json');
    await writeFile(steps, JSON.stringify([examples, examples]));
    const settings = optimizer({ learningRate: 1e-3 });
    const events = await runJob(dir, {
      task: 'reward-learn',
      examples: steps,
      settings,
      out: join(dir, 'learnt'),
    });
    const losses = events.flatMap((event) => (event.event === 'step' ? [event.loss] : []));
    expect(Math.abs((losses[0] ?? Number.NaN) / loss - 1)).toBeLessThan(1e-5);
    expect(losses[1]).toBeLessThan(losses[0] ?? 0);
  },
);
