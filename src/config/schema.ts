/**
 * The one description of every setting: type, default, bounds, unit and a line of doc. Types, `--help` and error
 * messages are derived from it. It holds no logic beyond checks that one key makes against another.
 */
import { z } from 'zod';
import {
  checkPassRateBand,
  comparisonWithSampler,
  OBJECTIVES,
  objectiveSettings,
} from './objective-settings.ts';
import { SAMPLED_BY, samplerSettings, UNTEMPERED } from './sampler-settings.ts';
import { checkSelect, select } from './select-settings.ts';
import { checkAlarms, watch } from './watch-settings.ts';

/** As a Llama-like checkpoint names them. */
const PROJECTIONS = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const;

const share = () => z.number().min(0).max(1);
const count = () => z.int().min(0);
const positive = () => z.int().min(1);

const run = z.strictObject({
  seed: count().default(1).meta({ description: 'Every random choice of the run is derived from it' }),
  rounds: positive().default(1).meta({ description: 'Self-play rounds to play in all' }),
  out: z
    .string()
    .min(1)
    .exactOptional()
    .meta({ description: 'Run directory; a fresh one under runs/ when absent' }),
});

const server = z.strictObject({
  command: z.array(z.string().min(1)).min(1).exactOptional().meta({
    description:
      'Starts one replica; {model}, {name}, {host}, {port} and {index} are filled in. The server runs already when absent',
  }),
  health: z
    .string()
    .startsWith('/')
    .default('/health')
    .meta({ description: 'Path that answers 200 when a started server is ready' }),
  startSeconds: z.number().positive().default(900).meta({
    description: 'A started server that is not ready by then has failed',
    unit: 'seconds',
  }),
  requestSeconds: z.number().positive().default(1800).meta({
    description: 'All samples of one request must be there by then',
    unit: 'seconds',
  }),
  controlSeconds: z.number().positive().default(300).meta({
    description: 'Every other call, such as bringing new weights, must be answered by then',
    unit: 'seconds',
  }),
  concurrency: positive().default(64).meta({ description: 'Requests in flight at one replica' }),
  retries: count()
    .default(4)
    .meta({ description: 'Times a request is asked again when the connection was lost; nothing else is' }),
  update: z.enum(['auto', 'adapter', 'reload', 'restart']).default('auto').meta({
    description: 'How new weights reach the server; auto takes the first of the three that it can do',
  }),
  whileLearning: z.enum(['keep', 'sleep', 'stop']).default('keep').meta({
    description: 'While the trainer runs, the server stays, gives its memory back, or is stopped (one GPU)',
  }),
  keyEnv: z
    .string()
    .min(1)
    .exactOptional()
    .meta({ description: "Environment variable with the server's API key" }),
});

const trainer = z.strictObject({
  model: z.string().min(1).exactOptional().meta({
    description:
      'Hugging Face directory of the served model: its tokenizer, and the weights that the PyTorch trainer starts from',
  }),
  python: z.string().min(1).default('python3').meta({
    description: 'Python with what trainer/requirements.txt lists',
  }),
  processes: positive()
    .default(1)
    .meta({ description: 'Trainer processes on this machine, one a GPU (FSDP)' }),
  launch: z.array(z.string().min(1)).default([]).meta({
    description: 'Launcher to use instead, e.g. ["torchrun", "--nnodes=2", …] or ["accelerate", "launch", …]',
  }),
  method: z
    .enum(['full', 'lora'])
    .default('full')
    .meta({ description: 'Whether the weights learn, or low-rank adapters over them; of onnx: too' }),
  lora: z
    .strictObject({
      rank: positive().default(32).meta({ description: "The adapters' rank" }),
      alpha: z.number().positive().default(64).meta({ description: 'They are scaled by alpha / rank' }),
      targets: z
        .array(z.enum(PROJECTIONS))
        .min(1)
        .default([...PROJECTIONS])
        .meta({ description: 'Projections that get adapters' }),
    })
    .prefault({}),
  dtype: z
    .enum(['bf16', 'fp32'])
    .default('bf16')
    .meta({ description: 'What the trainer computes in; weights that learn are float32 either way' }),
  device: z
    .enum(['auto', 'cuda', 'cpu'])
    .default('auto')
    .meta({ description: 'Where the trainer computes; auto is a GPU if there is one' }),
  microBatchTokens: positive().default(16_384).meta({
    description:
      'Most tokens, padding included, of one forward and backward pass; memory is proportional to it',
    unit: 'tokens',
  }),
  gradientCheckpointing: z
    .boolean()
    .default(true)
    .meta({ description: 'Compute activations twice rather than keep them' }),
  keepOptimizer: z.boolean().default(true).meta({
    description: "Carry the optimiser's moments from round to round; onnx: begins each round's anew",
  }),
  stallSeconds: z.number().positive().default(3600).meta({
    description: 'A trainer that gives no sign for so long has failed',
    unit: 'seconds',
  }),
});

const policy = z.strictObject({
  uri: z
    .string()
    .regex(/^[a-z]+:.+/, 'engine:place, e.g. onnx:models/seed')
    .default('onnx:models/seed')
    .meta({
      description:
        'The language model, as engine:place: onnx:DIR, portfolio:single, vllm:http://host:port#name, sglang:…',
    }),
  prompts: z
    .string()
    .min(1)
    .default('compact')
    .meta({ description: 'Prompt templates, a file of prompts/: compact (embedded model) or stp' }),
  threads: positive().max(256).default(2).meta({ description: 'CPU threads of the embedded engine' }),
  device: z.enum(['cpu', 'cuda']).default('cpu').meta({
    description: 'Where the embedded engine computes; cuda needs the CUDA libraries of onnxruntime-node',
  }),
  memoryMb: positive().exactOptional().meta({
    description:
      "What sampling may hold in the embedded engine, which samples fewer rows together to fit; half of the machine's memory when absent",
    unit: 'MiB',
  }),
  batchSize: positive().default(64).meta({ description: 'Most rows the embedded engine samples together' }),
  microBatchTokens: positive().default(2048).meta({
    description:
      'Most tokens, padding included, of one pass of the embedded engine; memory of learning is proportional to it',
    unit: 'tokens',
  }),
  server: server.prefault({}),
  trainer: trainer.prefault({}),
});

const lean = z.strictObject({
  runtime: z.enum(['auto', 'embedded', 'native']).default('auto').meta({
    description: 'Which Lean judges: the npm package, one installed here, or the first of them found',
  }),
  path: z.string().min(1).exactOptional().meta({
    description: 'The native lean executable; looked for on the PATH and in ~/.elan/bin when absent',
  }),
  project: z.string().min(1).exactOptional().meta({
    description: 'Folder of a built Lake project whose toolchain judges and whose libraries can be imported',
  }),
  modules: z.array(z.string().min(1)).min(1).exactOptional().meta({
    description: 'Native: modules that statements may use; Init and Std when absent, with a project Mathlib',
  }),
  tier: z.enum(['fast', 'strict']).default('strict').meta({
    description: 'strict: what is accepted is checked again by a process that never elaborates a proof',
  }),
  workers: positive().max(1024).default(2).meta({ description: 'Judging processes' }),
  spare: z.boolean().default(false).meta({
    description: 'Keep one judging process more started, so that a kill does not stall the queue',
  }),
  wallSeconds: z.number().positive().default(20).meta({
    description: 'An attempt still running after this is a timeout',
    unit: 'seconds',
  }),
  maxHeartbeats: positive().default(20_000).meta({
    description: "Lean's own deterministic limit on one attempt",
    unit: 'thousand allocations',
  }),
  memoryMb: positive()
    .default(4000)
    .meta({ description: 'Most resident memory of a judging process', unit: 'MiB' }),
  cacheDir: z.string().min(1).exactOptional().meta({
    description: "Where the embedded Lean is unpacked once; the user's cache directory when absent",
  }),
});

const isabelle = z.strictObject({
  path: z.string().min(1).exactOptional().meta({
    description: 'The isabelle tool; the variable ISABELLE_TOOL or the PATH names it when absent',
  }),
  session: z.string().min(1).default('HOL').meta({ description: 'Session whose heap the servers load' }),
  dirs: z
    .array(z.string().min(1))
    .default([])
    .meta({ description: 'Folders with further sessions, e.g. of the AFP' }),
  imports: z
    .array(z.string().min(1))
    .min(1)
    .default(['Main'])
    .meta({ description: 'Theories of statements that have no header' }),
  tier: z.enum(['fast', 'strict']).default('strict').meta({
    description: 'strict: what is accepted is confirmed by a clean batch build',
  }),
  workers: positive().max(256).default(1).meta({ description: 'Isabelle servers' }),
  threads: positive().max(256).default(2).meta({ description: 'Threads of each server' }),
  batch: positive().max(1024).default(16).meta({ description: 'Most attempts given to a server at once' }),
  wallSeconds: z.number().positive().default(20).meta({
    description: 'An attempt still running after this is a timeout',
    unit: 'seconds',
  }),
  startSeconds: z.number().positive().default(300).meta({
    description: 'Longest time for a server to start, and for the theories of a header to load',
    unit: 'seconds',
  }),
  memoryMb: positive()
    .default(8000)
    .meta({ description: 'Most resident memory of a server, Java and ML together', unit: 'MiB' }),
  sledgehammer: z.enum(['forbid', 'expand']).default('forbid').meta({
    description: 'expand: the word sledgehammer in a proof stands for ten methods tried in order',
  }),
});

const cache = z.strictObject({
  path: z.string().min(1).exactOptional().meta({
    description: 'File of remembered verdicts, which processes may share; none are remembered when absent',
  }),
  maxEntries: positive().default(1_000_000).meta({ description: 'Most verdicts remembered' }),
});

const queue = z.strictObject({
  url: z
    .string()
    .regex(
      /^rediss?:\/\/([^:@/]+@)?[^@/]+$/,
      'redis://host:port or rediss://user@host:port, without a password',
    )
    .exactOptional()
    .meta({
      description: 'Redis through which lakatos worker processes judge; this process judges when absent',
    }),
  passwordEnv: z.string().min(1).exactOptional().meta({
    description: 'Environment variable with its password, which settings and reports never hold',
  }),
  prefix: z
    .string()
    .min(1)
    .default('lakatos')
    .meta({ description: 'First part of every key there; runs and workers with the same one meet' }),
  toolchain: z.string().min(1).exactOptional().meta({
    description: 'Toolchain that workers must have, in their words; that of the Lean found here when absent',
  }),
  groupSize: positive()
    .max(1024)
    .default(16)
    .meta({ description: 'Most attempts handed to a worker at once' }),
  maxInFlight: positive().default(1024).meta({ description: 'Most attempts in the queue and at workers' }),
  stallSeconds: z.number().positive().default(30).meta({
    description: 'A group whose worker has been silent for so long goes to another',
    unit: 'seconds',
  }),
  waitSeconds: z.number().positive().default(600).meta({
    description: 'With no Redis or no fitting worker for so long the command stops, resumable',
    unit: 'seconds',
  }),
  rememberSeconds: count().default(3600).meta({
    description: 'How long Redis remembers a verdict, for whoever asks again; 0 is not at all',
    unit: 'seconds',
  }),
});

const serve = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').meta({ description: 'Address that lakatos serve listens on' }),
  port: z.int().min(0).max(65_535).default(8000).meta({ description: 'Its port; 0 is any free one' }),
  maxQueue: positive().default(1024).meta({
    description: 'Attempts waiting or being judged; beyond it requests are answered 429',
  }),
  maxBodyMb: z.number().positive().max(256).default(32).meta({
    description: 'Longest request body; beyond it requests are answered 413',
    unit: 'MiB',
  }),
  drainSeconds: z.number().min(0).default(30).meta({
    description: 'After a SIGTERM, how long requests in hand may still take',
    unit: 'seconds',
  }),
});

const data = z.strictObject({
  language: z
    .enum(['lean', 'isabelle'])
    .default('lean')
    .meta({ description: 'Language of the problem set and of what is conjectured' }),
  dataset: z
    .string()
    .min(1)
    .default('lean-core')
    .meta({ description: 'Name of the problem set, for reports' }),
  path: z.string().min(1).default('data/lean-core').meta({ description: 'Folder of the problem set' }),
  seedProofs: z.string().min(1).default('data/seed-proofs').meta({
    description:
      'Folder of the proofs a run starts from, its portfolio.jsonl with name, proof and language; judged first, but for the shipped ones on the shipped problems',
  }),
  trainSplit: z
    .string()
    .min(1)
    .default('train')
    .meta({ description: 'Split that is proved and learned from' }),
  heldoutSplit: z
    .string()
    .min(1)
    .default('heldout')
    .meta({ description: 'Split that is only ever evaluated' }),
  trainProblems: count()
    .default(160)
    .meta({ description: 'Unproved statements of the train split tried each round' }),
  pool: count().default(0).meta({
    description: 'Statements of the train split that the run works on, a fixed random part; 0 is all of them',
  }),
  protected: z.array(z.string().min(1)).default([]).meta({
    description:
      'Problem sets never trained on or conjectured, nor are those of nightly.evaluate; each as name:split:path',
  }),
});

const propose = z.strictObject({
  conjectures: count().default(200).meta({ description: 'Conjectures sampled each round' }),
  ...samplerSettings(0.8),
  maxTokens: positive().default(96).meta({ description: 'Longest conjecture', unit: 'tokens' }),
  trivialLemmaShare: share()
    .default(0.2)
    .meta({ description: 'Share of prompts whose lemma is the trivial one, leaving the conjecturer free' }),
  maxPerLemma: z
    .number()
    .gt(0)
    .max(1)
    .default(0.1)
    .meta({ description: 'No lemma is in more than this share of the prompts' }),
  seedPassRate: share().default(0).meta({
    description: 'A problem whose best pass rate is below this is no seed; 0 is off (STP: 0.35)',
  }),
  policy: z.enum(['current', 'first']).default('current').meta({
    description: 'Who conjectures: the model as it is now, or as the run began (a frozen conjecturer)',
  }),
});

const screen = z.strictObject({
  nearCopies: z
    .boolean()
    .default(true)
    .meta({ description: 'Drop conjectures that are their seed rearranged' }),
  hollow: z.boolean().default(true).meta({ description: 'Drop conjectures that say nothing' }),
  trivial: z.boolean().default(true).meta({ description: 'Drop conjectures that one cheap tactic closes' }),
  refute: z.boolean().default(true).meta({ description: 'Drop conjectures with a small counterexample' }),
  maxChars: positive().default(300).meta({ description: 'Drop longer conjectures', unit: 'characters' }),
});

const prove = z.strictObject({
  samples: positive().default(8).meta({ description: 'Attempts at each statement in a round' }),
  maxSamples: positive().exactOptional().meta({
    description:
      'Attempts in all at a statement whose pass rate may be in select.window after prove.samples; no more when absent',
  }),
  extendUnproved: z.boolean().default(false).meta({
    description: 'Up to prove.maxSamples also where none of the first attempts was a proof',
  }),
  replayShare: share()
    .default(0.05)
    .meta({ description: 'Chance of a proved statement to be proved again in a round' }),
  replayBelow: share().default(0.35).meta({
    description: 'A proved statement whose best pass rate is below this is always proved again',
  }),
  ...samplerSettings(1),
  maxTokens: positive().default(96).meta({ description: 'Longest proof', unit: 'tokens' }),
});

const learn = z.strictObject({
  frozen: z.boolean().default(false).meta({ description: 'Sample and judge only: the model never learns' }),
  objective: z
    .enum(OBJECTIVES)
    .default('oreal-repo')
    .meta({ description: 'Rule that turns groups of judged attempts into signed weights' }),
  conjecturerShare: share().default(0.3).meta({ description: 'Share of the loss given to kept conjectures' }),
  bufferRounds: positive()
    .default(1)
    .meta({ description: 'Judged attempts of so many latest rounds are learned from' }),
  conjecturerRounds: positive()
    .default(3)
    .meta({ description: 'Kept conjectures of so many latest rounds are learned from' }),
  refreshEvery: count().default(0).meta({
    description: 'Every so many rounds the first model learns anew from everything verified; 0 is never',
  }),
  refreshLast: z.boolean().default(false).meta({
    description: 'The last of several rounds is such a refresh; under run --until only with --rounds',
  }),
  batchRows: positive().default(64).meta({ description: 'Rows of one optimiser step' }),
  epochs: positive().default(1).meta({ description: "Passes over the round's rows" }),
  learningRate: z.number().gt(0).max(1).default(1e-4).meta({ description: 'Peak learning rate' }),
  warmupSteps: count().default(5).meta({ description: 'Optimiser steps of linear warm-up' }),
  schedule: z
    .enum(['constant', 'cosine', 'linear'])
    .default('constant')
    .meta({ description: 'Learning rate after warm-up' }),
  betas: z
    .tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)])
    .default([0.9, 0.95])
    .meta({ description: 'AdamW decay of the first and of the second moment' }),
  epsilon: z.number().gt(0).default(1e-8).meta({ description: 'AdamW epsilon' }),
  clipNorm: z.number().gt(0).default(1).meta({ description: 'Global gradient norm is clipped to this' }),
  weightDecay: z.number().min(0).default(0).meta({ description: 'AdamW decoupled weight decay' }),
  klCoef: z.number().min(0).exactOptional().meta({
    description:
      "Weight of the KL penalty towards a reference policy, 0 is none; the objective's own when absent",
  }),
  objectiveSettings: objectiveSettings.prefault({}),
  rewardModel: z
    .strictObject({
      learningRate: z.number().gt(0).max(1).default(4e-4).meta({
        description: 'Peak learning rate of the token-level reward model; the rest is as for the policy',
      }),
      actorFrozenSteps: count().default(10).meta({
        description: "The reward model's first optimiser steps in a run, which the policy waits for",
      }),
    })
    .prefault({}),
});

const evaluate = z.strictObject({
  problems: count()
    .default(100)
    .meta({ description: 'Held-out statements evaluated; the same ones every round' }),
  every: positive()
    .default(1)
    .meta({ description: 'Evaluate after every so many rounds, and after the last' }),
  samples: positive().default(8).meta({ description: 'Attempts at each of them' }),
  k: z
    .array(positive())
    .min(1)
    .default([1, 8])
    .meta({ description: 'pass@k is reported for these k; none above evaluate.samples' }),
  ...samplerSettings(1),
  maxTokens: positive().default(96).meta({ description: 'Longest proof', unit: 'tokens' }),
  beforeAndAfter: z
    .boolean()
    .default(true)
    .meta({ description: 'Evaluate the incoming policy of the first round too, to compare with' }),
});

const nightly = z.strictObject({
  graceSeconds: z.number().positive().default(60).meta({
    description: 'Once asked to stop, how long work may take to a clean point; then the process ends',
    unit: 'seconds',
  }),
  leaseSeconds: positive().max(86_400).default(60).meta({
    description: 'After so long without a sign of life another machine may take the run directory over',
    unit: 'seconds',
  }),
  minFreeDiskMb: count().default(500).meta({
    description: 'Least free disk for a round to begin with, beside two more checkpoints',
    unit: 'MB',
  }),
  minFreeMemoryMb: count().default(500).meta({
    description: 'Least free memory for a run to begin with',
    unit: 'MB',
  }),
  keepCheckpoints: count().default(0).meta({
    description: 'Latest policies kept, with their bundles, beside the best and the one in use; 0 keeps all',
  }),
  evaluate: z.array(z.string().min(1)).default([]).meta({
    description: 'Problem sets evaluated after the rounds, and never trained on; each as name:split:path',
  }),
  profile: z.enum(['full', 'partial', 'core']).default('full').meta({
    description: 'As eval --profile: must every problem elaborate, or is what does not left out',
  }),
  samples: positive().default(8).meta({ description: 'Attempts at each of their problems' }),
  k: z
    .array(positive())
    .min(1)
    .default([1, 8])
    .meta({ description: 'pass@k is reported for these k; none above nightly.samples' }),
  compareWith: z.string().min(1).default('last').meta({
    description: 'last: the evaluation of the same set before; or the directory of a fixed one',
  }),
  slurm: z.array(z.string().min(1)).default([]).meta({
    description: 'Options of run --slurm for sbatch, e.g. --gres=gpu:1',
  }),
});

export const configSchema = z
  .strictObject({
    run: run.prefault({}),
    policy: policy.prefault({}),
    checker: z
      .strictObject({
        lean: lean.prefault({}),
        isabelle: isabelle.prefault({}),
        cache: cache.prefault({}),
        queue: queue.prefault({}),
      })
      .prefault({}),
    data: data.prefault({}),
    propose: propose.prefault({}),
    screen: screen.prefault({}),
    prove: prove.prefault({}),
    select: select.prefault({}),
    learn: learn.prefault({}),
    evaluate: evaluate.prefault({}),
    watch: watch.prefault({}),
    serve: serve.prefault({}),
    nightly: nightly.prefault({}),
  })
  .superRefine((config, context) => {
    checkSelect(config, context);
    checkAlarms(config, context);
    checkPassRateBand(config, context);
    const { samples, maxSamples = samples } = config.prove;
    if (maxSamples < samples)
      context.addIssue({
        code: 'custom',
        path: ['prove', 'maxSamples'],
        message: `at least prove.samples (${samples})`,
        input: maxSamples,
      });
    for (const table of ['evaluate', 'nightly'] as const)
      config[table].k.forEach((k, i) => {
        if (k > config[table].samples)
          context.addIssue({
            code: 'custom',
            path: [table, 'k', i],
            message: `at most ${table}.samples (${config[table].samples})`,
            input: k,
          });
      });
    const comparison = comparisonWithSampler(config.learn);
    if (comparison !== null)
      for (const key of SAMPLED_BY)
        if (config.prove[key] !== UNTEMPERED[key])
          context.addIssue({
            code: 'custom',
            path: ['prove', key],
            message: `${UNTEMPERED[key]}, because ${comparison}`,
            input: config.prove[key],
          });
    const { tokenWeights = 'none' } = config.learn.objectiveSettings;
    if (config.learn.objective === 'prime' && tokenWeights !== 'none')
      context.addIssue({
        code: 'custom',
        path: ['learn', 'objectiveSettings', 'tokenWeights'],
        message: '"none", because prime weighs tokens itself',
        input: tokenWeights,
      });
    if (/^(vllm|sglang):/.test(config.policy.uri) && tokenWeights !== 'none')
      context.addIssue({
        code: 'custom',
        path: ['learn', 'objectiveSettings', 'tokenWeights'],
        message:
          '"none" under a policy behind servers: the token-level reward model begins as an onnx:<directory> policy',
        input: tokenWeights,
      });
    if (config.data.trainSplit === config.data.heldoutSplit)
      context.addIssue({
        code: 'custom',
        path: ['data', 'heldoutSplit'],
        message: 'another split than data.trainSplit',
        input: config.data.heldoutSplit,
      });
  });

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/** A checked configuration, every default filled in. */
export type Config = DeepReadonly<z.output<typeof configSchema>>;
