/**
 * Verdicts that workers leave in Redis for a while, under their attempt's hash: what a killed worker or a killed run had
 * already judged is not judged again, whoever asks. Only what the next judge would say too: `proved`, `rejected`,
 * `forbidden`.
 */
import type { Redis } from 'ioredis';
import { type VerdictAnswer, verdictAnswer } from '../answers.ts';

const LASTING: readonly string[] = ['proved', 'rejected', 'forbidden'];

export class Remembered {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #seconds: number;

  /** `seconds` 0 remembers nothing. */
  constructor(redis: Redis, prefix: string, seconds: number) {
    this.#redis = redis;
    this.#key = `${prefix}:verdict:`;
    this.#seconds = seconds;
  }

  /** In the order of the hashes. */
  async recall(hashes: readonly string[]): Promise<(VerdictAnswer | undefined)[]> {
    if (this.#seconds === 0 || hashes.length === 0) return hashes.map(() => undefined);
    const texts = await this.#redis.mget(hashes.map((hash) => this.#key + hash));
    return texts.map((text) => (text == null ? undefined : verdictAnswer.parse(JSON.parse(text))));
  }

  async keep(hash: string, answer: VerdictAnswer): Promise<void> {
    if (this.#seconds === 0 || !LASTING.includes(answer.verdict)) return;
    await this.#redis.set(this.#key + hash, JSON.stringify(answer), 'EX', this.#seconds);
  }
}
