/**
 * One connection to Redis: opened within a patience or refused by name, mended by itself when it breaks later. A URL
 * is shown without its password.
 */
import { Redis } from 'ioredis';
import { StoppedError, UsageError } from '../../ops/errors.ts';

export interface RedisLink {
  readonly client: Redis;
  /** For messages. */
  readonly place: string;
  /** Since when it is down and why; undefined while it is up. */
  down(): { readonly sinceMs: number; readonly reason: string } | undefined;
  close(): void;
}

/** Throws a `StoppedError` when nothing answers in time: the same command later may well work. */
export async function openRedis(url: string, patienceMs: number): Promise<RedisLink> {
  const place = placeOf(url);
  // BullMQ wants commands to wait for the connection rather than fail.
  const client = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: null,
    retryStrategy: (times) => Math.min(times * 100, 2000),
  });
  let reason = 'no answer';
  let downSince: number | undefined = performance.now();
  client.on('error', (error: Error) => {
    reason = messageOf(error);
  });
  client.on('close', () => {
    downSince ??= performance.now();
  });
  client.on('ready', () => {
    downSince = undefined;
    reason = 'the connection was closed';
  });
  const link: RedisLink = {
    client,
    place,
    down: () => (downSince === undefined ? undefined : { sinceMs: performance.now() - downSince, reason }),
    close: () => client.disconnect(),
  };
  try {
    await firstReady(client, patienceMs);
    return link;
  } catch (cause) {
    client.disconnect();
    if (/WRONGPASS|NOAUTH|invalid username/i.test(`${reason} ${messageOf(cause)}`))
      throw new UsageError(
        `${place}: Redis refuses the password; mend checker.queue.url.`,
        'checker.queue.url',
        {
          cause,
        },
      );
    throw new StoppedError(
      `${place}: no Redis answered within ${patienceMs / 1000} s (${reason}); start it or mend checker.queue.url, then run the same command again.`,
      { cause },
    );
  }
}

async function firstReady(client: Redis, patienceMs: number): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('too late')), patienceMs);
  try {
    const ready = new Promise<void>((resolve, reject) => {
      client.once('ready', resolve);
      // A refusal is final; a connection that is not there yet is tried again.
      client.on('error', (error: Error) => {
        if (/WRONGPASS|NOAUTH/.test(messageOf(error))) reject(error);
      });
    });
    client.connect().catch(() => {});
    await Promise.race([ready, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function placeOf(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || !/^rediss?:$/.test(parsed.protocol))
    throw new UsageError(
      'checker.queue.url: expected redis://host:port or rediss://user:password@host:port.',
      'checker.queue.url',
    );
  parsed.password = '';
  return parsed.href;
}

/** ioredis gives an AggregateError without a message where a name has several addresses. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return messageOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
