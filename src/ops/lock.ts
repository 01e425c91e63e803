/**
 * One process per run directory. Two locks together:
 *
 * - the operating system's, taken by SQLite on a file of its own: it vanishes with the process however that ends, and
 *   among the processes of one machine, containers included, it decides alone;
 * - a lease, a JSON note that the holder renews: it decides where the system's lock cannot be asked, between machines
 *   that share a file system. A note of another machine holds until it has not been renewed for its lease.
 *
 * A holder that finds another's note (it slept beyond its lease, and was taken over) is told, and must stop.
 * Not covered: machines whose clocks differ by more than a lease. Where a network file system keeps a dead machine's
 * lock, the file it is on is put aside once the lease has run out.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { z } from 'zod';
import { explainFileError } from './disk.ts';
import { LakatosError } from './errors.ts';

/** Another process holds the directory. */
export class LockedError extends LakatosError {
  override readonly name = 'LockedError';
}

export interface DirectoryLock {
  /** Also happens by itself when the process ends. */
  release(): void;
}

export interface LockOptions {
  /** How long the note counts after it was last renewed; renewed three times as often. Default 60. */
  readonly leaseSeconds?: number;
  /** Told once when another process has taken the directory over. */
  readonly onLost?: (error: LockedError) => void;
  /** Milliseconds since the epoch. Default the system's clock. */
  readonly now?: () => number;
  /** What tells this machine from others, and from itself before its last start. Default: see below. */
  readonly machine?: string;
}

const holderSchema = z.object({
  /** Which taking of the lock this is. */
  token: z.string(),
  pid: z.number(),
  host: z.string(),
  machine: z.string(),
  /** ISO 8601, both. */
  since: z.string(),
  renewed: z.string(),
  leaseSeconds: z.number(),
});
type Holder = z.infer<typeof holderSchema>;

/** Takes the directory (made when missing) or throws `LockedError` naming the holder. Never waits. */
export function lockDirectory(dir: string, options: LockOptions = {}): DirectoryLock {
  const { leaseSeconds = 60, onLost = () => {}, now = Date.now, machine = thisMachine() } = options;
  const db = openExclusively(dir, machine, now());
  const stamp = () => new Date(now()).toISOString();
  const since = stamp();
  const own = { token: randomUUID(), pid: process.pid, host: hostname(), machine, since, leaseSeconds };
  try {
    refuseLiveLease(dir, machine, now());
    writeNote(dir, { ...own, renewed: since });
  } catch (error) {
    db.close();
    throw explainLockError(error, dir, now());
  }
  const timer = setInterval(
    () => {
      const holder = readHolder(dir);
      if (holder === undefined || holder.token === own.token) return renew();
      clearInterval(timer);
      onLost(new LockedError(lostMessage(dir, holder)));
    },
    (1000 * leaseSeconds) / 3,
  ).unref();
  const renew = () => {
    try {
      writeNote(dir, { ...own, renewed: stamp() });
    } catch {
      // A full disk ends the run soon enough, and the next renewal may find room.
    }
  };
  const release = () => {
    clearInterval(timer);
    if (readHolder(dir)?.token === own.token) rmSync(noteOf(dir), { force: true });
    db.close();
  };
  return { release };
}

/** Throws `LockedError` where another process holds the directory; makes nothing where none ever did. */
export function refuseHeld(dir: string): void {
  if (existsSync(noteOf(dir))) lockDirectory(dir).release();
}

/** The system's lock. One that a machine long gone still seems to hold is put aside with its file. */
function openExclusively(dir: string, machine: string, now: number): Database.Database {
  const attempt = () => {
    const db = openLockFile(dir);
    try {
      db.exec('BEGIN EXCLUSIVE');
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  };
  try {
    return attempt();
  } catch (error) {
    const holder = readHolder(dir);
    const gone = holder !== undefined && holder.machine !== machine && leaseEnd(holder) < now;
    if (!isBusy(error) || !gone) throw explainLockError(error, dir, now);
    renameSync(fileOf(dir), `${fileOf(dir)}.${holder.token}`);
    return attempt();
  }
}

/** With the system's lock in hand a note of this machine is a dead process's; one of another machine may be alive. */
function refuseLiveLease(dir: string, machine: string, now: number): void {
  const holder = readHolder(dir);
  if (holder === undefined || holder.machine === machine || leaseEnd(holder) < now) return;
  throw new LockedError(heldMessage(dir, holder, now));
}

const leaseEnd = (holder: Holder): number => Date.parse(holder.renewed) + 1000 * holder.leaseSeconds;

function openLockFile(dir: string): Database.Database {
  try {
    mkdirSync(dir, { recursive: true });
    return new Database(fileOf(dir), { timeout: 0 });
  } catch (error) {
    throw explainFileError(error, dir);
  }
}

const isBusy = (error: unknown): boolean =>
  error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');

function explainLockError(error: unknown, dir: string, now: number): unknown {
  if (error instanceof LakatosError) return error;
  if (isBusy(error)) return new LockedError(heldMessage(dir, readHolder(dir), now), { cause: error });
  if (!(error instanceof Database.SqliteError)) return explainFileError(error, dir);
  return new LakatosError(
    `${dir}: the directory cannot be locked (${error.message}); choose one on a local disk with --out.`,
    { cause: error },
  );
}

function heldMessage(dir: string, holder: Holder | undefined, now: number): string {
  if (holder === undefined)
    return `${dir}: this run directory is in use by another process; wait for it, stop it, or choose another directory with --out.`;
  const seconds = Math.round((now - Date.parse(holder.renewed)) / 1000);
  return `${dir}: this run directory is in use by process ${holder.pid} on ${holder.host}, since ${holder.since} (last sign of life ${seconds} s ago, counted for ${holder.leaseSeconds} s); wait for it, stop it, or choose another directory with --out.`;
}

function lostMessage(dir: string, { pid, host, since }: Holder): string {
  return `${dir}: process ${pid} on ${host} took this run directory over at ${since}, because this one gave no sign of life for longer than its lease; it stops. Raise nightly.leaseSeconds if the machine merely stalled.`;
}

/** Undefined when there is no note, or a torn one. */
function readHolder(dir: string): Holder | undefined {
  try {
    return holderSchema.safeParse(JSON.parse(readFileSync(noteOf(dir), 'utf8'))).data;
  } catch {
    return undefined;
  }
}

function writeNote(dir: string, holder: Holder): void {
  const partial = `${noteOf(dir)}.${holder.token}`;
  try {
    writeFileSync(partial, `${JSON.stringify(holder)}\n`);
    renameSync(partial, noteOf(dir));
  } finally {
    rmSync(partial, { force: true });
  }
}

/** Linux names each start of a kernel, and its containers share the name; elsewhere the host's name must do. */
function thisMachine(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return hostname();
  }
}

const noteOf = (dir: string) => join(dir, 'lock.json');
const fileOf = (dir: string) => join(dir, 'lock.sqlite');
