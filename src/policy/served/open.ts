/** Opens a served policy: the directory gives tokenizer and end tokens, the place gives the servers. */
import { copyFile, link, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { LakatosError, UsageError } from '../../ops/errors.ts';
import { replaceDirectory } from '../onnx/checkpoint.ts';
import type { Sequence } from '../policy.ts';
import { openTokenizer } from '../tokenizer.ts';
import { checkpointVersion, endTokensOf } from './checkpoint-version.ts';
import type { Dialect } from './dialect.ts';
import { Host, type Weights } from './host.ts';
import type { Learner } from './learner.ts';
import { parsePlace } from './place.ts';
import { ServedPolicy } from './served-policy.ts';
import type { ServerSettings } from './settings.ts';
import { sglang } from './sglang.ts';
import { vllm } from './vllm.ts';

const DIALECTS: Readonly<Record<Dialect['engine'], Dialect>> = { vllm, sglang };

export interface ServedOptions {
  readonly server: ServerSettings;
  /** Value of the server's API key. */
  readonly apiKey?: string | undefined;
  /** Hugging Face directory: tokenizer, end tokens, and the weights that the servers start with. */
  readonly model: string | undefined;
  /** Saved weights to serve instead, from an earlier round. */
  readonly weights?: string | undefined;
  /** Where servers' logs and the trainer's work go. */
  readonly workDir: string;
  /** null: the policy samples and never learns. */
  readonly openLearner: ((base: string) => Learner) | null;
  /** First wait before a lost connection is tried again, doubled each time; default 500. */
  readonly retryMilliseconds?: number;
  /** One line for a person. */
  readonly say?: ((message: string) => void) | undefined;
  /** Aborted, no server is started any more. */
  readonly signal?: AbortSignal | undefined;
}

export async function openServedPolicy(
  engine: Dialect['engine'],
  where: string,
  options: ServedOptions,
): Promise<ServedPolicy> {
  const place = parsePlace(engine, where);
  const { server, workDir, apiKey, retryMilliseconds = 500, say = () => {}, signal } = options;
  if (options.model === undefined)
    throw new UsageError(
      `policy.trainer.model: expected the model's Hugging Face directory, where the tokenizer of ${engine}:${where} is; it is not set.`,
      'policy.trainer.model',
    );
  // Servers and trainer run elsewhere: paths they are given must not depend on where.
  const model = resolve(options.model);
  const tokenizer = await openTokenizer(model).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`policy.trainer.model: ${why}.`, 'policy.trainer.model', { cause });
  });
  const base: Weights = { dir: model, version: await checkpointVersion(model) };
  const learner = options.openLearner?.(model) ?? null;
  const dialect = DIALECTS[engine];
  const host = await Host.open({
    dialect,
    place,
    settings: server,
    apiKey,
    base,
    adapter: learner?.adapter ?? null,
    workDir,
    retryMilliseconds,
    say,
    signal,
  });
  try {
    const weights = await weightsToServe(options.weights, base);
    await host.deliver(weights);
    const endTokens = await endTokensOf(model, tokenizer);
    const { requestSeconds } = server;
    const scorer = (path: string) => scorerOf(learner, path.includes(':') ? base.dir : path);
    const policy = new ServedPolicy(
      { host, dialect, tokenizer, endTokens, learner, requestSeconds, save: linkWeights, scorer, say },
      weights,
    );
    if (weights !== base) await policy.recognise();
    return policy;
  } catch (error) {
    await host.close();
    throw error;
  }
}

async function weightsToServe(dir: string | undefined, base: Weights): Promise<Weights> {
  return dir === undefined ? base : { dir: resolve(dir), version: await checkpointVersion(dir) };
}

async function scorerOf(learner: Learner | null, dir: string) {
  if (learner === null)
    throw new LakatosError(
      `${dir}: the servers do not serve these weights, and no trainer is set to score with.`,
    );
  const weights: Weights = { dir, version: await checkpointVersion(dir) };
  return { weights, score: (sequences: readonly Sequence[]) => learner.score(dir, sequences) };
}

/** Weight files are written once and never changed: a second name is as good as a copy, where the disk allows it. */
async function linkWeights({ dir }: Weights, to: string): Promise<void> {
  await replaceDirectory(to, async (fresh) => {
    for (const entry of await readdir(dir, { withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const [from, target] = [join(dir, entry.name), join(fresh, entry.name)];
      await link(from, target).catch(() => copyFile(from, target));
    }
  });
}
