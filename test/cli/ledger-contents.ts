/** What an evaluation's ledger holds, for telling two apart: every row of every table, in any order, but measured times. */
import Database from 'better-sqlite3';

const TABLES = ['run', 'policies', 'rounds', 'facts', 'prompts', 'statements', 'attempts', 'verdicts'];
const MEASURED = { ms: null, judged_at: null, started_at: null, created_at: null };

/** @param place what names the place of one of them: taken out wherever it stands */
export function ledgerContents(path: string, place: string): unknown {
  const db = new Database(path, { readonly: true });
  try {
    return TABLES.map((table) => {
      const rows = db.prepare(`SELECT * FROM ${table}`).all() as Record<string, unknown>[];
      return [table, rows.map((row) => JSON.stringify({ ...row, ...MEASURED }).replaceAll(place, '')).sort()];
    });
  } finally {
    db.close();
  }
}
