/**
 * Answers by key in one SQLite file that several processes may share. Bounded: the oldest go first. It never stops
 * the work it saves: a damaged file is set aside and a new one begun, a file that can no longer be written is left
 * alone, each with one warning. Whoever can write the file can forge verdicts: keep it as safe as the checker itself.
 *
 * Refused: a file that is some other SQLite database. It is somebody's.
 */
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { messageOf, UsageError } from '../ops/errors.ts';

/** In the file's header: that it is ours ('LKTV'), and how its rows read. */
const APPLICATION = 0x4c4b5456;
const FORMAT = 1;

export interface VerdictStoreOptions {
  readonly path: string;
  /** Most answers kept. */
  readonly maxEntries: number;
  readonly warn: (message: string) => void;
}

export class VerdictStore {
  readonly #options: VerdictStoreOptions;
  #file: OpenFile | undefined;

  constructor(options: VerdictStoreOptions) {
    this.#options = options;
    this.#file = this.#open();
  }

  get(key: Uint8Array): string | undefined {
    return this.#using(({ select }) => select.get(key));
  }

  /** The first answer to a key stays. */
  put(key: Uint8Array, answer: string): void {
    this.#using(({ insert, evict }) => {
      if (insert.run(key, answer).changes > 0) evict.run(this.#options.maxEntries);
    });
  }

  close(): void {
    this.#file?.db.close();
    this.#file = undefined;
  }

  #open(): OpenFile {
    const { path } = this.#options;
    try {
      return openFile(path);
    } catch (error) {
      if (!isDamage(error)) throw unusable(path, error);
      this.#setAside(error);
      return openFile(path);
    }
  }

  #using<R>(work: (file: OpenFile) => R): R | undefined {
    if (!this.#file) return undefined;
    try {
      return work(this.#file);
    } catch (error) {
      if (!(error instanceof Database.SqliteError)) throw error;
      this.close();
      this.#recover(error);
      return undefined;
    }
  }

  #recover(error: Error): void {
    const { path, warn } = this.#options;
    try {
      if (!isDamage(error)) throw error;
      this.#setAside(error);
      this.#file = openFile(path);
    } catch (last) {
      warn(`${path}: verdicts are no longer remembered (${messageOf(last)}); judging goes on.`);
    }
  }

  #setAside(error: unknown): void {
    const { path, warn } = this.#options;
    const aside = `${path}.damaged`;
    renameSync(path, aside);
    for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true });
    warn(
      `${path}: the verdict cache is damaged (${messageOf(error)}); it is now ${aside}, a new one is begun.`,
    );
  }
}

interface OpenFile {
  readonly db: Database.Database;
  readonly select: Database.Statement<[Uint8Array], string>;
  readonly insert: Database.Statement<[Uint8Array, string]>;
  readonly evict: Database.Statement<[number]>;
}

function openFile(path: string): OpenFile {
  mkdirSync(dirname(path), { recursive: true });
  const db = new Database(path, { timeout: 5000 });
  try {
    db.transaction(() => prepareTables(db, path)).immediate();
    writeAhead(db); // only now: it writes, and the file may have been somebody else's
    db.pragma('synchronous = NORMAL');
    return {
      db,
      select: db.prepare<[Uint8Array], string>('SELECT answer FROM verdicts WHERE key = ?').pluck(),
      insert: db.prepare('INSERT OR IGNORE INTO verdicts (key, answer) VALUES (?, ?)'),
      evict: db.prepare('DELETE FROM verdicts WHERE id <= (SELECT max(id) FROM verdicts) - ?'),
    };
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * Which journal a file has is the file's, and SQLite does not wait to change it: it is busy where another process has just
 * opened the same new file. That one sets it too; until then the file is shared all the same, only slower.
 */
function writeAhead(db: Database.Database): void {
  try {
    db.pragma('journal_mode = WAL');
  } catch (error) {
    if (!(error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY'))) throw error;
  }
}

function prepareTables(db: Database.Database, path: string): void {
  const ours = db.pragma('application_id', { simple: true }) === APPLICATION;
  if (ours && db.pragma('user_version', { simple: true }) === FORMAT) return;
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
  if (!ours && tables.length > 0)
    throw new UsageError(
      `${path}: expected a verdict cache or no file, found another SQLite database (tables ${tables.join(', ')}). Set checker.cache.path to another file.`,
      'checker.cache.path',
    );
  db.exec('DROP TABLE IF EXISTS verdicts');
  db.exec(
    'CREATE TABLE verdicts (id INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL UNIQUE, answer TEXT NOT NULL) STRICT',
  );
  db.pragma(`application_id = ${APPLICATION}`);
  db.pragma(`user_version = ${FORMAT}`);
}

const isDamage = (error: unknown): boolean =>
  error instanceof Database.SqliteError && /^SQLITE_(CORRUPT|NOTADB)/.test(error.code);

function unusable(path: string, error: unknown): Error {
  if (error instanceof UsageError) return error;
  return new UsageError(
    `${path}: the verdict cache cannot be opened (${messageOf(error)}). Set checker.cache.path to a file that can be written, or leave it out.`,
    'checker.cache.path',
    { cause: error },
  );
}
