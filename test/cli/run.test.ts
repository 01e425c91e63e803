/** A whole round through the command line with the real parts: Lean judges, the seed model samples and learns. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/index.ts';
import { openLedger } from '../../src/ledger/index.ts';
import { runReportSchema } from '../../src/reports/report-data.ts';
import { STEPS } from '../../src/selfplay/round.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-run-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const out = join(root, 'run');
const args = ['run', '--config', 'configs/smoke.toml', '--set', 'checker.lean.workers=1', '--out', out];
const lakatos = () => execa('node', ['src/main.ts', ...args], { reject: false });

test('a run is refused a second process, stops when asked, goes on under the same command, and ends in a report', {
  timeout: 600_000,
}, async () => {
  const first = lakatos();
  await seen(first.stderr, 'round 1: propose');

  const second = await lakatos();
  expect(second.exitCode).toBe(1);
  expect(second.stderr).toContain(`in use by process ${first.pid}`);

  first.kill('SIGINT');
  const stopped = await first;
  expect(stopped.exitCode).toBe(75);
  expect(stopped.stderr).toContain(`--out ${out}`);

  const resumed = await lakatos();
  expect(resumed.stderr).not.toContain('round 0: evaluate'); // done before the stop, not played again
  expect(resumed.exitCode).toBe(0);
  expect(resumed.stdout).toContain('report.html');

  const ledger = openLedger(join(out, 'ledger.sqlite'), { readonly: true });
  expect(
    new Set(
      ledger.steps
        .list(1)
        .filter((s) => s.status === 'done')
        .map((s) => s.step),
    ),
  ).toEqual(new Set(Object.keys(STEPS)));
  const verdicts = ledger.verdicts.counts().filter((v) => v.purpose !== 'seed');
  const report = runReportSchema.parse(JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')));
  expect(verdicts.reduce((sum, v) => sum + v.count, 0)).toBe(4 * 4 + 2 * 4 * 2 + kept(ledger) * 4);
  expect(report.verdicts.filter((v) => v.purpose === 'prove').reduce((sum, v) => sum + v.count, 0)).toBe(
    verdicts.filter((v) => v.purpose === 'prove').reduce((sum, v) => sum + v.count, 0),
  );
  expect(report.provenance.toolchain).toContain('Lean'.toLowerCase());
  ledger.close();

  const page = readFileSync(join(out, 'report.html'), 'utf8');
  expect(page).toContain(report.provenance.policies[0]?.version);
  expect(existsSync(join(out, 'log.jsonl'))).toBe(true);
});

test('other settings for a run that has begun are bad usage that names the key', async () => {
  const { exitCode, stderr } = await execa('node', ['src/main.ts', ...args, '--set', 'prove.samples=5'], {
    reject: false,
  });
  expect(exitCode).toBe(2);
  expect(stderr).toContain('holds a run with other settings (prove.samples)');
  expect(stderr).toMatch(/Only these may change: run\.rounds, .*policy\.server, .*microBatchTokens/);
});

test('a test set that is registered after training began is refused by its key: what was learned may state it', async () => {
  const dir = join(root, 'begun');
  mkdirSync(dir);
  const { config } = loadConfig({ files: ['configs/smoke.toml'], overrides: ['checker.lean.workers=1'] });
  const ledger = openLedger(join(dir, 'ledger.sqlite'));
  const settings = JSON.stringify(config);
  ledger.run.begin({ id: 'begun', config: settings, seed: 1, toolchain: '', versions: {}, startedAt: 0 });
  ledger.close();
  const late = ['--out', dir, '--set', 'data.protected=["minif2f:test:data/minif2f.jsonl"]'];
  const { exitCode, stderr } = await execa('node', ['src/main.ts', ...args, ...late], { reject: false });
  expect(exitCode).toBe(2);
  expect(stderr).toContain('holds a run with other settings (data.protected)');
});

test('replayed from its ledger the run comes out as recorded; under another window or objective otherwise, with the figures as JSON', async () => {
  const replay = (...more: readonly string[]) =>
    execa('node', ['src/main.ts', 'replay', out, ...more], { reject: false });
  const same = await replay();
  expect(same.stdout).toContain('round 1: as recorded');
  expect(same.exitCode).toBe(0);

  const file = join(root, 'replay.json');
  const other = await replay('--set', 'learn.objective=raft', '--rounds', '1-3', '--out', file);
  expect(other.exitCode).toBe(0);
  const { rounds } = JSON.parse(readFileSync(file, 'utf8'));
  expect(rounds.map((r: { round: number }) => r.round)).toEqual([1]);
  expect(rounds[0].update.after.negatives).toBe(0);

  const foreign = await replay('--set', 'prove.samples=5');
  expect(foreign.exitCode).toBe(2);
  expect(foreign.stderr).toContain('only select.* and learn.* can differ');
});

function seen(stream: NodeJS.ReadableStream, text: string): Promise<void> {
  let all = '';
  return new Promise((resolve) => {
    stream.on('data', (chunk) => {
      all += chunk;
      if (all.includes(text)) resolve();
    });
  });
}

const kept = (ledger: ReturnType<typeof openLedger>) => ledger.statements.keptConjectures(1).length;
