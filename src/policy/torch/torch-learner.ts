/**
 * Updates by the PyTorch trainer (trainer/train.py): a bundle and the current weights go in, a committed directory with
 * new weights, optimiser state and figures comes out. What is committed is found again: an update that was made and not
 * yet recorded, because this program was killed in between, is not made a second time.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { LakatosError } from '../../ops/errors.ts';
import { shippedPath } from '../../ops/shipped.ts';
import { type Bundle, checkPolicy, freezeBundle } from '../bundle.ts';
import { writeBundle } from '../bundle-file.ts';
import type { LearnProgress, LearnReport, Sequence } from '../policy.ts';
import { MARKER, witnessSchema } from '../served/checkpoint-version.ts';
import type { Learner, Trained } from '../served/learner.ts';
import { runTrainer, type TrainerEvent } from './trainer-process.ts';

export interface TrainerSettings {
  readonly python: string;
  readonly launch: readonly string[];
  readonly processes: number;
  readonly method: 'full' | 'lora';
  readonly lora: { readonly rank: number; readonly alpha: number; readonly targets: readonly string[] };
  readonly dtype: 'bf16' | 'fp32';
  readonly device: 'auto' | 'cuda' | 'cpu';
  readonly microBatchTokens: number;
  readonly gradientCheckpointing: boolean;
  readonly keepOptimizer: boolean;
  readonly stallSeconds: number;
}

const numbers = z.array(z.number());
const markerSchema = z.looseObject({
  version: z.string(),
  parent: z.string(),
  bundle: z.string(),
  steps: z.int(),
  seconds: z.number(),
  metrics: z.array(z.object({ loss: z.number(), gradNorm: z.number(), tokens: z.int() })),
  witnesses: z.array(witnessSchema),
});
type Marker = z.infer<typeof markerSchema>;

const PROGRAM = resolve(shippedPath('trainer/train.py'));

export class TorchLearner implements Learner {
  readonly adapter: boolean;
  readonly base: string;
  readonly #settings: TrainerSettings;
  readonly #workDir: string;
  readonly #closing = new AbortController();

  /** `base` is the checkpoint that the first update starts from. */
  constructor(base: string, settings: TrainerSettings, workDir: string) {
    this.base = base;
    this.adapter = settings.method === 'lora';
    this.#settings = settings;
    this.#workDir = resolve(workDir);
  }

  async learn(
    bundle: Bundle,
    from: string,
    parent: string,
    onProgress: (p: LearnProgress) => void,
  ): Promise<Trained> {
    if (freezeBundle(bundle).hash !== bundle.hash)
      throw new LakatosError(`The bundle (${bundle.objective}) was changed after freezing; rebuild it.`);
    checkPolicy(bundle, parent);
    const out = join(this.#updates, bundle.hash.slice(0, 12));
    const known = await readMarker(out);
    if (known?.parent !== parent || known.bundle !== bundle.hash)
      await this.#train(bundle, { from, parent, out }, onProgress);
    const marker = await readMarker(out);
    if (marker === null)
      throw new LakatosError(`${out}: the trainer said it was done and left no ${MARKER}.`);
    await this.#forgetOlder(marker);
    return { dir: out, report: reportOf(marker), witnesses: marker.witnesses };
  }

  async score(dir: string, sequences: readonly Sequence[]): Promise<Float32Array[]> {
    const paths = {
      sequences: join(this.#workDir, 'sequences.json'),
      out: join(this.#workDir, 'scores.json'),
    };
    await mkdir(this.#workDir, { recursive: true });
    await writeFile(paths.sequences, JSON.stringify(sequences));
    await this.#run({ task: 'score', from: resolve(dir), ...paths }, () => {});
    const scores = z.array(numbers).parse(JSON.parse(await readFile(paths.out, 'utf8')));
    return scores.map((values) => Float32Array.from(values));
  }

  /** Ends a trainer that runs. */
  async close(): Promise<void> {
    this.#closing.abort(
      new LakatosError('The policy was closed while its trainer ran; the old weights stay.'),
    );
  }

  get #updates(): string {
    return join(this.#workDir, 'updates');
  }

  async #train(
    bundle: Bundle,
    job: { readonly from: string; readonly parent: string; readonly out: string },
    onProgress: (p: LearnProgress) => void,
  ): Promise<void> {
    await mkdir(this.#updates, { recursive: true });
    const path = writeBundle(join(this.#workDir, 'bundles'), bundle);
    const optimizer = this.#settings.keepOptimizer ? await this.#optimizerOf(job.parent) : null;
    try {
      await this.#run({ task: 'learn', bundle: path, optimizer, ...job }, (event) => {
        if (event.event === 'step') onProgress(event);
      });
    } finally {
      await rm(path, { force: true });
    }
  }

  async #run(job: Readonly<Record<string, unknown>>, onEvent: (event: TrainerEvent) => void): Promise<void> {
    const {
      python,
      launch,
      processes,
      method,
      lora,
      dtype,
      device,
      microBatchTokens,
      gradientCheckpointing,
    } = this.#settings;
    const path = join(this.#workDir, 'job.json');
    const model = { base: this.base, dtype, device, microBatchTokens, gradientCheckpointing };
    const adapter = method === 'lora' ? { lora: { ...lora, seed: 0 } } : {};
    await writeFile(path, JSON.stringify({ ...model, ...adapter, ...job }, null, 2));
    const launcher = launch.length > 0 ? launch : launcherFor(python, processes);
    await runTrainer({
      command: [...launcher, PROGRAM, path],
      launched: launch.length > 0 || processes > 1,
      stallSeconds: this.#settings.stallSeconds,
      onEvent,
      signal: this.#closing.signal,
    });
  }

  /** The optimiser state saved with those weights; null where there is none. */
  async #optimizerOf(version: string): Promise<string | null> {
    for (const { dir, marker } of await this.#committed())
      if (marker.version === version) return join(dir, 'optimizer');
    return null;
  }

  /** Two updates are kept: the newest, and the one it came from, should the newest not be recorded. */
  async #forgetOlder({ version, parent }: Marker): Promise<void> {
    for (const { dir, marker } of await this.#committed())
      if (marker.version !== version && marker.version !== parent) await rm(dir, { recursive: true });
  }

  async #committed(): Promise<readonly { readonly dir: string; readonly marker: Marker }[]> {
    const names = await readdir(this.#updates).catch(() => []);
    const found = await Promise.all(
      names.map(async (name) => {
        const dir = join(this.#updates, name);
        const marker = await readMarker(dir);
        return marker === null ? [] : [{ dir, marker }];
      }),
    );
    return found.flat();
  }
}

const launcherFor = (python: string, processes: number): readonly string[] =>
  processes === 1
    ? [python]
    : [python, '-m', 'torch.distributed.run', '--standalone', `--nproc-per-node=${processes}`];

async function readMarker(dir: string): Promise<Marker | null> {
  const text = await readFile(join(dir, MARKER), 'utf8').catch(() => null);
  return text === null ? null : markerSchema.parse(JSON.parse(text));
}

function reportOf({ version, steps, seconds, metrics }: Marker): LearnReport {
  return {
    version,
    steps,
    seconds,
    tokens: metrics.reduce((sum, { tokens }) => sum + tokens, 0),
    firstLoss: metrics[0]?.loss ?? 0,
    lastLoss: metrics.at(-1)?.loss ?? 0,
    maxGradNorm: metrics.reduce((most, { gradNorm }) => Math.max(most, gradNorm), 0),
  };
}
