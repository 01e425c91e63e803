/**
 * One replica over HTTP: JSON in, JSON out, a deadline on every call, and failures told apart by what can be done
 * about them. It never retries (fleet.ts does) and knows no server's shapes (vllm.ts and sglang.ts do).
 */
import { Agent, request } from 'undici';
import { ConnectionLostError, DeadlineError, ServerError } from './errors.ts';

export interface Call {
  readonly path: string;
  /** Posted as JSON; absent is a GET. */
  readonly body?: unknown;
  /** The whole answer must be here by then. */
  readonly seconds: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export class Replica {
  readonly url: string;
  readonly #headers: Readonly<Record<string, string>>;
  /** The time limits are each call's own: undici's would cut long generations off at five minutes. */
  readonly #agent = new Agent({ headersTimeout: 0, bodyTimeout: 0, connect: { timeout: 10_000 } });

  constructor(url: string, apiKey?: string) {
    this.url = url;
    this.#headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  }

  /** The parsed body of a 2xx answer; null when it is empty. */
  async json(call: Call): Promise<unknown> {
    const { status, text } = await this.answer(call);
    if (status < 200 || status > 299) throw this.refused(call.path, status, text);
    if (text === '') return null;
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new ServerError(
        `${this.url}${call.path}: expected JSON, found ${JSON.stringify(text.slice(0, 200))}; is that the right server?`,
        status,
        { cause },
      );
    }
  }

  /** Whatever it answers, errors included. */
  async answer({ path, body, seconds, signal }: Call): Promise<Answer> {
    const deadline = AbortSignal.timeout(seconds * 1000);
    try {
      const { statusCode, body: stream } = await request(`${this.url}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { ...this.#headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        body: body === undefined ? null : JSON.stringify(body),
        dispatcher: this.#agent,
        signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
      });
      return { status: statusCode, text: await stream.text() };
    } catch (cause) {
      signal?.throwIfAborted();
      if (deadline.aborted)
        throw new DeadlineError(
          `${this.url}${path}: no answer within ${seconds} s; the server hangs or is overloaded (see its log; policy.server.requestSeconds and controlSeconds are the limits)`,
          { cause },
        );
      throw new ConnectionLostError(`${this.url}${path}: ${reasonOf(cause)}; is the server up?`, { cause });
    }
  }

  /** The error that an answer is. */
  refused(path: string, status: number, text: string): ServerError {
    return new ServerError(`${this.url}${path} answered ${status}: ${serverWords(text)}`, status);
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

/** What the server said, out of the wrappings that OpenAI-compatible servers put around it. */
export function serverWords(text: string): string {
  try {
    const body: unknown = JSON.parse(text);
    return wordsIn(body) ?? text.slice(0, 1000);
  } catch {
    return text.trim().slice(0, 1000) || '(nothing)';
  }
}

function wordsIn(body: unknown): string | undefined {
  if (typeof body === 'string') return body;
  if (typeof body !== 'object' || body === null) return undefined;
  const { error, message, detail } = body as Partial<Record<string, unknown>>; // Any object may be read like this.
  const found = wordsIn(error) ?? wordsIn(message);
  return found ?? (typeof detail === 'object' ? JSON.stringify(detail) : wordsIn(detail));
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const code = 'code' in cause ? String(cause.code) : '';
  return [code, cause.message].filter((part) => part !== '').join(' ');
}
