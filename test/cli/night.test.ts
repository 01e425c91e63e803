/** Nights through the command line with the real parts: Lean judges, the seed model samples and learns. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, expect, test } from 'vitest';
import { readEvalReport } from '../../src/cli/compare.ts';
import { openLedger } from '../../src/ledger/index.ts';
import { problemFile } from './eval-world.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-night-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const out = join(root, 'nightly');
const sums = problemFile(join(root, 'sums.jsonl'), ['a', 'b'], (name) =>
  name === 'a' ? '1 + 1 = 2' : '1 = 2',
);
const settings = [
  'checker.lean.workers=1',
  'evaluate.beforeAndAfter=false',
  `nightly.evaluate=["minif2f:valid:${sums}"]`,
  'nightly.profile=core',
  'nightly.samples=2',
  'nightly.k=[1]',
  'nightly.keepCheckpoints=1',
];
const lakatos = (...args: readonly string[]) =>
  execa('node', ['src/main.ts', 'run', '--config', 'configs/smoke.toml', '--set', ...settings, ...args], {
    reject: false,
    forceKillAfterDelay: false, // a SIGTERM is followed by nothing: the night has its own grace
  });
/** The last line of stdout as its pairs. */
const summary = (stdout: string): Record<string, string> => {
  const line = stdout.split('\n').at(-1) ?? '';
  expect(line).toMatch(/^lakatos-night status=/);
  return Object.fromEntries([...line.matchAll(/([\w-]+)=("(?:[^"\\]|\\.)*"|\S+)/g)].map((m) => [m[1], m[2]]));
};
const until = '2099-12-31T06:00';

test('a night ended by SIGTERM in mid-phase goes on under the same command and ends with an evaluation; the next compares', {
  timeout: 900_000,
}, async () => {
  const first = lakatos('--out', out, '--rounds', '1', '--until', until);
  await seen(first.stderr, 'round 1: prove');

  // Whatever the first has taken: it is not memory that is missing.
  const little = ['--set', 'nightly.minFreeMemoryMb=1000000000', 'nightly.minFreeDiskMb=1000000000'];
  const second = await lakatos('--out', out, '--rounds', '1', '--until', until, ...little);
  expect(second.exitCode).toBe(1);
  expect(summary(second.stdout)).toMatchObject({ status: 'busy', exit: '1', rounds: '0', dir: out, until });
  expect(second.stderr).toContain(`in use by process ${first.pid}`);

  first.kill('SIGTERM');
  const stopped = await first;
  expect(stopped.exitCode).toBe(75);
  expect(summary(stopped.stdout)).toMatchObject({ status: 'stopped', exit: '75', rounds: '0' });
  expect(summary(stopped.stdout).reason).toContain('Stopped by SIGTERM');
  expect(stopped.stderr).toMatch(
    /Stopped by SIGTERM\. Everything committed is kept\. Go on with: .*--until 2099-12-31T06:00 --out/,
  );
  expect(existsSync(join(out, 'lock.json'))).toBe(false);

  const resumed = await lakatos('--out', out, '--rounds', '1', '--until', until);
  expect(resumed.exitCode, resumed.stderr).toBe(0);
  const line = summary(resumed.stdout);
  expect(line).toMatchObject({ status: 'done', exit: '0', rounds: '1', round: '1' });
  expect(Number(line.attempts)).toBeGreaterThan(0);
  expect(line).toHaveProperty('minif2f-valid_pass1');
  expect(line).not.toHaveProperty('minif2f-valid_delta');
  expect(line['minif2f-valid_solved']).toMatch(/^[01]\/2$/);

  const ledger = openLedger(join(out, 'ledger.sqlite'), { readonly: true });
  expect(ledger.facts.get('protection')).toMatchObject({ sets: [`minif2f:valid:${sums}`] });
  ledger.close();

  const next = await lakatos('--out', out, '--rounds', '2', '--until', until);
  expect(next.exitCode, next.stderr).toBe(0);
  expect(summary(next.stdout)).toMatchObject({ round: '2', rounds: '1' });
  const folder = join(out, 'evaluations', 'minif2f-valid');
  const [before = '', after = ''] = readdirSync(folder).sort();
  expect(before).toMatch(/^00001-/);
  if (after !== '') {
    // Round 2 changed the weights: then there is a comparison, and one policy was removed.
    expect(readEvalReport(join(folder, after)).comparison?.before).toBe(before);
    expect(summary(next.stdout)['minif2f-valid_delta']).toMatch(/^[+-]0\.\d{4}$|^[+-]1\.0000$/);
    expect(readFileSync(join(out, 'log.jsonl'), 'utf8')).toContain('evaluating');
  }
});

test('a deadline that is past stops before anything is opened, resumable', async () => {
  const dir = join(root, 'past');
  const { exitCode, stdout } = await lakatos('--out', dir, '--until', '2020-01-01T06:00');
  expect(exitCode).toBe(75);
  expect(summary(stdout)).toMatchObject({
    status: 'stopped',
    reason: expect.stringContaining('the deadline at 06:00 on 2020-01-01'),
  });
  expect(existsSync(dir)).toBe(false);
});

test('bad usage is found in the evening: a time, a directory that the next night would not find, a refresh of a last round that nobody knows, a missing set', async () => {
  const refused = async (...args: readonly string[]) => {
    const { exitCode, stderr } = await lakatos(...args);
    expect(exitCode).toBe(2);
    return stderr;
  };
  expect(await refused('--until', '6 am', '--out', out)).toContain(
    '--until: expected a local time such as 06:00',
  );
  expect(await refused('--until', '06:00')).toContain('expected --out DIR');
  const last = ['--until', '06:00', '--out', join(root, 'x'), '--set', 'learn.refreshLast=true'];
  expect(await refused(...last)).toContain('or set learn.refreshEvery instead');
  expect(
    await refused(
      '--until',
      '06:00',
      '--out',
      join(root, 'x'),
      '--set',
      'nightly.evaluate=["minif2f:test:nowhere.jsonl"]',
    ),
  ).toContain('nowhere.jsonl');
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
