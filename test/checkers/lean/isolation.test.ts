/** What shuts Lean processes in, tried from inside: on each machine those steps that work there. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it, vi } from 'vitest';
import { LADDER, worksHere } from '../../../src/checkers/lean/isolation.ts';
import { type KnownProcess, processTree } from '../../../src/ops/process-tree.ts';

const here = await Promise.all(LADDER.map(async (step) => ({ step, works: await worksHere(step) })));
const folder = () => mkdtempSync(join(tmpdir(), 'lakatos-isolation-'));
const env = { PATH: process.env.PATH ?? '' };

describe.each(here)('a process $step.name', ({ step, works }) => {
  if (!works) return it.skip('is not to be had on this machine');

  async function inside(script: string, scratch = folder(), ...args: string[]): Promise<string> {
    const [file = 'sh', ...rest] = step.wrap(['sh', '-c', script, 'sh', ...args], scratch);
    return (await execa(file, rest, { env, extendEnv: false, reject: false, all: true })).all;
  }

  it('starts in its scratch folder, which it may write to', async () => {
    const scratch = folder();
    expect(await inside('pwd; echo hello > file; cat file', scratch)).toBe(`${scratch}\nhello`);
    expect(readdirSync(scratch)).toEqual(step.files ? [] : ['file']);
  });

  it('tells how it ended', async () => {
    const [file = 'sh', ...args] = step.wrap(['sh', '-c', 'exit 7'], folder());
    expect(await execa(file, args, { reject: false })).toMatchObject({ exitCode: 7 });
  });

  if (step.network)
    it('reaches no server, not even on this machine', async () => {
      const server = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1');
      await new Promise((listening) => server.once('listening', listening));
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      const visit = `require('net').connect(${port}, '127.0.0.1').on('error', (e) => console.log(e.code)).on('data', console.log)`;
      try {
        expect(await inside('"$1" -e "$2"', folder(), process.execPath, visit)).toMatch(
          /ENETUNREACH|ECONNREFUSED/,
        );
      } finally {
        server.close();
      }
    });

  if (step.files)
    it('writes nowhere else, and cannot make it so that it can', async () => {
      const [outside, scratch] = [folder(), folder()];
      const said = await inside(
        'echo x > "$1/file"; mount -o remount,bind,rw /; mount -t tmpfs none "$1"; echo x > "$1/file"; umount .; unshare --user --map-root-user mount -o remount,bind,rw "$1"; echo x > "$1/file"; echo over',
        scratch,
        outside,
      );
      expect(said).toMatch(/Read-only file system.*over$/s);
      expect(readdirSync(outside)).toEqual([]);
    });

  if (step.files)
    it('fills no more than its share of the memory with files', async () => {
      expect(await inside('head -c 70000000 /dev/zero > file')).toMatch(/No space left/);
    });

  if (step.files)
    it('cannot end a process that is not its own', async () => {
      const other = spawn('sleep', ['1000']);
      try {
        expect(await inside('kill -9 "$1" || echo "is out of reach"', folder(), `${other.pid}`)).toMatch(
          /out of reach/,
        );
        expect(other.exitCode).toBeNull();
      } finally {
        other.kill();
      }
    });

  if (step.bound)
    it('ends with a parent that is killed, and so does what it has started', async () => {
      // Without a process namespace only the process itself is promised.
      const script = step.files
        ? 'setsid sleep 1000 & sleep 1000 & echo up; wait'
        : 'echo up; exec sleep 1000';
      const child = step.wrap(['sh', '-c', script], folder());
      const start = `require('child_process').spawn(process.argv[1], process.argv.slice(2), { stdio: 'inherit', detached: true })`;
      const parent = spawn(process.execPath, ['-e', start, '--', ...child], { env });
      await new Promise((up) => parent.stdout.once('data', up));
      const [, ...started] = processTree(parent.pid ?? 0);
      expect(started.length).toBeGreaterThan(0);
      parent.kill('SIGKILL');
      await vi.waitFor(() => expect(started.filter(runs)).toEqual([]), { timeout: 30_000 });
    });
});

function runs({ pid }: KnownProcess): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
