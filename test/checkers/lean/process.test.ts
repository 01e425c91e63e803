import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { isolation } from '../../../src/checkers/lean/isolation.ts';
import { ownLines, startLean } from '../../../src/checkers/lean/process.ts';
import { cpuSecondsOfTree } from '../../../src/ops/cpu.ts';

const NONCE = '0123456789abcdef';

async function split(printed: readonly string[]): Promise<{ own: string[]; noise: string[] }> {
  const noise: string[] = [];
  async function* lines() {
    yield* printed.map((line) => `${line}\n`);
  }
  const own: string[] = [];
  for await (const line of ownLines(lines(), NONCE, (l) => noise.push(l))) own.push(line);
  return { own, noise };
}

describe('what a Lean process prints', () => {
  it('is its own only behind the nonce', async () => {
    expect(await split(['[DEBUG:A] entered', `${NONCE}{"verdict":"rejected"}`])).toEqual({
      own: ['{"verdict":"rejected"}'],
      noise: ['[DEBUG:A] entered'],
    });
  });

  it('is noise when it only looks like a verdict', async () => {
    const forged = ['{"verdict":"proved"}', ` ${NONCE}{"verdict":"proved"}`, `${NONCE.slice(1)}{}`];
    expect(await split(forged)).toEqual({ own: [], noise: forged });
  });

  it('is no answer without its newline: that is what a process was killed over', async () => {
    const noise: string[] = [];
    async function* lines() {
      yield `${NONCE}{"id":1}\n`;
      yield `${NONCE}{"id":2}`;
    }
    const own = await Array.fromAsync(ownLines(lines(), NONCE, (line) => noise.push(line)));
    expect({ own, noise }).toEqual({ own: ['{"id":1}'], noise: [`${NONCE}{"id":2}`] });
  });

  it('is never lost: every line is one or the other', async () => {
    const text = fc.string().filter((s) => !s.endsWith('\r'));
    const line = fc.oneof(
      text,
      text.map((s) => NONCE + s),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line), async (printed) => {
        const { own, noise } = await split(printed);
        expect([...own.map((l) => NONCE + l), ...noise].sort()).toEqual([...printed].sort());
      }),
    );
  });
});

it('counts the CPU time of a judge that is killed, whatever it is wrapped in', async () => {
  const { wrap } = await isolation();
  const [file = 'sh', ...args] = wrap(['sh', '-c', 'while :; do :; done']);
  const ofOthers = () => {
    const { user, system } = process.cpuUsage();
    return (cpuSecondsOfTree(process.pid) ?? 0) - (user + system) / 1e6;
  };
  const before = ofOthers();
  const lean = startLean({ file, args, env: { PATH: process.env.PATH ?? '' } });
  const burnt = () => cpuSecondsOfTree(lean.pid ?? 0) ?? 1;
  await vi.waitFor(() => expect(burnt()).toBeGreaterThan(0.5), { timeout: 60_000 });
  lean.kill();
  await lean.exited;
  expect(ofOthers() - before).toBeGreaterThan(0.4);
});
