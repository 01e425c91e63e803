/** What attempts and conjectures have in common: the sampler's words, tokens and settings, and the shared prompt. */
import { createHash } from 'node:crypto';
import type { SamplerSettings } from '../policy/policy.ts';
import { floatsFromBlob, floatsToBlob, tokensFromBlob, tokensToBlob } from './blobs.ts';
import type { Connection, Parameters } from './connection.ts';
import type { SampleRecord } from './records.ts';

export interface SampleRow {
  readonly id: string;
  readonly round: number;
  readonly policy_version: string;
  readonly prompt_text: string;
  readonly prompt_tokens: Uint8Array;
  readonly text: string;
  readonly tokens: Uint8Array;
  readonly logprobs: Uint8Array;
  readonly finish: SampleRecord['finish'];
  readonly sampler: string;
  readonly seed: number;
}

export function sampleParameters(sample: SampleRecord, prompt: number): Parameters {
  const { id, round, policyVersion, text, finish, seed } = sample;
  const tokens = tokensToBlob(sample.tokens);
  const logprobs = floatsToBlob(sample.logprobs);
  return {
    id,
    round,
    policyVersion,
    prompt,
    text,
    tokens,
    logprobs,
    finish,
    sampler: JSON.stringify(sample.sampler),
    seed,
  };
}

export function sampleOf(row: SampleRow): SampleRecord {
  return {
    id: row.id,
    round: row.round,
    policyVersion: row.policy_version,
    prompt: row.prompt_text,
    promptTokens: tokensFromBlob(row.prompt_tokens),
    text: row.text,
    tokens: tokensFromBlob(row.tokens),
    logprobs: floatsFromBlob(row.logprobs),
    finish: row.finish,
    // Only `sampleParameters` writes this column.
    sampler: JSON.parse(row.sampler) as SamplerSettings,
    seed: row.seed,
  };
}

/**
 * Stores prompts once and gives their row ids. It remembers what it stored, so it must not outlive the transaction
 * that it was made in: a rollback would take the rows away under it.
 */
export function promptInterner(connection: Connection): (text: string, tokens: readonly number[]) => number {
  const known = new Map<string, number>();
  // A statement's samples come one after the other, so most prompts are the one before.
  let last = { text: '', tokens: NO_TOKENS, id: -1 };
  const intern = (text: string, tokens: readonly number[]): number => {
    const blob = tokensToBlob(tokens);
    const hash = createHash('sha256').update(blob).update(text).digest();
    const key = hash.toString('base64');
    const id = known.get(key) ?? storePrompt(connection, hash, text, blob);
    known.set(key, id);
    return id;
  };
  return (text, tokens) => {
    if (last.id < 0 || text !== last.text || !sameTokens(tokens, last.tokens))
      last = { text, tokens, id: intern(text, tokens) };
    return last.id;
  };
}

const NO_TOKENS: readonly number[] = [];

const sameTokens = (a: readonly number[], b: readonly number[]): boolean =>
  a === b || (a.length === b.length && a.every((token, i) => token === b[i]));

function storePrompt(connection: Connection, hash: Uint8Array, text: string, tokens: Uint8Array): number {
  connection.run(
    'INSERT INTO prompts (hash, text, tokens) VALUES (@hash, @text, @tokens) ON CONFLICT (hash) DO NOTHING',
    { hash, text, tokens },
  );
  const row = connection.get<{ id: number }>('SELECT id FROM prompts WHERE hash = @hash', { hash });
  if (!row) throw new Error('a prompt was stored and is not there');
  return row.id;
}
