import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { connectTo } from '../../../src/checkers/isabelle/connection.ts';
import { makeScratch } from '../../../src/checkers/isabelle/scratch.ts';
import { type IsabelleServer, startServer } from '../../../src/checkers/isabelle/server.ts';
import { answerIn, questionTheory } from '../../../src/checkers/isabelle/theories.ts';
import { doubleTool, isabelleOf } from './tool.ts';

const OPTIONS = { session: 'HOL', dirs: [], threads: 2, startMs: 60_000 };
const open: IsabelleServer[] = [];
afterEach(() => Promise.all(open.splice(0).map((server) => server.end())));

async function start(settings: Parameters<typeof doubleTool>[0] = {}) {
  const double = doubleTool(settings);
  const server = await startServer(isabelleOf(double.tool), OPTIONS);
  open.push(server);
  return { double, server };
}

const theory = (proof: string) =>
  questionTheory(
    ['Main'],
    [{ op: 'judge', statement: 'theorem t: "(n::nat) + 0 = n"', proof, forbidden: [] }],
    1000,
  );

/** A process that has ended may wait for its parent to notice. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

const numberIn = (event: string): number => Number(event.split(' ')[1]);

describe('a session of the Isabelle server', () => {
  it('has theories checked and forgets them', async () => {
    const { double, server } = await start();
    const { name, text, nonces } = theory('by simp');
    const { messages, errors } = await server.use([{ name, text }]);
    expect(errors).toEqual([]);
    expect(answerIn(messages.get(name) ?? [], nonces[0] ?? '')).toMatchObject({ verdict: 'proved' });
    expect(double.events()).toContain('purge_theories');
  });

  it('answers alike where every byte comes alone', async () => {
    const { server } = await start({ pieces: 1 });
    const { name, text, nonces } = theory('by simp');
    expect((await server.use([{ name, text }])).messages.get(name)?.[0]).toContain(nonces[0]);
  });

  it('refuses what the server refuses, in its words', async () => {
    const { server } = await start();
    const { name, text } = questionTheory(['Nowhere'], [], 1000);
    await expect(server.use([{ name, text }])).rejects.toThrow('Cannot load theory "Nowhere"');
    const failing = theory('by (fail)');
    await expect(server.use([failing])).rejects.toThrow('Interrupt');
  });

  it('is lost when the server drops the connection or dies', async () => {
    for (const proof of ['by (drop)', 'by (die)']) {
      const { server } = await start();
      await expect(server.use([theory(proof)])).rejects.toThrow('The Isabelle server is gone');
    }
  });

  it('leaves nothing running when it ends, though its ML process leads a group of its own', async () => {
    const { double, server } = await start();
    const pids = [await double.event('server'), await double.event('ml')].map(numberIn);
    expect(pids.map(isRunning)).toEqual([true, true]);
    await server.end();
    expect(double.events()).toContain('shutdown');
    expect(pids.map(isRunning)).toEqual([false, false]);
  });

  it.runIf(existsSync('/usr/bin/setpriv'))('ends with a process of ours that is killed -9', async () => {
    const double = doubleTool();
    const here = (path: string) => JSON.stringify(fileURLToPath(new URL(path, import.meta.url)));
    const script = `
      import { startServer } from ${here('../../../src/checkers/isabelle/server.ts')};
      import { isabelleOf } from ${here('tool.ts')};
      await startServer(isabelleOf(${JSON.stringify(double.tool)}), ${JSON.stringify(OPTIONS)});`;
    const ours = execa(process.execPath, ['--input-type=module', '--eval', script], { reject: false });
    onTestFinished(() => void ours.kill('SIGKILL'));
    await double.event('use_theories');
    const pids = [await double.event('server'), await double.event('ml')].map(numberIn);
    expect(pids.map(isRunning)).toEqual([true, true]);
    ours.kill('SIGKILL');
    const ended = () => expect(pids.map(isRunning)).toEqual([false, false]);
    await vi.waitFor(ended, { timeout: 60_000 });
  });

  it('removes the folders that processes of ours left when they were killed', async () => {
    const left = mkdtempSync(join(tmpdir(), `lakatos-isabelle-${2 ** 30}-`)); // no process has such a number
    const young = mkdtempSync(join(tmpdir(), `lakatos-isabelle-${2 ** 30}-`));
    const owned = mkdtempSync(join(tmpdir(), `lakatos-isabelle-${process.pid}-`));
    for (const dir of [left, owned]) utimesSync(dir, 1e9, 1e9);
    const made = await makeScratch('isabelle');
    expect([left, young, owned, made].map((dir) => existsSync(dir))).toEqual([false, true, true, true]);
    for (const dir of [young, owned, made]) rmSync(dir, { recursive: true });
  });

  it('cancels what is running when it ends, and whoever waited is told', async () => {
    const { double, server } = await start();
    const used = server.use([theory('by (hang)')]);
    await double.event('hanging');
    const told = expect(used).rejects.toThrow(/Interrupt|gone/);
    await server.end();
    await told;
    expect(double.events()).toContain('cancel');
  });

  it('is given up when it has not started in time, and nothing of it stays', async () => {
    const double = doubleTool({ modes: ['start-hangs'] });
    const starting = startServer(isabelleOf(double.tool), { ...OPTIONS, startMs: 15_000 });
    await expect(starting).rejects.toThrow('the session HOL did not start within 15000 ms');
    const pids = [await double.event('server'), await double.event('ml')].map(numberIn);
    expect(pids.map(isRunning)).toEqual([false, false]);
  });

  it('does not start from a tool that names no port', async () => {
    const isabelle = { ...isabelleOf(doubleTool().tool), tool: '/bin/true' };
    await expect(startServer(isabelle, OPTIONS)).rejects.toThrow('ended before it named its port');
  });
});

describe('a connection', () => {
  it('is closed without a word for a wrong password, and says so', async () => {
    const { double } = await start();
    const port = numberIn(await double.event('port'));
    await expect(connectTo({ port, password: 'wrong' })).rejects.toThrow('closed the connection');
  });
});
