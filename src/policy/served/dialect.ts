/**
 * What a served policy asks of a server, whichever it is. One file an engine speaks its HTTP: vllm.ts, sglang.ts.
 * A dialect holds no state and decides nothing; answers are checked here at the edge, and refused with what was found.
 */
import type { z } from 'zod';
import type { SamplerSettings } from '../policy.ts';
import { ServerError } from './errors.ts';
import type { Replica } from './http.ts';

/** A model as the server calls it. */
export interface ModelId {
  readonly id: string;
  /** Whether it is an adapter over the server's base. */
  readonly adapter: boolean;
}

export interface SampleCall {
  readonly model: ModelId;
  readonly promptTokens: readonly number[];
  readonly n: number;
  readonly seed: number;
  readonly settings: SamplerSettings;
  readonly endTokens: readonly number[];
  readonly seconds: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Sampled {
  readonly tokens: readonly number[];
  readonly logprobs: readonly number[];
  readonly finish: 'stop' | 'length';
  /** The served id that the server says answered. */
  readonly model: string;
  /** The server's own name of the weights, where every answer carries it. */
  readonly weightVersion?: string;
}

export interface ServedModel {
  readonly id: string;
  /** Where the server loaded it from, as it tells. */
  readonly root: string | null;
  /** Longest sequence, prompt and completion; null for adapters, which have their base's. */
  readonly maxLength: number | null;
  /** The base's id for an adapter. */
  readonly parent: string | null;
}

/** What this server offers beyond sampling. */
export interface Offers {
  readonly version: string;
  /** Adapters can be loaded while it runs. */
  readonly adapters: boolean;
  /** Whole weights can be read anew from a directory while it runs. */
  readonly reload: boolean;
  /** It can give its memory back and take it again. */
  readonly sleep: boolean;
  /** It names its weights, and takes a name with new ones. */
  readonly weightVersion: boolean;
  readonly embeddings: boolean;
}

/** A call of the control plane: who is asked, and for how long. */
export interface Control {
  readonly replica: Replica;
  readonly seconds: number;
}

export interface Dialect {
  readonly engine: 'vllm' | 'sglang';
  /** Whether unfiltered log-probs are the policy's own at any temperature. */
  readonly rawIsPolicy: boolean;
  models(control: Control): Promise<readonly ServedModel[]>;
  offers(control: Control): Promise<Offers>;
  sample(replica: Replica, call: SampleCall): Promise<readonly Sampled[]>;
  /** Log-probs of `tokens` after `promptTokens`. */
  score(replica: Replica, call: ScoreCall): Promise<readonly number[]>;
  embed(replica: Replica, call: EmbedCall): Promise<readonly number[]>;
  loadAdapter(control: Control, name: string, dir: string): Promise<void>;
  unloadAdapter(control: Control, name: string): Promise<void>;
  /** Replaces the whole weights, and drops what was cached under the old ones. */
  reload(control: Control, dir: string, version: string): Promise<void>;
  /** null where the server does not tell. */
  weightVersion(control: Control): Promise<string | null>;
  /** Gives memory back; `forget` when new weights will be read before the next sample. */
  sleep(control: Control, forget: boolean): Promise<void>;
  wake(control: Control, forgot: boolean): Promise<void>;
}

export interface ScoreCall {
  readonly model: ModelId;
  readonly promptTokens: readonly number[];
  readonly tokens: readonly number[];
  readonly seconds: number;
}

export interface EmbedCall {
  readonly model: ModelId;
  readonly tokens: readonly number[];
  readonly seconds: number;
}

/** The answer as the schema has it, or a ServerError that says where it is not. */
export function readAnswer<S extends z.ZodType>(schema: S, body: unknown, where: string): z.infer<S> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'the body'}: ${message}`,
  );
  throw malformed(where, faults.slice(0, 3).join('; '), body);
}

export function malformed(where: string, fault: string, body: unknown): ServerError {
  const shown = JSON.stringify(body)?.slice(0, 300) ?? String(body);
  return new ServerError(`${where}: the answer cannot be read: ${fault}; it begins ${shown}`, 200);
}

/** The paths a FastAPI server says it has; null where it does not say. */
export async function listedPaths({ replica, seconds }: Control): Promise<ReadonlySet<string> | null> {
  const { status, text } = await replica.answer({ path: '/openapi.json', seconds });
  if (status !== 200) return null;
  try {
    const { paths } = JSON.parse(text) as { paths?: Record<string, unknown> }; // Anything else throws or is empty.
    return paths === undefined ? null : new Set(Object.keys(paths));
  } catch {
    return null;
  }
}
