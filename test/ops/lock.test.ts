import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { execaNode } from 'execa';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LakatosError } from '../../src/ops/errors.ts';
import { LockedError, type LockOptions, lockDirectory, refuseHeld } from '../../src/ops/lock.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lakatos-lock-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

test('a second process is told who holds the directory, and has it once that process is killed', async () => {
  const holder = execaNode('test/ops/fixtures/hold-lock.ts', [dir], { reject: false, nodeOptions: [] });
  expect(await holder.getOneMessage()).toBe('locked');
  const attempt = () => lockDirectory(dir);
  expect(attempt).toThrow(LockedError);
  expect(attempt).toThrow(`in use by process ${holder.pid} on ${hostname()}, since 20`);
  expect(attempt).toThrow('choose another directory with --out');
  holder.kill('SIGKILL');
  expect((await holder).signal).toBe('SIGKILL');
  lockDirectory(dir).release();
});

test('released, it can be taken again; a torn note does not matter', () => {
  lockDirectory(dir).release();
  const lock = lockDirectory(dir);
  writeFileSync(join(dir, 'lock.json'), '{"pid":');
  expect(() => lockDirectory(dir)).toThrow('in use by another process');
  lock.release();
});

test('a look at who holds the directory takes nothing, and makes nothing where nobody ever did', () => {
  const fresh = join(dir, 'fresh');
  refuseHeld(fresh);
  expect(existsSync(fresh)).toBe(false);
  const lock = lockDirectory(fresh);
  expect(() => refuseHeld(fresh)).toThrow(`in use by process ${process.pid}`);
  lock.release();
  refuseHeld(fresh);
  lockDirectory(fresh).release();
});

test('the directory is made; a file in its place is explained', () => {
  lockDirectory(join(dir, 'a', 'b')).release();
  writeFileSync(join(dir, 'file'), '');
  const attempt = () => lockDirectory(join(dir, 'file'));
  expect(attempt).toThrow(LakatosError);
  expect(attempt).toThrow('file: expected a directory, found a file');
});

test('a lock file that SQLite cannot use is explained', () => {
  writeFileSync(join(dir, 'lock.sqlite'), 'no database, but as long as a page header is'.repeat(100));
  expect(() => lockDirectory(dir)).toThrow(/the directory cannot be locked \(file is not a database\)/);
});

describe("between machines that share a file system, where the system's lock cannot be asked,", () => {
  let clock = Date.parse('2026-11-26T22:00Z');
  const now = () => clock;
  const on = (machine: string, more: LockOptions = {}) =>
    lockDirectory(dir, { machine, leaseSeconds: 60, now, ...more });
  const note = () => JSON.parse(readFileSync(join(dir, 'lock.json'), 'utf8'));
  const pass = (seconds: number) => {
    clock += 1000 * seconds;
    vi.advanceTimersByTime(1000 * seconds);
  };

  /** What a machine leaves behind that was switched off, or whose lock this one cannot see. */
  function leftBy(machine: string) {
    const lock = on(machine);
    const left = note();
    lock.release();
    writeFileSync(join(dir, 'lock.json'), JSON.stringify(left));
  }

  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('another machine that gave a sign of life within its lease is not taken over, and is named', () => {
    leftBy('north');
    pass(59);
    expect(() => on('south')).toThrow(LockedError);
    expect(() => on('south')).toThrow(
      `in use by process ${process.pid} on ${hostname()}, since 2026-11-26T22:00:00.000Z (last sign of life 59 s ago, counted for 60 s)`,
    );
  });

  test('one that gave none for longer is', () => {
    leftBy('north');
    pass(61);
    on('south').release();
  });

  test('a dead process of the same machine is taken over at once, lease or not', () => {
    leftBy('north');
    on('north').release();
  });

  test('the lease is renewed, so that a long night is not taken over', () => {
    const lock = on('north');
    pass(3600);
    expect(Date.parse(note().renewed)).toBeGreaterThanOrEqual(clock - 20_000);
    expect(note().since).toBe(new Date(clock - 3_600_000).toISOString());
    lock.release();
    expect(existsSync(join(dir, 'lock.json'))).toBe(false);
  });

  test('a lock that a dead machine still seems to hold is put aside once its lease ran out, and a holder that was only asleep is told', () => {
    const lost = vi.fn();
    const sleeper = on('north', { onLost: lost });
    expect(() => on('south')).toThrow(LockedError);
    clock += 61_000; // no timer runs: it sleeps
    const heir = on('south');
    pass(20);
    expect(lost.mock.calls.map(([error]) => String(error))).toEqual([
      expect.stringMatching(
        /took this run directory over at .*no sign of life for longer than its lease; it stops/,
      ),
    ]);
    pass(200);
    expect(lost).toHaveBeenCalledTimes(1);
    sleeper.release();
    expect(note().machine).toBe('south'); // the sleeper took nothing with it
    expect(() => on('east')).toThrow(LockedError);
    heir.release();
  });

  test('a lock of this machine is never put aside, however long its holder has been silent', () => {
    const holder = on('north');
    clock += 3_600_000;
    expect(() => on('north')).toThrow('last sign of life 3600 s ago');
    holder.release();
  });
});
