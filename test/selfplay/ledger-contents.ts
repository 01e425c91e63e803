/** What must be the same in the ledgers of two runs that were asked for the same. */
import { join } from 'node:path';
import Database from 'better-sqlite3';

type Row = Readonly<Record<string, unknown>>;

/**
 * Every row of every table but the measured metrics, which count what was redone. A prompt is known by its hash: its number
 * says when it came, and behind servers that is a matter of time.
 */
export function contents(dir: string): unknown {
  const db = new Database(join(dir, 'ledger.sqlite'), { readonly: true });
  try {
    const tables = ['policies', 'rounds', 'steps', 'statements', 'conjectures', 'screenings', 'attempts'];
    const more = ['verdicts', 'selections', 'bundles', 'weights', 'token_scores', 'reference_logprobs'];
    const facts = db.prepare('SELECT * FROM facts ORDER BY 1').all();
    const prompts = db.prepare<[], Row>('SELECT * FROM prompts ORDER BY hash').all();
    const hashes = new Map(prompts.map(({ id, hash }) => [id, hash]));
    const known = (row: Row) => ('prompt' in row ? { ...row, prompt: hashes.get(row.prompt) } : row);
    const rows = (t: string) => db.prepare<[], Row>(`SELECT * FROM ${t} ORDER BY 1, 2, 3`).all().map(known);
    return [
      ['facts', facts],
      ['prompts', prompts.map(({ id: _, ...row }) => row)],
      ...[...tables, ...more].map((t) => [t, rows(t)]),
    ];
  } finally {
    db.close();
  }
}
