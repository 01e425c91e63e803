/** What must be the same in the ledgers of two runs that were asked for the same. */
import { join } from 'node:path';
import Database from 'better-sqlite3';

/** Every row of every table but the measured metrics, which count what was redone. */
export function contents(dir: string): unknown {
  const db = new Database(join(dir, 'ledger.sqlite'), { readonly: true });
  try {
    const tables = [
      'policies',
      'rounds',
      'steps',
      'prompts',
      'statements',
      'conjectures',
      'screenings',
      'attempts',
    ];
    const more = ['verdicts', 'selections', 'bundles', 'weights', 'token_scores', 'reference_logprobs'];
    const facts = db.prepare('SELECT * FROM facts ORDER BY 1').all();
    const rows = (t: string) => db.prepare(`SELECT * FROM ${t} ORDER BY 1, 2, 3`).all();
    return [['facts', facts], ...[...tables, ...more].map((t) => [t, rows(t)])];
  } finally {
    db.close();
  }
}
