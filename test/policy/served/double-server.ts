/**
 * A server that answers as vLLM 0.32 or SGLang 0.5.23 do, byte shapes included, from a model that is a hash: what it
 * samples is a function of (weights, prompt, seed, place). A test says where it misbehaves; every request is kept.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: Json;
}

/** What a test reads of a request or an answer is its own business. */
// biome-ignore lint/suspicious/noExplicitAny: JSON of both servers, looked into by tests alone.
export type Json = any;

export type Misbehave = (asked: Asked, response: ServerResponse) => boolean;

export interface DoubleOptions {
  readonly engine?: 'vllm' | 'sglang';
  readonly id?: string;
  readonly root?: string;
  readonly maxLength?: number;
  /** Routes it has beyond sampling. */
  readonly routes?: readonly string[];
  readonly processed?: boolean;
  /** Handles a request itself and returns true, or leaves it. */
  readonly misbehave?: Misbehave;
  /** Waited for before a sample is answered. */
  readonly hold?: () => Promise<void>;
  readonly port?: number;
  readonly vocabulary?: number;
  /** What its model is a function of, from the directory of the weights; default the directory itself. */
  readonly nameOf?: (dir: string) => string;
}

export const VLLM_ROUTES = [
  '/v1/load_lora_adapter',
  '/v1/unload_lora_adapter',
  '/collective_rpc',
  '/sleep',
  '/wake_up',
  '/weight_info',
];

export class Double {
  readonly asked: Asked[] = [];
  readonly options: Required<DoubleOptions>;
  readonly adapters = new Map<string, string>();
  weights: string;
  weightVersion = 'default';
  sleeping = false;
  /** Most completions in hand at once. */
  mostInHand = 0;
  #inHand = 0;
  readonly #server = createServer((request, response) => void this.#handle(request, response));

  constructor(options: DoubleOptions = {}) {
    this.options = {
      engine: 'vllm',
      id: 'base',
      root: '/models/base',
      maxLength: 64,
      routes: [],
      processed: false,
      misbehave: () => false,
      hold: async () => {},
      port: 0,
      vocabulary: 24,
      nameOf: (dir) => dir,
      ...options,
    };
    this.weights = this.options.root;
  }

  async listen(): Promise<string> {
    await new Promise<void>((done) => void this.#server.listen(this.options.port, '127.0.0.1', done));
    // A listening TCP server has such an address.
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((done) => void this.#server.close(() => done()));
  }

  at(path: string): Asked[] {
    return this.asked.filter((asked) => asked.path.split('?')[0] === path);
  }

  /** Log-prob of a token under some weights: the same to sampling and scoring. */
  logprob(weights: string, tokens: readonly number[]): number {
    return -3 * fraction(`${this.options.nameOf(weights)}|${tokens}`) - 0.01;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const { method = '', url: path = '' } = request;
    const asked = { method, path, body: text === '' ? null : JSON.parse(text) };
    this.asked.push(asked);
    if (this.options.misbehave(asked, response)) return;
    this.mostInHand = Math.max(this.mostInHand, ++this.#inHand);
    if (isSample(asked)) await this.options.hold();
    this.#inHand--;
    const route = path.split('?')[0] ?? '';
    const { status = 200, body } = this.#answer(route, asked);
    send(response, status, body);
  }

  #answer(route: string, { method, body, path }: Asked): { status?: number; body: Json } {
    const { options } = this;
    const notFound = { status: 404, body: { detail: 'Not Found' } };
    if (route === '/health') return { body: '' };
    if (route === '/openapi.json')
      return { body: { paths: Object.fromEntries(options.routes.map((r) => [r, {}])) } };
    if (route === '/version') return { body: { version: '0.32.0' } };
    if (route === '/server_info') return { body: { version: '0.5.23' } };
    if (route === '/model_info')
      return { body: { model_path: options.root, weight_version: this.weightVersion } };
    if (route === '/v1/models') return { body: { object: 'list', data: this.#models() } };
    if (route === '/v1/completions') return this.#completions(body);
    if (route === '/generate') return this.#generate(body);
    if (
      !options.routes.includes(route) &&
      !['/pause', '/resume', '/reset_prefix_cache', '/update_weight_version'].includes(route)
    )
      return notFound;
    if (method === 'GET' && route !== '/weight_info')
      return { status: 405, body: { detail: 'Method Not Allowed' } };
    return this.#control(route, body, path);
  }

  #control(route: string, body: Json, path: string): { status?: number; body: Json } {
    switch (route) {
      case '/v1/load_lora_adapter':
      case '/load_lora_adapter':
        if (this.adapters.has(body.lora_name))
          return refused(400, `The lora adapter '${body.lora_name}' has already been loaded.`);
        this.adapters.set(body.lora_name, body.lora_path);
        return { body: this.#said(`LoRA adapter '${body.lora_name}' added successfully.`) };
      case '/v1/unload_lora_adapter':
      case '/unload_lora_adapter':
        this.adapters.delete(body.lora_name);
        return { body: this.#said(`LoRA adapter '${body.lora_name}' removed successfully.`) };
      case '/collective_rpc':
        this.weights = body.kwargs.weights_path;
        return { body: { results: [null] } };
      case '/update_weights_from_disk':
        this.weights = body.model_path;
        this.weightVersion = body.weight_version;
        return { body: { success: true, message: '' } };
      case '/update_weight_version':
        this.weightVersion = body.new_version;
        return { body: { success: true } };
      case '/weight_info':
        return { body: { weight_version: this.weightVersion } };
      case '/sleep':
      case '/release_memory_occupation':
        this.sleeping = true;
        if (path.endsWith('level=2')) this.weights = 'garbage';
        return { body: { status: 'sleeping' } };
      case '/wake_up':
      case '/resume_memory_occupation':
        this.sleeping = false;
        return { body: { status: 'awake' } };
      default:
        return { body: {} };
    }
  }

  /** vLLM answers with a plain sentence, SGLang with an object. */
  #said(sentence: string): Json {
    return this.options.engine === 'vllm' ? `Success: ${sentence}` : { success: true, error_message: '' };
  }

  #models(): Json[] {
    const { id, root, maxLength } = this.options;
    const adapters = [...this.adapters].map(([name, path]) => ({
      id: name,
      root: path,
      parent: id,
      max_model_len: null,
    }));
    return [{ id, object: 'model', root, parent: null, max_model_len: maxLength }, ...adapters];
  }

  #weightsOf(model: string): string | undefined {
    return model === this.options.id ? this.weights : this.adapters.get(model);
  }

  #completions(body: Json): { status?: number; body: Json } {
    const { maxLength } = this.options;
    const weights = this.#weightsOf(body.model);
    if (weights === undefined)
      return refused(404, `The model \`${body.model}\` does not exist.`, 'NotFoundError');
    if (body.prompt.length + body.max_tokens > maxLength)
      return refused(
        400,
        `This model's maximum context length is ${maxLength} tokens. However, you requested ${body.max_tokens} output tokens and your prompt contains ${body.prompt.length} input tokens.`,
        'BadRequestError',
      );
    const choices = Array.from({ length: body.n ?? 1 }, (_, index) => {
      const { tokens, logprobs, stopped } = this.#sample(weights, body.prompt, body.seed + index, body);
      return {
        index,
        text: '',
        finish_reason: stopped ? 'stop' : 'length',
        token_ids: tokens,
        logprobs: { tokens: tokens.map((t) => `token_id:${t}`), token_logprobs: logprobs, text_offset: [] },
        prompt_logprobs:
          body.prompt_logprobs === undefined ? null : this.#promptLogprobs(weights, body.prompt),
      };
    });
    return { body: { id: 'cmpl-1', object: 'text_completion', created: 1, model: body.model, choices } };
  }

  #generate(body: Json): { status?: number; body: Json } {
    const weights = body.lora_path === undefined ? this.weights : this.adapters.get(body.lora_path);
    if (weights === undefined) return refused(400, `adapter ${body.lora_path} is not loaded`);
    const item = (ids: number[], params: Json) => {
      const settings = { ...params, max_tokens: params.max_new_tokens };
      const { tokens, logprobs, stopped } = this.#sample(weights, ids, params.sampling_seed ?? 0, settings);
      const finish = stopped
        ? { type: 'stop', matched: tokens.at(-1) }
        : { type: 'length', length: tokens.length };
      return {
        text: '',
        output_ids: tokens,
        meta_info: {
          id: 'x',
          finish_reason: finish,
          weight_version: this.weightVersion,
          output_token_logprobs: tokens.map((t, i) => [logprobs[i], t, null]),
          input_token_logprobs: ids.map((t, i) => [
            i === 0 ? null : this.logprob(weights, ids.slice(0, i + 1)),
            t,
            null,
          ]),
        },
      };
    };
    const many = Array.isArray(body.input_ids[0]);
    if (!many) return { body: item(body.input_ids, body.sampling_params) };
    return { body: body.input_ids.map((ids: number[], i: number) => item(ids, body.sampling_params[i])) };
  }

  #promptLogprobs(weights: string, prompt: readonly number[]): Json[] {
    return prompt.map((token, i) =>
      i === 0
        ? null
        : { [token]: { logprob: this.logprob(weights, prompt.slice(0, i + 1)), rank: 1, decoded_token: '' } },
    );
  }

  /** Ends with an end token when one is drawn. */
  #sample(weights: string, prompt: readonly number[], seed: number, settings: Json) {
    const tokens: number[] = [];
    const logprobs: number[] = [];
    const name = this.options.nameOf(weights);
    const certain = this.options.processed && settings.top_k === 1;
    while (tokens.length < settings.max_tokens) {
      const token = Math.floor(fraction(`${name}|${prompt}|${tokens}|${seed}`) * this.options.vocabulary);
      tokens.push(token);
      logprobs.push(certain ? 0 : this.logprob(weights, [...prompt, ...tokens]));
      if ((settings.stop_token_ids ?? []).includes(token)) return { tokens, logprobs, stopped: true };
    }
    return { tokens, logprobs, stopped: false };
  }
}

/** Not the probe, which draws among one. */
export const isSample = ({ path, body }: Asked) => path === '/v1/completions' && body.top_k !== 1;

export const refused = (status: number, message: string, type = 'BadRequestError') => ({
  status,
  body: { error: { message, type, param: null, code: status } },
});

export function send(response: ServerResponse, status: number, body: Json): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** In [0, 1), evenly spread. */
const fraction = (text: string) => createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
