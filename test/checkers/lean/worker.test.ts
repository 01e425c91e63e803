/** The talk with a process that says what it should not; the processes are real, made of shell. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { startLean } from '../../../src/checkers/lean/process.ts';
import { asWorker } from '../../../src/checkers/lean/worker.ts';
import { WorkerDeath } from '../../../src/checkers/pool.ts';

const READY = `read -r nonce; say() { printf '%s%s\\n' "$nonce" "$1"; }; say '{"ready":"4.28.0"}';`;
const talker = (script: string) =>
  startLean({ file: 'sh', args: ['-c', script], env: { PATH: '/usr/bin:/bin' } });
const workerOf = (script: string) =>
  asWorker(talker(`${READY} ${script}`), (said) => z.object({ verdict: z.string() }).parse(said).verdict);

describe('a worker', () => {
  it('is asked and answers, question after question', async () => {
    const worker = await workerOf(
      `read -r q; say '{"id":1,"verdict":"a"}'; read -r q; say '{"id":2,"verdict":"b"}'`,
    );
    expect([await worker.ask({}), await worker.ask({})]).toEqual(['a', 'b']);
  });

  it('that answers twice is believed once: the next question is not answered with what is left', async () => {
    const worker = await workerOf(
      `read -r q; say '{"id":1,"verdict":"a"}'; say '{"id":1,"verdict":"proved"}'; read -r q`,
    );
    expect(await worker.ask({})).toBe('a');
    await expect(worker.ask({})).rejects.toThrow('it is the answer to question 1, not to 2');
    worker.kill();
  });

  it.each([
    ['no JSON', 'proved', /^cannot read what the judge said \(.*JSON.*\): proved$/],
    ['no answer', '{"id":1,"verdict":7}', /expected string/],
    ['no number', '{"verdict":"proved"}', /at id/],
  ])('that says %s is not understood, which is no death', async (_, said, message) => {
    const worker = await workerOf(`read -r q; say '${said}'; read -r q`);
    const failure = worker.ask({});
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.not.toBeInstanceOf(WorkerDeath);
    worker.kill();
  });

  it('that dies in the middle of an answer has died, even where the half reads like a whole', async () => {
    const worker = await workerOf(
      `read -r q; printf '%s' "$nonce" '{"id":1,"verdict":"proved"}'; kill -9 $$`,
    );
    const failure = worker.ask({});
    await expect(failure).rejects.toThrow(WorkerDeath);
    await expect(failure).rejects.toThrow(/^signal SIGKILL/);
  });

  it('that fills its stderr is heard out, and says in its end what it said last', async () => {
    const worker = await workerOf(
      `read -r q; i=0; while [ $i -lt 100 ]; do head -c 60000 /dev/zero | tr '\\0' x >&2; echo >&2; i=$((i+1)); done
       say '{"id":1,"verdict":"a"}'; read -r q; echo 'error: out of everything' >&2; exit 3`,
    );
    expect(await worker.ask({})).toBe('a');
    await expect(worker.ask({})).rejects.toThrow('exit code 3, error: out of everything');
  });

  it('is one of many without Node warning of a leak', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on('warning', note);
    try {
      const many = Array.from({ length: 12 }, () => talker('read -r nonce'));
      await Promise.all(many.map((lean) => lean.exited));
      expect(warnings).toEqual([]);
    } finally {
      process.off('warning', note);
    }
  });

  it('that ends by itself is known to have ended', async () => {
    const lean = talker(`${READY} read -r q`);
    const worker = await asWorker(lean, (said) => said);
    expect(worker.hasEnded?.()).toBe(false);
    lean.send('{}');
    await lean.exited;
    expect(worker.hasEnded?.()).toBe(true);
  });

  it('that does not greet as a judge is ended, and what it said is told', async () => {
    const lean = talker(`read -r nonce; printf '%s{"fault":"no library"}\\n' "$nonce"; read -r q`);
    await expect(asWorker(lean, (said) => said)).rejects.toThrow(/at ready.*: \{"fault":"no library"\}$/s);
    expect(await lean.exited).toMatchObject({ signal: 'SIGKILL' });
  });

  it('is ended when it is waited for no longer', async () => {
    const lean = talker('read -r nonce; while :; do read -r q || :; done');
    await expect(asWorker(lean, (said) => said, AbortSignal.abort())).rejects.toThrow(/^signal SIGKILL/);
  });
});
