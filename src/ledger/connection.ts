/**
 * One SQLite connection: opening, migrating, prepared statements by their text, transactions, and errors turned into
 * sentences that name the file and the remedy. It knows SQL, not the tables.
 */
import Database from 'better-sqlite3';
import { LakatosError } from '../ops/errors.ts';
import { MIGRATIONS } from './migrations.ts';

export class LedgerError extends LakatosError {
  override readonly name = 'LedgerError';
  /** SQLite's own code, e.g. `SQLITE_FULL`, or '' when the complaint is ours. */
  readonly code: string;

  constructor(message: string, code = '', options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export type SqlValue = string | number | Uint8Array | null;
export type Parameters = Readonly<Record<string, SqlValue>>;

export class Connection {
  readonly path: string;
  readonly #db: Database.Database;
  readonly #prepared = new Map<string, Database.Statement>();

  constructor(path: string, options: { readonly readonly: boolean }) {
    this.path = path;
    this.#db = explain(path, () => open(path, options.readonly));
  }

  /** Rows changed. */
  run(sql: string, parameters: Parameters = {}): number {
    return explain(this.path, () => this.#prepare(sql).run(parameters).changes);
  }

  /** The type argument is the shape that the query selects; the schema is STRICT, so SQLite keeps the promise. */
  all<Row>(sql: string, parameters: Parameters = {}): Row[] {
    return explain(this.path, () => this.#prepare(sql).all(parameters) as Row[]);
  }

  get<Row>(sql: string, parameters: Parameters = {}): Row | undefined {
    return explain(this.path, () => this.#prepare(sql).get(parameters) as Row | undefined);
  }

  /** Everything in `work` commits together or not at all; inside another transaction it joins that one. */
  transaction<Result>(work: () => Result): Result {
    if (this.#db.inTransaction) return work();
    return explain(this.path, () => this.#db.transaction(work).immediate());
  }

  close(): void {
    this.#prepared.clear();
    this.#db.close();
  }

  #prepare(sql: string): Database.Statement {
    const known = this.#prepared.get(sql);
    if (known) return known;
    const statement = this.#db.prepare(sql);
    this.#prepared.set(sql, statement);
    return statement;
  }
}

function open(path: string, readonly: boolean): Database.Database {
  const db = new Database(path, { readonly, fileMustExist: readonly, timeout: 5000 });
  try {
    if (!readonly) db.pragma('journal_mode = WAL');
    // In WAL mode NORMAL survives kill -9 whole; a power cut may lose the last commits, never tear one.
    db.pragma('synchronous = NORMAL');
    db.pragma('foreign_keys = ON');
    // Ids come in no order, so pages are touched again and again: 64 MB of them stay in memory, and a page that is
    // written often is copied back from the log once every 40 MB.
    db.pragma('cache_size = -65536');
    db.pragma('wal_autocheckpoint = 10000');
    migrate(db, path, readonly);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function migrate(db: Database.Database, path: string, readonly: boolean): void {
  const found = versionOf(db);
  if (found > MIGRATIONS.length)
    throw new LedgerError(
      `${path}: ledger schema ${found} is newer than this program's ${MIGRATIONS.length}; use the program version that wrote it, or a newer one.`,
    );
  if (found === MIGRATIONS.length) return;
  if (readonly)
    throw new LedgerError(
      `${path}: ledger schema ${found} is older than this program's ${MIGRATIONS.length} and was opened for reading; run \`lakatos run\` on its directory once to bring it up to date.`,
    );
  db.transaction(() => {
    const current = versionOf(db); // again, now that no other process can migrate under us
    if (current === 0) refuseForeign(db, path);
    for (const sql of MIGRATIONS.slice(current)) db.exec(sql);
    db.pragma(`user_version = ${MIGRATIONS.length}`);
  }).immediate();
}

function versionOf(db: Database.Database): number {
  return Number(db.pragma('user_version', { simple: true }));
}

function refuseForeign(db: Database.Database, path: string): void {
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
  if (tables.length > 0)
    throw new LedgerError(
      `${path}: expected a ledger or an empty file, found another SQLite database (tables ${tables.join(', ')}); choose another run directory.`,
    );
}

/** SQLite's codes → what a person can do about them. */
const REMEDIES: readonly (readonly [prefix: string, remedy: string])[] = [
  [
    'SQLITE_FULL',
    'the disk is full; free some space and run the same command again, everything committed is kept',
  ],
  [
    'SQLITE_IOERR',
    'the disk refused to read or write; check its space and health, then run the same command again',
  ],
  ['SQLITE_CORRUPT', 'the ledger is damaged; restore it from a backup, or start a new run directory'],
  [
    'SQLITE_NOTADB',
    'this file is no SQLite database; restore it from a backup, or start a new run directory',
  ],
  ['SQLITE_CANTOPEN', 'the file cannot be opened; check that its directory exists and is writable'],
  ['SQLITE_READONLY', 'the file cannot be written; check its permissions and those of its directory'],
  ['SQLITE_BUSY', 'another process is writing this ledger; wait until it has ended'],
];

function explain<Result>(path: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw explainSqliteError(path, error);
  }
}

/** Errors that are not SQLite's, or not in the list, come back as they are. */
export function explainSqliteError(path: string, error: unknown): unknown {
  if (error instanceof Database.SqliteError) {
    const { code, message } = error;
    const remedy = REMEDIES.find(([prefix]) => code.startsWith(prefix))?.[1];
    return remedy === undefined
      ? error
      : new LedgerError(`${path}: ${remedy} (${message}).`, code, { cause: error });
  }
  // better-sqlite3 reports a missing directory or file as a TypeError without a code.
  if (error instanceof TypeError && error.message.startsWith('Cannot open database'))
    return new LedgerError(`${path}: ${error.message}; check the run directory.`, 'SQLITE_CANTOPEN', {
      cause: error,
    });
  return error;
}
