/**
 * The architecture, read from a Hugging Face `config.json` of the Llama family: Llama itself, Qwen2 (biases on q, k
 * and v) and Qwen3 (queries and keys normed head by head).
 *
 * Whatever would make the built graph compute something else than transformers does (other activations, unknown rope
 * scaling, sliding windows) is refused here, by name. Fields that only transformers needs pass through.
 */
import { z } from 'zod';
import { CheckpointError } from './errors.ts';
import { type RopeScaling, ropeJson, ropeOf, ropeSchema } from './rope.ts';

export const FAMILIES = ['llama', 'qwen2', 'qwen3'] as const;
export type Family = (typeof FAMILIES)[number];

const positive = z.int().positive();

/** One token id or several, as config.json and generation_config.json have them. */
export const endTokensSchema = z.union([z.int(), z.array(z.int()).nonempty()]).nullish();

const schema = z.looseObject({
  model_type: z.enum(FAMILIES),
  vocab_size: positive,
  hidden_size: positive,
  intermediate_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  num_key_value_heads: positive.nullish(),
  head_dim: positive.multipleOf(2).nullish(),
  max_position_embeddings: positive,
  rms_norm_eps: z.number().positive().default(1e-6),
  rope_theta: z.number().positive().optional(),
  rope_scaling: ropeSchema.nullish(),
  rope_parameters: ropeSchema.optional(),
  tie_word_embeddings: z.boolean().default(false),
  hidden_act: z.literal('silu').default('silu'),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.literal(false).optional(),
  use_sliding_window: z.literal(false).optional(),
  layer_types: z.array(z.literal('full_attention')).nullish(),
  eos_token_id: endTokensSchema,
});

export interface LlamaConfig {
  /** Default llama. */
  readonly family?: Family;
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
  /** Most tokens of one sequence, prompt included. */
  readonly contextLength: number;
  readonly normEpsilon: number;
  readonly ropeTheta: number;
  /** Default none. */
  readonly ropeScaling?: RopeScaling;
  /** Biases on all four attention projections; Qwen2 has them on q, k and v regardless. Default false. */
  readonly attentionBias?: boolean;
  readonly tiedHead: boolean;
  /** Token ids that end a completion; may be empty. Of the generation config, where that names any. */
  readonly endTokens: readonly number[];
}

export function parseLlamaConfig(json: unknown, where: string): LlamaConfig {
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    throw new CheckpointError(
      `${where}: not a Llama, Qwen2 or Qwen3 config this engine runs:\n${z.prettifyError(parsed.error)}`,
    );
  }
  const raw = parsed.data;
  const keyValueHeads = raw.num_key_value_heads ?? raw.num_attention_heads;
  if (raw.num_attention_heads % keyValueHeads !== 0) {
    throw new CheckpointError(
      `${where}: num_attention_heads (${raw.num_attention_heads}) must be a multiple of num_key_value_heads (${keyValueHeads})`,
    );
  }
  // transformers' Qwen3Config has 128 where the file has none.
  const headDim =
    raw.head_dim ?? (raw.model_type === 'qwen3' ? 128 : raw.hidden_size / raw.num_attention_heads);
  if (!Number.isInteger(headDim / 2)) {
    throw new CheckpointError(`${where}: head_dim must be an even whole number, found ${headDim}`);
  }
  return {
    ...(raw.model_type === 'llama' ? {} : { family: raw.model_type }),
    vocabSize: raw.vocab_size,
    hiddenSize: raw.hidden_size,
    intermediateSize: raw.intermediate_size,
    layers: raw.num_hidden_layers,
    heads: raw.num_attention_heads,
    keyValueHeads,
    headDim,
    contextLength: raw.max_position_embeddings,
    normEpsilon: raw.rms_norm_eps,
    ...ropeOf(raw.rope_parameters ?? raw.rope_scaling ?? {}, raw.rope_theta, where),
    ...(raw.attention_bias && raw.model_type !== 'qwen2' ? { attentionBias: true } : {}),
    tiedHead: raw.tie_word_embeddings,
    endTokens: raw.eos_token_id == null ? [] : [raw.eos_token_id].flat(),
  };
}

const ARCHITECTURES = {
  llama: 'LlamaForCausalLM',
  qwen2: 'Qwen2ForCausalLM',
  qwen3: 'Qwen3ForCausalLM',
} as const;

/** The `config.json` that transformers reads back as the same architecture (its versions 4 and 5). */
export function llamaConfigJson(config: LlamaConfig): Record<string, unknown> {
  const { family = 'llama', endTokens } = config;
  return {
    architectures: [ARCHITECTURES[family]],
    model_type: family,
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.keyValueHeads,
    head_dim: config.headDim,
    max_position_embeddings: config.contextLength,
    rms_norm_eps: config.normEpsilon,
    ...ropeJson(config),
    tie_word_embeddings: config.tiedHead,
    hidden_act: 'silu',
    attention_bias: config.attentionBias ?? false,
    mlp_bias: false,
    initializer_range: 0.02,
    bos_token_id: null,
    pad_token_id: null,
    eos_token_id: endTokens.length === 1 ? endTokens[0] : endTokens.length === 0 ? null : endTokens,
    dtype: 'float32',
  };
}
