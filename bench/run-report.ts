/**
 * How long the report of a large self-play run takes, and how much memory: a finished run's ledger is copied, its attempts
 * and verdicts are repeated under other ids until there are 1,000,000 (not measured), then everything the report step
 * leaves behind is written from it. Writes bench/results/run-report.json.
 *
 *   node bench/run-report.ts RUN_DIRECTORY [attempts, default 1000000]
 */
import { copyFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { openLedger } from '../src/ledger/index.ts';
import { writeRunReport } from '../src/reports/index.ts';

const [run = '', wanted = '1000000'] = process.argv.slice(2);
const dir = mkdtempSync(join(tmpdir(), 'lakatos-bench-'));
try {
  const path = join(dir, 'ledger.sqlite');
  copyFileSync(join(run, 'ledger.sqlite'), path);
  const attempts = repeat(path, Number(wanted));
  const result = { command: `node bench/run-report.ts RUN_DIRECTORY ${wanted}`, ...measure(path, attempts) };
  writeFileSync('bench/results/run-report.json', `${JSON.stringify(result, null, 2)}\n`);
  console.log(JSON.stringify(result, null, 2));
} finally {
  rmSync(dir, { recursive: true, force: true });
}

/** Returns how many attempts there are then. */
function repeat(path: string, most: number): number {
  const db = new Database(path);
  const count = () => Number(db.prepare('SELECT count(*) FROM attempts').pluck().get());
  const copies = Math.ceil(most / count()) - 1;
  for (const [table, key] of [
    ['attempts', 'id'],
    ['verdicts', 'attempt_id'],
  ]) {
    const columns = db.prepare(`SELECT name FROM pragma_table_info('${table}')`).pluck().all() as string[];
    const values = columns.map((name) => (name === key ? `${key} || '~' || @copy` : name));
    const insert = db.prepare(
      `INSERT INTO ${table} (${columns}) SELECT ${values} FROM ${table} WHERE ${key} NOT LIKE '%~%'`,
    );
    db.transaction(() => {
      for (let copy = 1; copy <= copies; copy++) insert.run({ copy });
    })();
  }
  const total = count();
  db.close();
  return total;
}

function measure(path: string, attempts: number) {
  const ledger = openLedger(path, { readonly: true });
  const started = performance.now();
  writeRunReport(ledger, dir);
  const seconds = (performance.now() - started) / 1000;
  const rounds = ledger.rounds.list().length;
  ledger.close();
  const bytes = (file: string) => statSync(join(dir, file)).size;
  return {
    machine: { cpu: cpus()[0]?.model, cores: cpus().length, memoryBytes: totalmem(), node: process.version },
    attempts,
    rounds,
    seconds,
    // Of the whole process, the copying included.
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    bytes: Object.fromEntries(['ledger.sqlite', 'report.html', 'report.json'].map((f) => [f, bytes(f)])),
    targets: { seconds: 30, peakRssBytes: 1e9, 'report.html': 3e6 },
  };
}
