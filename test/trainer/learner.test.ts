/** The PyTorch trainer itself, on CPU, on a tiny random Llama with a real tokenizer. */
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Bundle, type BundleRow, freezeBundle } from '../../src/policy/bundle.ts';
import { openOnnxPolicy, UpdateRefusedError } from '../../src/policy/onnx/index.ts';
import { readSafetensors } from '../../src/policy/onnx/safetensors.ts';
import type { LearnProgress } from '../../src/policy/policy.ts';
import { checkpointVersion } from '../../src/policy/served/checkpoint-version.ts';
import { TorchLearner, type TrainerSettings } from '../../src/policy/torch/torch-learner.ts';
import { checkpointDir, optimizer, policyAt, row, temporaryDir } from '../policy/onnx/tiny.ts';
import { worst } from '../policy/onnx/worst.ts';
import { settings, variedRows } from './case.ts';
import { MISSING, PYTHON } from './python.ts';

const bundleOf = (steps: readonly (readonly BundleRow[])[]): Bundle =>
  freezeBundle({ objective: 'test', optimizer: optimizer({ learningRate: 3e-3 }), steps });
const [POSITIVE, NEGATIVE] = [row([2, 3], [40, 41, 1], 0.5), row([2, 4], [50, 51, 1], -0.5)];
const BOTH = bundleOf([
  [POSITIVE, NEGATIVE],
  [POSITIVE, NEGATIVE],
]);

async function learnerOn(base: string, changes: Partial<TrainerSettings> = {}, workDir?: string) {
  return new TorchLearner(base, settings(PYTHON, changes), workDir ?? (await temporaryDir()));
}
const total = (values: readonly number[] | Float32Array | undefined) =>
  [...(values ?? [])].reduce((a, b) => a + b, 0);

describe.skipIf(MISSING !== null)('real torch', () => {
  test.each([
    ['full weights', {}],
    ['full weights in bfloat16, with gradient checkpointing', { dtype: 'bf16', gradientCheckpointing: true }],
    ['adapters', { method: 'lora', lora: { rank: 4, alpha: 8, targets: ['q_proj', 'down_proj'] } }],
    ['two processes', { processes: 2 }],
    [
      'adapters in bfloat16 over two processes',
      {
        method: 'lora',
        lora: { rank: 4, alpha: 8, targets: ['q_proj', 'down_proj'] },
        dtype: 'bf16',
        processes: 2,
      },
    ],
    [
      'accelerate launch',
      { launch: [PYTHON, '-m', 'accelerate.commands.launch', '--cpu', '--num_processes=2'] },
    ],
  ] as const)(
    '%s: an update raises the log-probs of proofs and lowers those of failures',
    async (_, changes) => {
      const base = await checkpointDir();
      const learner = await learnerOn(base, changes);
      const progress: LearnProgress[] = [];
      const parent = await checkpointVersion(base);
      const { dir, report, witnesses } = await learner.learn(BOTH, base, parent, (p) => progress.push(p));
      const [raised, lowered] = witnesses;
      expect(total(raised?.after)).toBeGreaterThan(total(raised?.before) + 1e-3);
      expect(total(lowered?.after)).toBeLessThan(total(lowered?.before) - 1e-3);
      expect(report.version).toBe(await checkpointVersion(dir));
      expect(report.version).not.toBe(parent);
      expect(progress.map(({ step, steps }) => `${step}/${steps}`)).toEqual(['1/2', '2/2']);
      expect(report).toMatchObject({ steps: 2, tokens: 20, firstLoss: progress[0]?.loss });
      // What was left opens in the embedded engine, and says of itself what the trainer said.
      const opened = await policyAt(dir);
      const scores = await opened.score([POSITIVE]);
      expect(Math.abs(total(scores[0]) - total(raised?.after))).toBeLessThan(
        'dtype' in changes ? 0.05 : 1e-4,
      );
    },
  );

  test("two processes come to the weights of one, whatever the rows' number", async () => {
    const base = await checkpointDir();
    const rows = variedRows(7, 5, 300);
    const bundle = bundleOf([rows, rows]);
    const [one, two] = await Promise.all(
      [1, 2].map(async (processes) => {
        const { dir } = await (await learnerOn(base, { processes })).learn(bundle, base, 'p', () => {});
        return readSafetensors(join(dir, 'model.safetensors'));
      }),
    );
    expect(worst((name) => two?.get(name)?.data, one ?? new Map())).toBeLessThan(1e-4);
  });

  test('the moments are carried to the next round when they are to be, and start anew otherwise', async () => {
    const base = await checkpointDir();
    const step = [POSITIVE, NEGATIVE];
    const one = [bundleOf([step]), bundleOf([[NEGATIVE, POSITIVE]])] as const;
    const inRounds = async (keepOptimizer: boolean) => {
      const learner = await learnerOn(base, { keepOptimizer });
      const first = await learner.learn(one[0], base, 'p', () => {});
      const second = await learner.learn(one[1], first.dir, first.report.version, () => {});
      return readSafetensors(join(second.dir, 'model.safetensors'));
    };
    const whole = await (await learnerOn(base)).learn(
      bundleOf([step, [NEGATIVE, POSITIVE]]),
      base,
      'p',
      () => {},
    );
    const atOnce = await readSafetensors(join(whole.dir, 'model.safetensors'));
    const [kept, anew] = [await inRounds(true), await inRounds(false)];
    expect(worst((name) => kept.get(name)?.data, atOnce)).toBeLessThan(1e-5);
    expect(worst((name) => anew.get(name)?.data, atOnce)).toBeGreaterThan(1e-4);
  });

  test('a NaN is refused: no new weights, the old ones as they were', async () => {
    const base = await checkpointDir();
    const workDir = await temporaryDir();
    const learner = await learnerOn(base, {}, workDir);
    const before = await checkpointVersion(base);
    const bad = { ...POSITIVE, weights: [1e39, 1, 1] };
    const learning = learner.learn(bundleOf([[POSITIVE], [bad]]), base, before, () => {});
    await expect(learning).rejects.toThrow(UpdateRefusedError);
    await expect(learning).rejects.toThrow(/step 2 \(1 rows, first: row 2,3\|40,41,1\): loss -?(inf|nan)/);
    expect(await checkpointVersion(base)).toBe(before);
    expect(await readdir(join(workDir, 'updates'))).toEqual([]);
  });

  test('weights that lose their numbers in the last step are refused', async () => {
    const base = await checkpointDir();
    const workDir = await temporaryDir();
    const learner = await learnerOn(base, {}, workDir);
    const far = freezeBundle({
      objective: 'test',
      optimizer: optimizer({ learningRate: 1e18 }),
      steps: [[POSITIVE, NEGATIVE]],
    });
    const learning = learner.learn(far, base, 'p', () => {});
    await expect(learning).rejects.toThrow(UpdateRefusedError);
    await expect(learning).rejects.toThrow(/row row 2,3\|40,41,1: log-probs that are not finite, /);
    expect(await readdir(join(workDir, 'updates'))).toEqual([]);
  });

  test('an update that was made and not recorded is found, not made again', async () => {
    const base = await checkpointDir();
    const workDir = await temporaryDir();
    const first = await (await learnerOn(base, {}, workDir)).learn(BOTH, base, 'p', () => {});
    const steps: LearnProgress[] = [];
    const again = await (await learnerOn(base, {}, workDir)).learn(BOTH, base, 'p', (p) => steps.push(p));
    expect([again.report.version, steps]).toEqual([first.report.version, []]);
    const other = await (await learnerOn(base, {}, workDir)).learn(BOTH, first.dir, 'q', (p) =>
      steps.push(p),
    );
    expect(steps).toHaveLength(2);
    expect(other.report.version).not.toBe(first.report.version);
  });

  test('scores are those of the embedded engine', async () => {
    const base = await checkpointDir();
    const rows = variedRows(5, 3, 300);
    const embedded = await openOnnxPolicy(base);
    try {
      const [torch, onnx] = [await (await learnerOn(base)).score(base, rows), await embedded.score(rows)];
      const differences = torch.flatMap((values, i) =>
        [...values].map((v, t) => Math.abs(v - (onnx[i]?.[t] ?? Number.NaN))),
      );
      expect(Math.max(...differences)).toBeLessThan(1e-4);
    } finally {
      await embedded.close();
    }
  });

  test('a trainer that fails is told in its own words', async () => {
    const base = await checkpointDir();
    const learner = await learnerOn(base);
    const learning = learner.learn(BOTH, join(base, 'nowhere'), 'p', () => {});
    await expect(learning).rejects.toThrow(
      /The trainer ended with exit code 1\. .*nowhere[\s\S]*Its last words:/,
    );
  });
});

/** A trainer that is a shell script: what must hold of any that misbehaves. */
async function scripted(script: string, changes: Partial<TrainerSettings> = {}) {
  const dir = await temporaryDir();
  const python = join(dir, 'python');
  await writeFile(python, `#!/bin/sh\n${script}\n`);
  await chmod(python, 0o755);
  return new TorchLearner(dir, settings(python, changes), dir);
}
const learn = (learner: TorchLearner) => learner.learn(BOTH, learner.base, 'p', () => {});

test.each([
  [
    'a crash',
    'echo "CUDA out of memory" >&2; exit 7',
    /ended with exit code 7.*\n.*\nCUDA out of memory|exit code 7[\s\S]*CUDA out of memory/,
  ],
  ['a kill', 'kill -9 $$', /ended with signal SIGKILL/],
  ['success without an output', 'exit 0', /said it was done and left no COMMITTED\.json/],
  [
    'a refusal',
    'echo \'{"event":"refused","reason":"step 1: loss nan"}\' >&3; exit 3',
    /update refused: step 1: loss nan/,
  ],
])('%s leaves no update', async (_, script, reason) => {
  const learner = await scripted(script);
  await expect(learn(learner)).rejects.toThrow(reason);
});

test('half a checkpoint is none: without its marker a directory is not an update', async () => {
  const learner = await scripted('exit 1');
  const half = join(learner.base, 'updates', BOTH.hash.slice(0, 12));
  await mkdir(half, { recursive: true });
  await writeFile(join(half, 'model.safetensors'), 'half');
  await expect(learn(learner)).rejects.toThrow('ended with exit code 1');
});

test('a trainer that falls silent is ended', async () => {
  const learner = await scripted('exec sleep 600', { stallSeconds: 0.2 });
  await expect(learn(learner)).rejects.toThrow(
    'was ended, for it gave no sign for 0.2 s (policy.trainer.stallSeconds)',
  );
});

test('closing ends a trainer that runs', async () => {
  const learner = await scripted(
    'echo \'{"event":"step","step":1,"steps":2,"loss":1,"gradNorm":1,"tokens":1}\' >&3; exec sleep 600',
  );
  const learning = learner.learn(BOTH, learner.base, 'p', () => void learner.close());
  await expect(learning).rejects.toThrow('closed while its trainer ran');
});

test('a launcher is run before the program, which then speaks through a socket', async () => {
  const dir = await temporaryDir();
  const launcher = join(dir, 'launcher');
  await writeFile(launcher, '#!/bin/sh\necho "$LAKATOS_EVENTS $@" > "$(dirname "$0")/said"; exit 5\n');
  await chmod(launcher, 0o755);
  const learner = new TorchLearner(dir, settings('unused', { launch: [launcher, '--nodes=2'] }), dir);
  await expect(learn(learner)).rejects.toThrow('ended with exit code 5');
  expect(await readFile(join(dir, 'said'), 'utf8')).toMatch(
    /\/socket --nodes=2 \S+trainer\/train\.py \S+job\.json\n/,
  );
});
