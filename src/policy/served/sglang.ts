/**
 * SGLang's HTTP: its own /generate, whose answers carry token ids, log-probs and the weights' version, and its control
 * plane. Read off SGLang 0.5.23 and tested against a double that follows it; no SGLang ran here.
 *
 * Every sample is an item of its own with a seed of its own, for `n` samples of one request share theirs. SGLang heeds
 * seeds only with --enable-deterministic-inference. Its log-probs are of the tempered distribution.
 */
import { z } from 'zod';
import {
  type Control,
  type Dialect,
  listedPaths,
  type ModelId,
  malformed,
  type Offers,
  readAnswer,
  type SampleCall,
  type Sampled,
  type ScoreCall,
} from './dialect.ts';
import type { Replica } from './http.ts';
import { listModels } from './vllm.ts';

const GENERATE = '/generate';

/** [log-prob, token id, text or null]; the first token of a prompt has no log-prob. */
const logprobs = z.array(z.tuple([z.number().nullable(), z.int()], z.unknown()));
const generatedSchema = z.array(
  z.looseObject({
    meta_info: z.looseObject({
      finish_reason: z.looseObject({ type: z.enum(['stop', 'length']) }),
      weight_version: z.string().nullish(),
      output_token_logprobs: logprobs,
    }),
  }),
);
const scoredSchema = z.looseObject({ meta_info: z.looseObject({ input_token_logprobs: logprobs }) });
const infoSchema = z.looseObject({ weight_version: z.string().nullish() });
const embeddedSchema = z.looseObject({ embedding: z.array(z.number()) });

async function offers(control: Control): Promise<Offers> {
  const { replica, seconds } = control;
  // Its routes also take GET and would act on one, so only its own list is read.
  const listed = (await listedPaths(control)) ?? new Set<string>();
  const { status, text } = await replica.answer({ path: '/server_info', seconds });
  const version = status === 200 ? (/"version":\s*"([^"]*)"/.exec(text)?.[1] ?? 'unknown') : 'unknown';
  return {
    version,
    adapters: listed.has('/load_lora_adapter'),
    reload: listed.has('/update_weights_from_disk'),
    sleep: listed.has('/release_memory_occupation'),
    weightVersion: (await weightVersion(control)) !== null,
    embeddings: listed.has('/encode'),
  };
}

/** An adapter is named with each request; the base model by leaving the name out. */
const adapterOf = ({ id, adapter }: ModelId) => (adapter ? { lora_path: id } : {});

async function sample(replica: Replica, call: SampleCall): Promise<readonly Sampled[]> {
  const { settings, seconds, signal, model } = call;
  const params = (index: number) => ({
    max_new_tokens: settings.maxTokens,
    temperature: settings.temperature,
    top_p: settings.topP,
    top_k: settings.topK === 0 ? -1 : settings.topK,
    min_p: settings.minP ?? 0,
    stop: settings.stop ?? [],
    stop_token_ids: call.endTokens,
    sampling_seed: call.seed + index,
    skip_special_tokens: false,
    no_stop_trim: true,
  });
  const body = {
    input_ids: Array.from({ length: call.n }, () => call.promptTokens),
    sampling_params: Array.from({ length: call.n }, (_, i) => params(i)),
    return_logprob: true,
    ...adapterOf(model),
  };
  const where = `${replica.url}${GENERATE}`;
  const answer = await replica.json({ path: GENERATE, body, seconds, signal });
  const items = readAnswer(generatedSchema, answer, where);
  if (items.length !== call.n)
    throw malformed(where, `expected ${call.n} samples, found ${items.length}`, answer);
  return items.map(({ meta_info: meta }) => ({
    tokens: meta.output_token_logprobs.map(([, id]) => id),
    logprobs: meta.output_token_logprobs.map(([value]) => {
      if (value === null) throw malformed(where, 'a log-prob is missing', answer);
      return value;
    }),
    finish: meta.finish_reason.type,
    model: model.id,
    ...(meta.weight_version == null ? {} : { weightVersion: meta.weight_version }),
  }));
}

async function score(replica: Replica, call: ScoreCall): Promise<readonly number[]> {
  const { model, promptTokens, tokens, seconds } = call;
  const body = {
    input_ids: [...promptTokens, ...tokens],
    sampling_params: { max_new_tokens: 1, temperature: 0 },
    return_logprob: true,
    logprob_start_len: 0,
    ...adapterOf(model),
  };
  const where = `${replica.url}${GENERATE}`;
  const answer = await replica.json({ path: GENERATE, body, seconds });
  const found = readAnswer(scoredSchema, answer, where).meta_info.input_token_logprobs.slice(
    promptTokens.length,
  );
  return tokens.map((token, t) => {
    const [value, id] = found[t] ?? [null, -1];
    if (value === null || id !== token)
      throw malformed(where, `no prompt log-prob of token ${t} (id ${token})`, answer);
    return value;
  });
}

const post = ({ replica, seconds }: Control, path: string, body: unknown = {}) =>
  replica.json({ path, body, seconds }).then(() => {});

async function weightVersion({ replica, seconds }: Control): Promise<string | null> {
  const { status, text } = await replica.answer({ path: '/model_info', seconds });
  if (status !== 200) return null;
  return readAnswer(infoSchema, JSON.parse(text), `${replica.url}/model_info`).weight_version ?? null;
}

export const sglang: Dialect = {
  engine: 'sglang',
  rawIsPolicy: false,
  models: listModels,
  offers,
  sample,
  score,
  async embed(replica, { tokens, seconds }) {
    const answer = await replica.json({ path: '/encode', body: { input_ids: tokens }, seconds });
    return readAnswer(embeddedSchema, answer, `${replica.url}/encode`).embedding;
  },
  loadAdapter: (control, name, dir) =>
    post(control, '/load_lora_adapter', { lora_name: name, lora_path: dir }),
  unloadAdapter: (control, name) => post(control, '/unload_lora_adapter', { lora_name: name }),
  reload: (control, dir, version) =>
    post(control, '/update_weights_from_disk', {
      model_path: dir,
      weight_version: version,
      flush_cache: true,
    }),
  weightVersion,
  // Weights given back are not kept anywhere: they are read anew before the next sample, whatever `forget` says.
  sleep: (control, forget) =>
    post(control, '/release_memory_occupation', forget ? {} : { tags: ['kv_cache'] }),
  wake: (control, forgot) => post(control, '/resume_memory_occupation', forgot ? {} : { tags: ['kv_cache'] }),
};
