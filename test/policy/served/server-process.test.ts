/** Servers started, found dead, started again and stopped: a double of one as a process, with a child that holds its pipes. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { UsageError } from '../../../src/ops/errors.ts';
import { processTree } from '../../../src/ops/process-tree.ts';
import { Replica } from '../../../src/policy/served/http.ts';
import { ServerProcesses, type ServerProcessOptions } from '../../../src/policy/served/server-process.ts';
import { temporaryDir } from '../onnx/tiny.ts';
import { Double } from './double.ts';
import { doubleCommand, freePort, isAlive, notedIn } from './started.ts';

async function supervise(changes: Partial<ServerProcessOptions> = {}, port?: number) {
  const logDir = changes.logDir ?? (await temporaryDir());
  const replica = new Replica(`http://127.0.0.1:${port ?? (await freePort())}`);
  const options = { command: doubleCommand(), health: '/health', startSeconds: 120, logDir, ...changes };
  const servers = new ServerProcesses([replica], options);
  onTestFinished(async () => {
    await servers.close();
    await replica.close();
  });
  const served = async () => {
    const { data } = (await replica.json({ path: '/v1/models', seconds: 20 })) as { data: { id: string }[] };
    return data.map(({ id }) => id);
  };
  return { servers, replica, served, logDir, port: Number(new URL(replica.url).port) };
}
const BASE = { model: '/models/base', name: 'base' };

test('a server killed -9 is seen to have ended though its child holds its pipes, and is started again without it', async () => {
  const { servers, replica, served, logDir } = await supervise();
  expect(await servers.start(BASE)).toEqual([replica]);
  const [first, child] = notedIn(logDir).map(({ pid }) => pid);
  process.kill(first ?? 0, 'SIGKILL');
  expect(await servers.endsWithin(replica, 60_000)).toBe(true);
  expect(servers.broken).toEqual([replica]);
  expect(await servers.start(BASE)).toEqual([replica]);
  expect([servers.broken, await served(), isAlive(child ?? 0)]).toEqual([[], ['base'], false]);
  expect(readFileSync(join(logDir, 'server-0.log'), 'utf8')).toContain('serving /models/base as base');
});

test('one that runs is left as it is; stopped, it is gone with its child, and other weights can be served there', async () => {
  const { servers, served, logDir } = await supervise();
  await servers.start(BASE);
  expect(await servers.start(BASE)).toEqual([]);
  const pids = notedIn(logDir).map(({ pid }) => pid);
  expect(pids).toHaveLength(2);
  await servers.stop();
  expect(pids.map(isAlive)).toEqual([false, false]);
  expect(existsSync(join(logDir, 'server-0.json'))).toBe(false);
  await servers.start({ model: '/models/next', name: 'next' });
  expect(await served()).toEqual(['next']);
});

test('stopping does not wait for whoever holds the pipes of a server that was killed', async () => {
  const { servers, logDir } = await supervise();
  await servers.start(BASE);
  const [first, child] = notedIn(logDir).map(({ pid }) => pid);
  process.kill(first ?? 0, 'SIGKILL');
  await servers.stop();
  expect([first, child].map((pid) => isAlive(pid ?? 0))).toEqual([false, false]);
});

test('the servers of a run that was killed are ended by the next run in its directory', async () => {
  const { servers, replica, logDir, port } = await supervise();
  await servers.start(BASE);
  const pids = notedIn(logDir).map(({ pid }) => pid);
  const next = await supervise({ logDir }, port);
  await next.servers.start({ ...BASE, name: 'next' });
  expect([await next.served(), pids.map(isAlive)]).toEqual([['next'], [false, false]]);
  expect(await servers.endsWithin(replica, 60_000)).toBe(true);
});

test('a process that has the number of an earlier server and began at another time is left alone', async () => {
  const stranger = spawn('sleep', ['600']);
  onTestFinished(() => void stranger.kill());
  const logDir = await temporaryDir();
  const [{ pid, began } = { pid: 0, began: 0 }] = processTree(stranger.pid ?? 0);
  writeFileSync(join(logDir, 'server-0.json'), JSON.stringify([{ pid, began: Number(began) - 1 }]));
  await (await supervise({ logDir })).servers.start(BASE);
  expect(isAlive(pid)).toBe(true);
});

test('an address that something still answers at is waited for, and said', async () => {
  const other = new Double();
  const port = Number((await other.listen()).split(':')[1]);
  const said: string[] = [];
  const say = (message: string) => {
    said.push(message);
    void other.close();
  };
  const { servers, served } = await supervise({ say }, port);
  await servers.start(BASE);
  expect(await served()).toEqual(['base']);
  expect(said).toEqual([`something answers at http://127.0.0.1:${port}; waiting up to 60 s for it to end`]);
});

test('an address that is not given up is refused', async () => {
  const other = new Double();
  const port = Number((await other.listen()).split(':')[1]);
  onTestFinished(() => other.close());
  const { servers } = await supervise({ freeSeconds: 0.01 }, port);
  const starting = servers.start(BASE);
  await expect(starting).rejects.toThrow(UsageError);
  await expect(starting).rejects.toThrow(
    `something still answers at http://127.0.0.1:${port} after 0.01 s; stop it`,
  );
});

test('stopped while it waits for its address, nothing is started', async () => {
  const other = new Double();
  const port = Number((await other.listen()).split(':')[1]);
  const opened = await supervise({ say: () => void opened.servers.stop().then(() => other.close()) }, port);
  await expect(opened.servers.start(BASE)).rejects.toThrow('The servers were stopped while they started');
  expect(existsSync(join(opened.logDir, 'server-0.json'))).toBe(false);
});

test('a run that is stopping starts no server, nor does one that was closed', async () => {
  const reason = new Error('asked to stop');
  const stopping = await supervise({ signal: AbortSignal.abort(reason) });
  await expect(stopping.servers.start(BASE)).rejects.toThrow('asked to stop');
  const closed = await supervise();
  await closed.servers.close();
  await expect(closed.servers.start(BASE)).rejects.toThrow('The servers were closed');
});

test.each([
  ['exit code 3', 'echo no GPU >&2; exit 3'],
  ['signal SIGKILL', 'echo no GPU >&2; sleep 600 & kill -9 $$'],
])('a server that ends before it is ready is told with %s and its last words', async (how, script) => {
  const { servers } = await supervise({ command: ['sh', '-c', script] });
  await expect(servers.start(BASE)).rejects.toThrow(
    new RegExp(`the server ended before it was ready, ${how}\\. Its last words:\nno GPU`),
  );
});

test('what a terminal sends to its foreground programs does not reach a server', async () => {
  const { servers, logDir } = await supervise();
  await servers.start(BASE);
  const [server = 0] = notedIn(logDir).map(({ pid }) => pid);
  const [, , group] = readFileSync(`/proc/${server}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  expect(Number(group)).toBe(server); // its own, not this program's
});
