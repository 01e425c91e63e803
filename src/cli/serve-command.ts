/** `lakatos serve`: the checker of a configuration put behind a port, until a signal asks it to stop. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { type Config, loadConfig } from '../config/index.ts';
import { UsageError } from '../ops/errors.ts';
import { openLog } from '../ops/log.ts';
import { listenForShutdown } from '../ops/shutdown.ts';
import { Terminal } from '../ops/terminal.ts';
import { createApp } from '../serve/app.ts';
import { Desk } from '../serve/desk.ts';
import { ServeMetrics } from '../serve/metrics.ts';
import { listen } from '../serve/server.ts';
import { openChecker } from './open-checker.ts';

export interface ServeOptions {
  readonly config: readonly string[];
  readonly set: readonly string[];
  readonly host?: string;
  readonly port?: string;
  readonly maxQueue?: string;
  readonly maxBody?: string;
  readonly tokenEnv?: string;
  readonly tokenFile?: string;
  readonly log?: string;
}

export async function serveCommand(options: ServeOptions): Promise<void> {
  const { config } = loadConfig({ files: options.config, overrides: overridesOf(options) });
  const { host, port, maxQueue, maxBodyMb, drainSeconds } = config.serve;
  const token = readToken(options);
  const terminal = new Terminal(process.stderr);
  const { log, close: closeLog } = openLog({
    terminal,
    ...(options.log === undefined ? {} : { file: options.log }),
  });
  const metrics = new ServeMetrics();
  metrics.watchProcess();
  const checker = await openChecker(config.checker, {
    onEvent: (event) => {
      metrics.worker(event);
      log.debug({ event: event.event }, `lean worker ${event.event}: ${event.reason}`);
    },
    warn: (message) => log.warn(message),
  });
  const shutdown = listenForShutdown(process, () =>
    log.info(`stopping: requests in hand have ${drainSeconds} s; a second signal stops at once`),
  );
  try {
    const onFailure = (err: unknown) => log.error({ err }, 'the checker failed');
    const desk = new Desk({ checker, maxQueue, inHand: inHandOf(config.checker), metrics, onFailure });
    const common = { desk, metrics, log, maxBodyBytes: maxBodyMb * 2 ** 20, stopping: shutdown.signal };
    const app = createApp(token === undefined ? common : { ...common, token });
    const server = await listen(app, { host, port });
    if (token === undefined && !isLoopback(host))
      log.warn(`anyone who reaches ${server.url} can use it: there is no token (--token-env, --token-file)`);
    log.info({ toolchain: checker.toolchain }, `listening on ${server.url}`);
    if (!shutdown.signal.aborted) await once(shutdown.signal, 'abort');
    await server.close(drainSeconds * 1000);
  } finally {
    await checker.close();
    shutdown.dispose();
    closeLog();
  }
}

/** Enough to keep every judge of a configuration busy. */
function inHandOf({ lean, isabelle, queue }: Config['checker']): number {
  const queued = queue.url === undefined ? 0 : queue.maxInFlight;
  return Math.max(4 * lean.workers, 2 * isabelle.workers * isabelle.batch, queued);
}

function overridesOf({ set, host, port, maxQueue, maxBody }: ServeOptions): string[] {
  const short = {
    host: host === undefined ? undefined : JSON.stringify(host),
    port,
    maxQueue,
    maxBodyMb: maxBody,
  };
  const given = Object.entries(short).filter(([, value]) => value !== undefined);
  return [...set, ...given.map(([key, value]) => `serve.${key}=${value}`)];
}

/** Never on the command line itself, where every user of the machine can read it. */
function readToken({ tokenEnv, tokenFile }: ServeOptions): string | undefined {
  if (tokenEnv !== undefined && tokenFile !== undefined)
    throw new UsageError('Expected --token-env or --token-file, found both.', 'token-env');
  if (tokenEnv !== undefined) return checkToken(process.env[tokenEnv] ?? '', `--token-env ${tokenEnv}`);
  if (tokenFile === undefined) return undefined;
  try {
    return checkToken(readFileSync(tokenFile, 'utf8').trim(), `--token-file ${tokenFile}`);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      `--token-file ${tokenFile}: ${error instanceof Error ? error.message : error}`,
      'token-file',
    );
  }
}

function checkToken(token: string, where: string): string {
  if (/^[A-Za-z0-9._~+/-]{16,}=*$/.test(token)) return token;
  const found = token === '' ? 'nothing' : `${token.length} characters, some of them others or too few`;
  throw new UsageError(`${where}: expected at least 16 of A-Z a-z 0-9 . _ ~ + / -, found ${found}.`, 'token');
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
