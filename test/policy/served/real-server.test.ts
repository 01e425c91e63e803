/**
 * The policy on a real vLLM with real torch updates: `LAKATOS_VLLM` names the vllm executable (the CPU build will do),
 * `LAKATOS_PYTHON` a Python that runs the trainer. Everything else in this folder runs against a double of it.
 */
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../../src/config/index.ts';
import { freezeBundle } from '../../../src/policy/bundle.ts';
import type { Completion } from '../../../src/policy/policy.ts';
import { VersionError } from '../../../src/policy/served/errors.ts';
import { openServedPolicy } from '../../../src/policy/served/open.ts';
import type { ServedPolicy } from '../../../src/policy/served/served-policy.ts';
import type { ServerSettings } from '../../../src/policy/served/settings.ts';
import { TorchLearner, type TrainerSettings } from '../../../src/policy/torch/torch-learner.ts';
import { settings as trainerSettings } from '../../trainer/case.ts';
import { MISSING, PYTHON } from '../../trainer/python.ts';
import {
  CHECKPOINT_CONFIG,
  checkpointDir,
  collect,
  optimizer,
  policyAt,
  sampler,
  temporaryDir,
} from '../onnx/tiny.ts';
import { freePort } from './started.ts';

const VLLM = process.env.LAKATOS_VLLM;
const why = VLLM === undefined ? 'LAKATOS_VLLM names no vllm executable' : MISSING;
if (why !== null) console.warn(`skipped: ${why}`);

/** vLLM's attention takes no smaller heads. */
const CONFIG = {
  ...CHECKPOINT_CONFIG,
  hiddenSize: 64,
  heads: 2,
  keyValueHeads: 2,
  headDim: 32,
  contextLength: 128,
};
const ENVIRONMENT = [
  'env',
  'VLLM_SERVER_DEV_MODE=1',
  'VLLM_ALLOW_RUNTIME_LORA_UPDATING=True',
  'VLLM_CPU_KVCACHE_SPACE=1',
  'VLLM_CPU_OMP_THREADS_BIND=nobind',
  'OMP_NUM_THREADS=1',
  'VLLM_NO_USAGE_STATS=1',
  'HF_HUB_OFFLINE=1',
];
const command = (...options: readonly string[]) => [
  ...ENVIRONMENT,
  VLLM ?? '',
  'serve',
  '{model}',
  '--served-model-name',
  '{name}',
  '--host',
  '{host}',
  '--port',
  '{port}',
  '--dtype',
  'float32',
  '--enforce-eager',
  '--max-model-len',
  '128',
  '--max-num-seqs',
  '8',
  '--generation-config',
  'vllm',
  ...options,
];

interface Opening {
  readonly place: string;
  readonly model: string;
  readonly server: Partial<ServerSettings>;
  readonly trainer: Partial<TrainerSettings>;
}

async function open({ place, model, server, trainer }: Opening) {
  const workDir = await temporaryDir();
  const policy = await openServedPolicy('vllm', place, {
    server: { ...loadConfig({}).config.policy.server, ...server },
    model,
    workDir: join(workDir, 'served'),
    openLearner: (base) => new TorchLearner(base, trainerSettings(PYTHON, trainer), join(workDir, 'trainer')),
  });
  onTestFinished(() => policy.close());
  return policy;
}

const request = { id: 'r', prompt: '<prove>a<by>', n: 4, seed: 3 };
const sampleFrom = (policy: ServedPolicy) => collect(policy.sample([request], sampler({ maxTokens: 8 })));

/** Raises the first completion, lowers the last. */
async function learnFrom(policy: ServedPolicy, completions: readonly Completion[]) {
  const rows = [completions[0], completions.at(-1)].flatMap((completion, i) =>
    completion === undefined
      ? []
      : [
          {
            id: `${i}`,
            promptTokens: completion.promptTokens,
            tokens: completion.tokens,
            weights: completion.tokens.map(() => (i === 0 ? 0.2 : -0.2)),
            samplerLogprobs: completion.logprobs,
            ratio: { kind: 'ppo-clip', low: 0.2, high: 0.2 } as const,
            klCoef: 0,
            refLogprobs: [],
          },
        ],
  );
  const settings = optimizer({ learningRate: 1e-2 });
  await policy.learn(freezeBundle({ objective: 'test', optimizer: settings, steps: [rows, rows, rows] }));
}

/** The server's log-probs of what it sampled are those of the weights that the policy says it has. */
async function expectServed(policy: ServedPolicy, completions: readonly Completion[], dir: string) {
  const embedded = await policyAt(dir);
  const [served, own] = [await policy.score(completions), await embedded.score(completions)];
  completions.forEach(({ logprobs, policyVersion }, i) => {
    expect(policyVersion).toBe(policy.version);
    logprobs.forEach((logprob, t) => {
      expect(Math.abs(logprob - (own[i]?.[t] ?? Number.NaN))).toBeLessThan(2e-3);
      expect(Math.abs((served[i]?.[t] ?? Number.NaN) - (own[i]?.[t] ?? Number.NaN))).toBeLessThan(2e-3);
    });
  });
}

/** What it samples now is of the weights that it saves. */
async function expectServedAsSaved(policy: ServedPolicy) {
  const saved = join(await temporaryDir(), 'saved');
  await policy.save(saved);
  await expectServed(policy, await sampleFrom(policy), saved);
}

test.skipIf(why !== null)(
  'rounds by adapter: what is sampled is of the weights that were just learned',
  { timeout: 900_000 },
  async () => {
    const model = await checkpointDir(1, CONFIG);
    const place = `http://127.0.0.1:${await freePort()}`;
    const lora = { rank: 8, alpha: 16, targets: ['q_proj', 'v_proj', 'down_proj'] };
    const options = ['--enable-lora', '--max-lora-rank', '8', '--max-loras', '2'];
    // vLLM 0.32's CPU build dies when adapters are enabled and several requests ask for prompt log-probs at once.
    const server = { command: command(...options), concurrency: 1 };
    const adapters = await open({ place, model, server, trainer: { method: 'lora', lora } });
    const first = await sampleFrom(adapters);
    await expectServed(adapters, first, model);
    const before = adapters.version;
    for (const _ of ['round 1', 'round 2']) {
      await learnFrom(adapters, await sampleFrom(adapters));
      await expectServedAsSaved(adapters);
    }
    expect(adapters.version).not.toBe(before);
  },
);

test.skipIf(why !== null)(
  'a round by reload: the new weights are served, or refused by name, never taken for what they are not',
  { timeout: 900_000 },
  async () => {
    const model = await checkpointDir(1, CONFIG);
    const place = `http://127.0.0.1:${await freePort()}`;
    const server = { command: command(), update: 'reload' } as const;
    const policy = await open({ place, model, server, trainer: {} });
    const first = await sampleFrom(policy);
    const refusal = await learnFrom(policy, first).then(
      () => null,
      (error: unknown) => error,
    );
    if (refusal !== null) {
      // vLLM 0.32's CPU build packs its matrices and goes on with the old ones in part.
      expect(refusal).toBeInstanceOf(VersionError);
      console.warn(`the server's reload path was refused: ${String(refusal)}`);
      return;
    }
    await expectServedAsSaved(policy);
  },
);

test.skipIf(why !== null)(
  'a round by stop and restart: the server makes room for the trainer and comes back with the new weights',
  { timeout: 900_000 },
  async () => {
    const model = await checkpointDir(2, CONFIG);
    const place = `http://127.0.0.1:${await freePort()}`;
    const server = { command: command(), update: 'restart', whileLearning: 'stop' } as const;
    const policy = await open({ place, model, server, trainer: {} });
    const before = policy.version;
    await learnFrom(policy, await sampleFrom(policy));
    expect(policy.version).not.toBe(before);
    await expectServedAsSaved(policy);
  },
);
