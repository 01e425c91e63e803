/**
 * Kills -9 at every boundary between phases and at random within them, each time followed by the same command again: the
 * ledger must end as that of a run nobody touched, row for row, in attempts, verdicts, weights and everything else.
 *
 * - `alone`: the orchestrator of a run of the fakes (test/selfplay/fakes.ts), judge in its own process.
 * - `queue`: the same with its judges in worker processes behind Redis, which are killed too, at random answers.
 * - `served`: the same fakes judge, a double of vLLM that the run starts samples, a script learns: the orchestrator at every
 *   boundary and at random, the server at random, the trainer before and after it has committed its output.
 * - `real`: a round of configs/smoke.toml with real Lean and the embedded model: the orchestrator in the middle of a phase,
 *   and its Lean processes while it runs. Compared without what is measured: times.
 *
 * Writes bench/results/faults.json.
 *
 *   node bench/faults.ts [random kills, default 20] [real kills, default 4]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import Database from 'better-sqlite3';
import { randomFrom, randomInt } from '../src/ops/seeds.ts';
import { startRedis } from '../test/checkers/queue/redis-server.ts';
import { freePort } from '../test/policy/served/started.ts';
import { contents } from '../test/selfplay/ledger-contents.ts';
import { boundaries, type Death, liveThrough, MortalWorkers } from '../test/selfplay/mortal.ts';
import { tinyModel } from '../test/selfplay/served-run.ts';

interface Outcome {
  readonly kills: Readonly<Record<string, number>>;
  readonly ledgerEqual: boolean;
}

const EDGES = ['begin', 'before-commit', 'after-commit'] as const;
/** Answers of a whole run of the fakes; a life that dies later than its run ends is no kill and not counted. */
const ANSWERS = 250;

const root = mkdtempSync(join(tmpdir(), 'lakatos-faults-'));
const fresh = () => mkdtempSync(join(root, 'run-'));
const random = randomFrom(1);
const atRandom = (count: number): Death[] =>
  Array.from({ length: count }, () => ({ at: 'answer', number: 1 + randomInt(random, ANSWERS / 4) }));

async function alone(whole: string, randomKills: number): Promise<Outcome> {
  let atBoundaries = 0;
  let equal = true;
  for (const edge of EDGES) {
    const dir = fresh();
    atBoundaries += await liveThrough(dir, boundaries(edge));
    equal &&= isDeepStrictEqual(contents(dir), contents(whole));
  }
  let within = 0;
  // A few lives a run, so that the later ones do not all fall into its end.
  for (let left = randomKills; left > 0; left -= 4) {
    const dir = fresh();
    within += await liveThrough(dir, atRandom(Math.min(4, left)));
    equal &&= isDeepStrictEqual(contents(dir), contents(whole));
  }
  return { kills: { atBoundaries, within }, ledgerEqual: equal };
}

async function queue(whole: string, randomKills: number): Promise<Outcome> {
  const redis = await startRedis();
  const standing = { toolchain: 'fake', rules: '', limits: {} };
  const place = { url: redis.url, prefix: 'faults', standing };
  const workers = new MortalWorkers(2, () => ({ ...place, answers: 5 + randomInt(random, 40) }));
  try {
    const dir = fresh();
    const options = { ...place, groupSize: 4, maxInFlight: 64, waitMs: 120_000, lookMs: 500 };
    const some = boundaries('before-commit').filter((_, i) => i % 3 === 0);
    const orchestrator = await liveThrough(dir, [...some, ...atRandom(randomKills / 4)], { queue: options });
    return {
      kills: { orchestrator, worker: workers.killed },
      ledgerEqual: isDeepStrictEqual(contents(dir), contents(whole)),
    };
  } finally {
    await workers.stop();
    await redis.stop();
  }
}

async function served(randomKills: number): Promise<Outcome> {
  const model = await tinyModel(join(root, 'model'));
  const lives = async (dir: string, deaths: readonly Death[]) =>
    liveThrough(dir, deaths, { served: { model, port: await freePort() } });
  const undisturbed = fresh();
  await lives(undisturbed, []);
  let orchestrator = 0;
  let trainer = 0;
  let server = 0;
  let equal = true;
  const check = (dir: string) => {
    equal &&= isDeepStrictEqual(contents(dir), contents(undisturbed));
  };
  for (const edge of EDGES) {
    const dir = fresh();
    orchestrator += await lives(dir, boundaries(edge));
    check(dir);
  }
  for (let left = randomKills; left > 0; left -= 4) {
    const dir = fresh();
    const inTraining: Death[] = [
      { at: 'training', output: 'missing' },
      { at: 'training', output: 'there' },
    ];
    orchestrator += (await lives(dir, [...inTraining, ...atRandom(2)])) - inTraining.length;
    trainer += inTraining.length;
    check(dir);
    const other = fresh();
    await lives(other, [{ at: 'answer', number: 1 + randomInt(random, ANSWERS / 2), whom: 'server' }]);
    // Started once more than it was killed.
    server +=
      (readFileSync(join(other, 'served', 'server-0.log'), 'utf8').match(/^serving/gm)?.length ?? 1) - 1;
    check(other);
  }
  return { kills: { orchestrator, server, trainer }, ledgerEqual: equal };
}

async function real(kills: number): Promise<Outcome> {
  const [whole, dir] = [fresh(), fresh()];
  await played(whole);
  const phases = ['screen', 'prove', 'evaluate', 'learn'];
  let orchestrator = 0;
  let lean = 0;
  for (let i = 0; i < kills; i++) {
    const child = play(dir);
    const ended = once(child, 'close');
    const phase = phases[i % phases.length] ?? '';
    if (await says(child, `round 1: ${phase}`)) {
      if (i % 2 === 1) {
        lean += killLean(child.pid);
        await says(child, 'round 1: ');
      }
      orchestrator += child.kill('SIGKILL') ? 1 : 0;
    }
    await ended;
  }
  await played(dir);
  return { kills: { orchestrator, lean }, ledgerEqual: isDeepStrictEqual(timeless(dir), timeless(whole)) };
}

const play = (dir: string): ChildProcess =>
  spawn(process.execPath, ['src/main.ts', 'run', '--config', 'configs/smoke.toml', '--out', dir], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });

async function played(dir: string): Promise<void> {
  const child = play(dir);
  child.stderr?.resume();
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`A round of configs/smoke.toml ended with ${code}: see ${dir}/log.jsonl.`);
}

/** Resolves when it has said so; false when it ended before. */
function says(child: ChildProcess, words: string): Promise<boolean> {
  return new Promise((resolve) => {
    child.once('close', () => resolve(false));
    child.stderr?.on('data', (text) => String(text).includes(words) && resolve(true));
  });
}

/** Kills every process below that one which is a Lean; returns how many. */
function killLean(root: number | undefined): number {
  const parents = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => [Number(pid), parentOf(pid)]),
  );
  const isBelow = (pid: number | undefined): boolean =>
    pid !== undefined && pid > 1 && (pid === root || isBelow(parents.get(pid)));
  let killed = 0;
  for (const pid of parents.keys()) {
    // Its own command, not those that it is wrapped in.
    const command = commandOf(pid);
    const isLean = command.startsWith(process.execPath) && command.includes('lean-process');
    if (pid === root || !isLean || !isBelow(pid)) continue;
    process.kill(pid, 'SIGKILL');
    killed++;
  }
  return killed;
}

const parentOf = (pid: string): number => Number(/^PPid:\s+(\d+)/m.exec(readProc(`${pid}/status`))?.[1] ?? 0);
const commandOf = (pid: number): string => readProc(`${pid}/cmdline`);
function readProc(name: string): string {
  try {
    return readFileSync(`/proc/${name}`, 'utf8');
  } catch {
    return ''; // it has ended meanwhile
  }
}

/** What a ledger says of everything that is not a time. */
function timeless(dir: string): unknown {
  const db = new Database(join(dir, 'ledger.sqlite'), { readonly: true });
  const queries = [
    'SELECT version, parent, bundle_hash FROM policies ORDER BY version',
    'SELECT * FROM rounds ORDER BY number',
    'SELECT * FROM conjectures ORDER BY id',
    'SELECT * FROM screenings ORDER BY conjecture_id',
    'SELECT * FROM attempts ORDER BY id',
    'SELECT attempt_id, verdict, reason, axioms, premises, toolchain FROM verdicts ORDER BY attempt_id',
    'SELECT * FROM selections ORDER BY round, statement_id',
    'SELECT * FROM bundles ORDER BY hash',
    'SELECT * FROM weights ORDER BY bundle_hash, role, sample_id',
  ];
  try {
    return queries.map((sql) => db.prepare(sql).all());
  } finally {
    db.close();
  }
}

const [randomKills = '20', realKills = '4'] = process.argv.slice(2);
try {
  const whole = fresh();
  await liveThrough(whole, []);
  const outcomes: Record<string, Outcome> = { alone: await alone(whole, Number(randomKills)) };
  console.error(outcomes);
  outcomes.queue = await queue(whole, Number(randomKills));
  console.error(outcomes);
  outcomes.served = await served(Number(randomKills));
  console.error(outcomes);
  if (Number(realKills) > 0) outcomes.real = await real(Number(realKills));
  const kills = Object.values(outcomes).flatMap((o) => Object.values(o.kills));
  const result = {
    command: `node bench/faults.ts ${randomKills} ${realKills}`,
    machine: { cores: cpus().length, node: process.version },
    kills: kills.reduce((a, b) => a + b, 0),
    target: 50,
    everyLedgerEqual: Object.values(outcomes).every((o) => o.ledgerEqual),
    outcomes,
  };
  writeFileSync('bench/results/faults.json', `${JSON.stringify(result, null, 2)}\n`);
  console.log(JSON.stringify(result, null, 2));
} finally {
  rmSync(root, { recursive: true, force: true });
}
