/** From what a server sampled to a completion: where its text ends, and of which distribution its log-probs are. */
import { cutAtStop } from '../onnx/stop-strings.ts';
import type { Completion, SampleRequest, SamplerSettings } from '../policy.ts';
import type { Tokenizer } from '../tokenizer.ts';
import type { Sampled } from './dialect.ts';
import type { LogprobsOf } from './probe.ts';

export interface Reading {
  readonly tokenizer: Pick<Tokenizer, 'decode'>;
  readonly endTokens: readonly number[];
  readonly logprobsOf: LogprobsOf;
  /** Whether raw log-probs are untempered. */
  readonly rawIsPolicy: boolean;
  readonly version: string;
}

export function completionOf(
  { id }: SampleRequest,
  index: number,
  promptTokens: readonly number[],
  { tokens, logprobs, finish }: Sampled,
  settings: SamplerSettings,
  reading: Reading,
): Completion {
  const whole = reading.tokenizer.decode(withoutEnd(tokens, finish, reading.endTokens));
  const text = finish === 'stop' ? cutAtStop(whole, settings.stop ?? []) : whole;
  const told = distributions(logprobs, settings, reading);
  return { id, index, text, promptTokens, tokens, finish, policyVersion: reading.version, ...told };
}

function withoutEnd(
  tokens: readonly number[],
  finish: Sampled['finish'],
  ends: readonly number[],
): readonly number[] {
  const last = tokens.at(-1);
  return finish === 'stop' && last !== undefined && ends.includes(last) ? tokens.slice(0, -1) : tokens;
}

/** Sampled as it is, the policy is its own sampler. Otherwise the server tells one of the two, or neither. */
function distributions(
  logprobs: readonly number[],
  settings: SamplerSettings,
  { logprobsOf, rawIsPolicy }: Reading,
): Pick<Completion, 'logprobs' | 'policyLogprobs'> {
  const { temperature, topP, topK, minP = 0 } = settings;
  if (temperature === 1 && topP === 1 && topK === 0 && minP === 0)
    return { logprobs, policyLogprobs: logprobs };
  const policy = logprobsOf === 'raw' && rawIsPolicy ? { policyLogprobs: logprobs } : {};
  // Greedy is a point mass.
  if (temperature === 0) return { logprobs: logprobs.map(() => 0), ...policy };
  return logprobsOf === 'processed' ? { logprobs } : { logprobs: [], ...policy };
}
