/**
 * The place of a served policy: `http://host:8000#name`, or several replicas `http://a:8000,http://b:8000#name`.
 *
 * The name is what the server calls the model; without one the server's first model is meant. A replica without a
 * scheme is http.
 */
import { UsageError } from '../../ops/errors.ts';

export type ServedEngine = 'vllm' | 'sglang';

export interface Place {
  /** Origins of the replicas, one or more, in the order given. */
  readonly urls: readonly string[];
  readonly name?: string;
}

export function parsePlace(engine: ServedEngine, place: string): Place {
  const hash = place.indexOf('#');
  const hosts = (hash < 0 ? place : place.slice(0, hash)).split(',').map((host) => host.trim());
  const name = hash < 0 ? '' : place.slice(hash + 1);
  const urls = hosts.map((host) => origin(engine, place, host));
  if (new Set(urls).size < urls.length) throw refusal(engine, place, 'the same replica twice');
  return name === '' ? { urls } : { urls, name };
}

function origin(engine: ServedEngine, place: string, host: string): string {
  const url = URL.parse(host.includes('://') ? host : `http://${host}`);
  if (url === null || host === '') throw refusal(engine, place, `"${host}", which is no address`);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw refusal(engine, place, `the scheme ${url.protocol}`);
  if (url.pathname !== '/' || url.search !== '')
    throw refusal(engine, place, `a path (${url.pathname}${url.search})`);
  return url.origin;
}

const refusal = (engine: ServedEngine, place: string, found: string) =>
  new UsageError(
    `policy.uri: expected ${engine}:http://host:port#name, several replicas separated by commas; found ${found} in ${engine}:${place}.`,
    'policy.uri',
  );
