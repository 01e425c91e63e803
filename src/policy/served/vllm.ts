/**
 * vLLM's HTTP: OpenAI's completions with token ids in and out, and its own control plane, which needs
 * VLLM_SERVER_DEV_MODE=1 (sleep, reload, weight versions) and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True (adapters).
 * Read off vLLM 0.32; older servers lack some of it, which is probed, never assumed.
 *
 * Known of 0.32's CPU build: with --enable-lora the engine dies when several requests in flight ask for prompt log-probs;
 * policy.server.concurrency = 1 avoids that.
 *
 * Choice i of a request is drawn from seed + i (vLLM derives children's seeds so).
 */
import { z } from 'zod';
import {
  type Control,
  type Dialect,
  type EmbedCall,
  listedPaths,
  malformed,
  type Offers,
  readAnswer,
  type SampleCall,
  type Sampled,
  type ScoreCall,
  type ServedModel,
} from './dialect.ts';
import type { Replica } from './http.ts';

const COMPLETIONS = '/v1/completions';

export const modelsSchema = z.looseObject({
  data: z.array(
    z.looseObject({
      id: z.string(),
      root: z.string().nullish(),
      parent: z.string().nullish(),
      max_model_len: z.number().nullish(),
    }),
  ),
});

const sampledSchema = z.looseObject({
  model: z.string(),
  choices: z.array(
    z.looseObject({
      index: z.int(),
      finish_reason: z.enum(['stop', 'length']),
      token_ids: z.array(z.int()).nullish(),
      logprobs: z.looseObject({ tokens: z.array(z.string()), token_logprobs: z.array(z.number()) }).nullish(),
    }),
  ),
});

const promptLogprobs = z.record(z.string(), z.looseObject({ logprob: z.number() })).nullable();
const scoredSchema = z.looseObject({
  model: z.string(),
  choices: z.array(z.looseObject({ prompt_logprobs: z.array(promptLogprobs) })).length(1),
});

const embeddedSchema = z.looseObject({
  data: z.array(z.looseObject({ embedding: z.array(z.number()) })).length(1),
});

export async function listModels({ replica, seconds }: Control): Promise<readonly ServedModel[]> {
  const body = await replica.json({ path: '/v1/models', seconds });
  const { data } = readAnswer(modelsSchema, body, `${replica.url}/v1/models`);
  return data.map(({ id, root = null, parent = null, max_model_len: maxLength = null }) => ({
    id,
    root,
    parent,
    maxLength,
  }));
}

async function offers(control: Control): Promise<Offers> {
  const { replica, seconds } = control;
  const listed = await listedPaths(control);
  // A route that only takes POST answers a GET with 405: asking does nothing.
  const has = async (path: string) =>
    listed?.has(path) ?? (await replica.answer({ path, seconds })).status !== 404;
  const told = await replica.answer({ path: '/version', seconds });
  const version = told.status === 200 ? told.text.replaceAll(/[{}"\s]|version:/g, '') : 'unknown';
  return {
    version,
    adapters: await has('/v1/load_lora_adapter'),
    reload: await has('/collective_rpc'),
    sleep: await has('/sleep'),
    weightVersion: await has('/weight_info'),
    embeddings: await has('/v1/embeddings'),
  };
}

async function sample(replica: Replica, call: SampleCall): Promise<readonly Sampled[]> {
  const { settings, seconds, signal } = call;
  const body = {
    model: call.model.id,
    prompt: call.promptTokens,
    n: call.n,
    seed: call.seed,
    temperature: settings.temperature,
    top_p: settings.topP,
    top_k: settings.topK,
    min_p: settings.minP ?? 0,
    stop: settings.stop ?? [],
    stop_token_ids: call.endTokens,
    max_tokens: settings.maxTokens,
    logprobs: 0,
    return_token_ids: true,
    return_tokens_as_token_ids: true,
    skip_special_tokens: false,
    add_special_tokens: false,
  };
  const where = `${replica.url}${COMPLETIONS}`;
  const answer = await replica.json({ path: COMPLETIONS, body, seconds, signal });
  const { model, choices } = readAnswer(sampledSchema, answer, where);
  if (choices.length !== call.n)
    throw malformed(where, `expected ${call.n} choices, found ${choices.length}`, answer);
  return choices
    .toSorted((a, b) => a.index - b.index)
    .map(({ token_ids, logprobs, finish_reason: finish }) => {
      const tokens = token_ids ?? idsIn(logprobs?.tokens ?? []);
      const values = logprobs?.token_logprobs;
      if (values === undefined) throw malformed(where, 'log-probs are missing', answer);
      if (tokens.length !== values.length || tokens.some(Number.isNaN))
        throw malformed(where, `${tokens.length} token ids and ${values.length} log-probs`, answer);
      return { tokens, logprobs: values, finish, model };
    });
}

/** Servers before `return_token_ids` put them in the tokens' texts, as `token_id:42`. */
const idsIn = (texts: readonly string[]) =>
  texts.map((text) => (text.startsWith('token_id:') ? Number(text.slice(9)) : Number.NaN));

async function score(replica: Replica, call: ScoreCall): Promise<readonly number[]> {
  const { model, promptTokens, tokens, seconds } = call;
  const prompt = [...promptTokens, ...tokens];
  const body = {
    model: model.id,
    prompt,
    max_tokens: 1,
    temperature: 0,
    prompt_logprobs: 0,
    add_special_tokens: false,
  };
  const where = `${replica.url}${COMPLETIONS}`;
  const answer = await replica.json({ path: COMPLETIONS, body, seconds });
  const { choices } = readAnswer(scoredSchema, answer, where);
  const found = choices[0]?.prompt_logprobs.slice(promptTokens.length) ?? [];
  return tokens.map((token, t) => {
    const value = found[t]?.[String(token)]?.logprob;
    if (value === undefined) throw malformed(where, `no prompt log-prob of token ${t} (id ${token})`, answer);
    return value;
  });
}

async function embed(replica: Replica, { model, tokens, seconds }: EmbedCall): Promise<readonly number[]> {
  const path = '/v1/embeddings';
  const answer = await replica.json({
    path,
    body: { model: model.id, input: tokens, encoding_format: 'float' },
    seconds,
  });
  return readAnswer(embeddedSchema, answer, `${replica.url}${path}`).data[0]?.embedding ?? [];
}

const post = ({ replica, seconds }: Control, path: string, body: unknown = {}) =>
  replica.json({ path, body, seconds }).then(() => {});

/** Its answer is a plain sentence, not JSON. */
async function adapterCall({ replica, seconds }: Control, path: string, body: unknown): Promise<void> {
  const { status, text } = await replica.answer({ path, body, seconds });
  if (status !== 200) throw replica.refused(path, status, text);
}

async function reload(control: Control, dir: string, version: string): Promise<void> {
  await post(control, '/pause?mode=wait');
  await post(control, '/collective_rpc', { method: 'reload_weights', kwargs: { weights_path: dir } });
  await post(control, '/reset_prefix_cache');
  await post(control, '/update_weight_version', { new_version: version });
  await post(control, '/resume');
}

async function weightVersion({ replica, seconds }: Control): Promise<string | null> {
  const { status, text } = await replica.answer({ path: '/weight_info', seconds });
  if (status !== 200) return null;
  const found = z.object({ weight_version: z.string() }).safeParse(JSON.parse(text));
  return found.success ? found.data.weight_version : null;
}

export const vllm: Dialect = {
  engine: 'vllm',
  rawIsPolicy: true,
  models: listModels,
  offers,
  sample,
  score,
  embed,
  loadAdapter: (control, name, dir) =>
    adapterCall(control, '/v1/load_lora_adapter', { lora_name: name, lora_path: dir }),
  unloadAdapter: (control, name) => adapterCall(control, '/v1/unload_lora_adapter', { lora_name: name }),
  reload,
  weightVersion,
  sleep: (control, forget) => post(control, `/sleep?level=${forget ? 2 : 1}`),
  wake: (control) => post(control, '/wake_up'),
};
