import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, describe, expect, test } from 'vitest';
import { sbatchScript } from '../../src/cli/slurm.ts';
import { loadConfig } from '../../src/config/index.ts';
import { UsageError } from '../../src/ops/errors.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-slurm-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const { config } = loadConfig({
  overrides: ['nightly.graceSeconds=120', 'nightly.slurm=["--gres=gpu:1", "--partition=night owls"]'],
});
const options = {
  config: ['configs/gpu-node.toml'],
  set: ['policy.uri=vllm:http://h:1#n', "run.out=it's"],
  until: '06:00',
};
const now = new Date(2026, 10, 26, 22, 0).getTime();

function program(name: string, text: string): string {
  const path = join(root, name);
  writeFileSync(path, `#!/bin/bash\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

test('the script asks for the time until the deadline and its grace, warns in time, and names the deadline with its date', () => {
  const lines = sbatchScript(options, config, 'runs/nightly', now).split('\n');
  expect(lines.filter((line) => line.startsWith('#SBATCH'))).toEqual([
    '#SBATCH --job-name=lakatos',
    `#SBATCH --time=${8 * 60 + 2 + 1}`,
    '#SBATCH --signal=B:TERM@150',
    '#SBATCH --requeue',
    '#SBATCH --open-mode=append',
    '#SBATCH --gres=gpu:1',
    '#SBATCH --partition=night owls',
  ]);
  expect(lines.find((line) => line.startsWith('node '))).toMatch(
    /run --config configs\/gpu-node\.toml --set 'policy\.uri=vllm:http:\/\/h:1#n' --set 'run\.out=it'\\''s' --out runs\/nightly --until 2026-11-27T06:00 &$/,
  );
});

test('without a deadline it is refused', () => {
  const { until: _, ...endless } = options;
  expect(() => sbatchScript(endless, config, 'runs/nightly')).toThrow(UsageError);
});

describe('the script itself, run by bash with stand-ins for node and scontrol,', () => {
  const start = (until: string, night: string) => {
    program('node', night);
    program('scontrol', `echo "$@" >> ${join(root, 'requeued')}`);
    writeFileSync(join(root, 'requeued'), '');
    const script = join(root, 'job.sh');
    writeFileSync(script, sbatchScript({ ...options, until }, config, 'runs/nightly'));
    return execa('bash', [script], {
      reject: false,
      env: { PATH: `${root}:${process.env.PATH}`, SLURM_JOB_ID: '17' },
    });
  };
  const requeued = () => readFileSync(join(root, 'requeued'), 'utf8').trim();

  test('passes a warning on to the night, waits for its end, and puts a resumable one back into the queue', async () => {
    const job = start(
      '2099-01-01T06:00',
      `trap 'echo warned; exit 75' TERM; echo begun; while :; do read -t 1 <> <(:); done`,
    );
    await new Promise<void>((resolve) =>
      job.stdout.on('data', (text) => String(text).includes('begun') && resolve()),
    );
    job.kill('SIGTERM');
    const { exitCode, stdout } = await job;
    expect([exitCode, stdout, requeued()]).toEqual([75, 'begun\nwarned', 'requeue 17']);
  });

  test('does not put back what is done, what failed, or what is past its deadline', async () => {
    expect((await start('2099-01-01T06:00', 'exit 0')).exitCode).toBe(0);
    expect(requeued()).toBe('');
    expect((await start('2099-01-01T06:00', 'exit 1')).exitCode).toBe(1);
    expect(requeued()).toBe('');
    expect((await start('2020-01-01T06:00', 'exit 75')).exitCode).toBe(75);
    expect(requeued()).toBe('');
  });
});

test('run --slurm hands the script to sbatch, and --dry-run prints it instead', {
  timeout: 600_000,
}, async () => {
  program('sbatch', `cat > ${join(root, 'submitted')}; echo Submitted batch job 18`);
  const args = ['src/main.ts', 'run', '--slurm', '--until', '2099-01-01T06:00', '--out', 'runs/nightly'];
  const env = { PATH: `${root}/only-sbatch:${process.env.PATH}` };
  await execa('mkdir', ['-p', join(root, 'only-sbatch')]);
  await execa('mv', [join(root, 'sbatch'), join(root, 'only-sbatch')]);
  const printed = await execa('node', [...args, '--dry-run']);
  const submitted = await execa('node', args, { env });
  expect(submitted.stdout).toBe('Submitted batch job 18');
  const minutesPass = (script: string) => script.replace(/--time=\d+/, '--time=…').trimEnd();
  expect(minutesPass(readFileSync(join(root, 'submitted'), 'utf8'))).toBe(minutesPass(printed.stdout));
  const nowhere = await execa('node', args, { reject: false });
  expect(nowhere.exitCode).toBe(1);
  expect(nowhere.stderr).toContain('--dry-run prints the script to submit by hand');
});
