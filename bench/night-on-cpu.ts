/**
 * A night on CPU parts, from one configuration file: `lakatos run --until`, killed twice with SIGKILL in mid-phase,
 * resumed, ended with an evaluation; then the night after it, which compares. Beside it the same first night undisturbed:
 * the ledgers must agree, attempt by attempt, verdict by verdict, weight by weight. Lean judges in two `lakatos worker`
 * processes behind a Redis of their own; one of them is killed with the first kill. Writes bench/results/night-on-cpu.json.
 *
 *   node bench/night-on-cpu.ts [--minif2f FILE] [--config FILE …] [--out FILE]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Database from 'better-sqlite3';
import { execa } from 'execa';
import { readEvalReport } from '../src/cli/compare.ts';
import { localMinute } from '../src/ops/deadline.ts';
import { startRedis } from '../test/checkers/queue/redis-server.ts';

const { values } = parseArgs({
  options: {
    minif2f: { type: 'string' },
    config: { type: 'string', multiple: true, default: ['bench/night-on-cpu.toml'] },
    out: { type: 'string', default: 'bench/results/night-on-cpu.json' },
  },
});
const root = mkdtempSync(join(tmpdir(), 'lakatos-night-'));
const until = localMinute(Date.now() + 12 * 3_600_000);
const set = values.minif2f === undefined ? ownSet() : `minif2f:valid:${values.minif2f}`;

interface Part {
  readonly what: string;
  readonly seconds: number;
  readonly exit: number | string | undefined;
  readonly summary: string;
}
const parts: Part[] = [];
const redis = await startRedis();
const workers = [startWorker(), startWorker()];

try {
  const night = join(root, 'nightly');
  await play('the night, killed (SIGKILL) while it screens', night, 1, 'round 1: screen');
  workers[0]?.kill('SIGKILL');
  await play('the night again, killed (SIGKILL) while it learns', night, 1, 'round 1: learn');
  await play('the night resumed, to its end', night, 1);
  await play('the night after, to its end', night, 2);
  const undisturbed = join(root, 'undisturbed');
  await play('the first night undisturbed', undisturbed, 1);
  const result = {
    command: ['node bench/night-on-cpu.ts', ...values.config.map((file) => `--config ${file}`)].join(' '),
    problems: values.minif2f === undefined ? 'sixteen of lean-core' : 'miniF2F valid',
    machine: { cores: cpus().length, memoryGiB: Math.round(totalmem() / 2 ** 30), node: process.version },
    judges: 'two lakatos worker processes over Redis, one of them killed with the first kill',
    parts,
    sameAsUndisturbed: compareRuns(night, undisturbed),
    evaluations: evaluations(night),
    stepsResumed: resumedSteps(night),
  };
  writeFileSync(values.out, `${JSON.stringify(result, null, 2)}\n`);
  console.log(JSON.stringify(result, null, 2));
} finally {
  for (const worker of workers) await ended(worker);
  await redis.stop();
  rmSync(root, { recursive: true, force: true });
}

/** Judges for the run, with its settings. */
function startWorker(): ChildProcess {
  const settings = ['--config', ...values.config, '--set', `checker.queue.url=${redis.url}`];
  return spawn(process.execPath, ['src/main.ts', 'worker', ...settings], { stdio: 'ignore' });
}

async function ended(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  const exit = once(worker, 'exit');
  worker.kill('SIGTERM');
  await exit;
}

/** Runs the night in `dir` up to `rounds` in all; with `killAt`, kills it as soon as it says that. */
async function play(what: string, dir: string, rounds: number, killAt?: string): Promise<void> {
  const began = performance.now();
  const settings = ['--set', `nightly.evaluate=["${set}"]`, `checker.queue.url=${redis.url}`];
  const command = ['run', '--config', ...values.config, ...settings, '--rounds', `${rounds}`];
  const child = execa(process.execPath, ['src/main.ts', ...command, '--until', until, '--out', dir], {
    reject: false,
  });
  let said = '';
  child.stderr.on('data', (text) => {
    process.stderr.write(text);
    said += text;
    if (killAt !== undefined && said.includes(killAt)) child.kill('SIGKILL');
  });
  const { exitCode, signal, stdout } = await child;
  const exit = exitCode ?? signal;
  const seconds = Math.round((performance.now() - began) / 1000);
  const summary = (stdout.split('\n').at(-1) ?? '').replaceAll(root, 'DIR');
  parts.push({ what, seconds, exit, summary });
  if (exit !== (killAt === undefined ? 0 : 'SIGKILL')) throw new Error(`${what}: ended with ${exit}`);
}

/** Sixteen validation problems of lean-core, as a folder of their own. */
function ownSet(): string {
  const dir = join(root, 'problems');
  mkdirSync(dir);
  const lines = readFileSync('data/lean-core/validation.jsonl', 'utf8').split('\n').slice(0, 16);
  writeFileSync(join(dir, 'validation.jsonl'), `${lines.join('\n')}\n`);
  return `lean-core:validation:${dir}`;
}

/** Rows that only one of the two ledgers has, table by table; seconds of checking are left out, they are measured. */
function compareRuns(a: string, b: string): Record<string, { rows: number; different: number }> {
  const queries = {
    attempts: "SELECT id, text, policy_version, seed FROM attempts WHERE round <= 1 AND purpose <> 'seed'",
    verdicts:
      "SELECT attempt_id AS id, verdict, reason FROM verdicts v JOIN attempts a ON a.id = v.attempt_id WHERE a.round <= 1 AND a.purpose <> 'seed'",
    conjectures:
      'SELECT c.id, text, outcome FROM conjectures c JOIN screenings ON conjecture_id = c.id WHERE round <= 1',
    weights:
      'SELECT sample_id AS id, bundle_hash, weight FROM weights w JOIN bundles b ON b.hash = w.bundle_hash WHERE b.round <= 1',
    policies: 'SELECT number AS id, policy_in, policy_out FROM rounds WHERE number <= 1',
  };
  return Object.fromEntries(
    Object.entries(queries).map(([name, sql]) => {
      const [left, right] = [rows(a, sql), rows(b, sql)];
      const different = [...left.symmetricDifference(right)].length;
      return [name, { rows: left.size, different }];
    }),
  );
}

function rows(dir: string, sql: string): Set<string> {
  const db = new Database(join(dir, 'ledger.sqlite'), { readonly: true });
  try {
    return new Set(
      db
        .prepare(sql)
        .raw()
        .all()
        .map((row) => JSON.stringify(row)),
    );
  } finally {
    db.close();
  }
}

function evaluations(dir: string) {
  const [label = ''] = readdirSync(join(dir, 'evaluations'));
  return readdirSync(join(dir, 'evaluations', label))
    .sort()
    .map((name) => {
      const { problems, attempts, solved, passAtK, comparison } = readEvalReport(
        join(dir, 'evaluations', label, name),
      );
      return {
        name,
        problems,
        attempts,
        solved,
        passAtK: passAtK.map(({ k, estimate }) => ({ k, estimate })),
        comparedWith: comparison?.before ?? null,
        sentence: comparison?.sentence ?? null,
      };
    });
}

/** What the log says was gone on with rather than begun. */
function resumedSteps(dir: string): string[] {
  return [
    ...readFileSync(join(dir, 'log.jsonl'), 'utf8').matchAll(/"msg":"(round \d+: \w+) \(resumed\)"/g),
  ].map((m) => m[1] ?? '');
}
