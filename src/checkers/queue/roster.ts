/**
 * Who judges: each worker says in Redis what it is, again and again while it lives. Redis's own clock lets the note of
 * a worker that fell silent expire, so the clocks of machines do not matter.
 */
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { type Standing, standingId } from '../standing.ts';

const notice = z.object({
  name: z.string(),
  host: z.string(),
  pid: z.number(),
  /** Attempts it judges at once. */
  places: z.number(),
  standing: z.object({
    toolchain: z.string(),
    rules: z.string(),
    limits: z.record(z.string(), z.number()),
  }),
});
export type Notice = z.infer<typeof notice>;

export class Roster {
  readonly #redis: Redis;
  readonly #key: string;

  constructor(redis: Redis, prefix: string) {
    this.#redis = redis;
    this.#key = `${prefix}:workers`;
  }

  /** Stands for so long. */
  async sign(worker: Notice, forMs: number): Promise<void> {
    await this.#redis.set(`${this.#key}:${worker.name}`, JSON.stringify(worker), 'PX', Math.ceil(forMs));
    await this.#redis.sadd(this.#key, worker.name);
  }

  async leave(name: string): Promise<void> {
    await this.#redis.del(`${this.#key}:${name}`);
    await this.#redis.srem(this.#key, name);
  }

  async list(): Promise<Notice[]> {
    const names = await this.#redis.smembers(this.#key);
    if (names.length === 0) return [];
    const texts = await this.#redis.mget(names.map((name) => `${this.#key}:${name}`));
    const gone = names.filter((_, i) => texts[i] === null);
    if (gone.length > 0) await this.#redis.srem(this.#key, ...gone);
    return texts.flatMap((text) => (text == null ? [] : [notice.parse(JSON.parse(text))]));
  }
}

/** Why none of these may judge for that standing; undefined when one may. */
export function whyNobody(wanted: Standing, workers: readonly Notice[]): string | undefined {
  const id = standingId(wanted);
  if (workers.some((w) => standingId(w.standing) === id)) return undefined;
  const others = [...new Set(workers.map((w) => differenceOf(wanted, w.standing)))];
  const found = others.length === 0 ? 'no worker at all' : others.join('; ');
  return `expected a worker with ${wanted.toolchain}, found ${found}`;
}

function differenceOf(wanted: Standing, found: Standing): string {
  if (found.toolchain !== wanted.toolchain) return `one with ${found.toolchain}`;
  if (found.rules !== wanted.rules) return 'one of another version of this program';
  const names = Object.keys({ ...wanted.limits, ...found.limits });
  const differ = names.filter((name) => wanted.limits[name] !== found.limits[name]);
  return `one with other limits (${differ.map((n) => `${n} ${found.limits[n]} for ${wanted.limits[n]}`).join(', ')})`;
}
