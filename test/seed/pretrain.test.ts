import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Phase, Progress } from '../../src/ops/progress.ts';
import { loadPrompts } from '../../src/prompts/prompts.ts';
import { type PretrainOptions, pretrain } from '../../src/seed/pretrain.ts';
import { temporaryDir } from '../policy/onnx/tiny.ts';

/** The first theorems of the corpus and the proofs of them. */
async function smallData(): Promise<{ corpusDir: string; seedProofsDir: string }> {
  const dir = await temporaryDir();
  const lines = (path: string) => readFileSync(path, 'utf8').trimEnd().split('\n');
  const problems = lines('data/lean-core/train.jsonl').slice(0, 300);
  const names = new Set(problems.map((line) => JSON.parse(line).name));
  const proofs = lines('data/seed-proofs/portfolio.jsonl').filter((line) => names.has(JSON.parse(line).name));
  const [corpusDir, seedProofsDir] = [join(dir, 'corpus'), join(dir, 'proofs')];
  for (const folder of [corpusDir, seedProofsDir]) mkdirSync(folder);
  writeFileSync(join(corpusDir, 'train.jsonl'), `${problems.join('\n')}\n`);
  writeFileSync(join(seedProofsDir, 'portfolio.jsonl'), `${proofs.join('\n')}\n`);
  return { corpusDir, seedProofsDir };
}

const progress =
  (onAdvance: () => void) =>
  (_: Phase): Progress => ({ advance: onAdvance, expect() {}, end() {} });

test('a pretraining cut off and called again ends with the weights of an undisturbed one; asked otherwise it is refused', {
  timeout: 600_000,
}, async () => {
  const dir = await temporaryDir();
  const data = await smallData();
  const options = (name: string): PretrainOptions => ({
    ...data,
    out: join(dir, name),
    work: join(dir, `${name}-work`),
    saveEvery: 2,
    prompts: loadPrompts('prompts/compact.toml'),
    steps: 5,
    batchRows: 3,
    threads: 1,
    seed: 4,
    startProgress: progress(() => {}),
  });
  const whole = await pretrain(options('whole'));

  let steps = 0;
  const killed = progress(() => {
    if (++steps === 3) throw new Error('killed');
  });
  const cut = { ...options('cut'), startProgress: killed };
  await expect(pretrain(cut)).rejects.toThrow('killed');
  expect(existsSync(cut.out)).toBe(false);
  await expect(pretrain({ ...cut, steps: 6 })).rejects.toThrow(
    /--work: .*cut-work holds a pretraining that was asked \{"steps":5,.*this one is asked \{"steps":6,/,
  );
  const phases: Phase[] = [];
  const resumed = await pretrain({
    ...cut,
    startProgress: (phase) => {
      phases.push(phase);
      return progress(() => {})(phase);
    },
  });
  expect(phases[0]?.already).toBe(2);
  expect({ ...resumed, seconds: 0 }).toEqual({ ...whole, seconds: 0 });
  const weights = (name: string) => readFileSync(join(dir, name, 'model.safetensors'));
  expect(weights('cut').equals(weights('whole'))).toBe(true);
  expect(existsSync(cut.work)).toBe(false);
});
