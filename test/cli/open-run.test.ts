/** What a run has in its ledger before its first round: no proof that nobody judged. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openRun } from '../../src/cli/open-run.ts';
import { loadConfig } from '../../src/config/index.ts';
import { Terminal } from '../../src/ops/terminal.ts';
import { doubleTool } from '../checkers/isabelle/tool.ts';

const folder = () => mkdtempSync(join(tmpdir(), 'lakatos-open-run-'));
const lines = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

/** The seed attempts and their verdicts, and what was said, of a run on these problems. */
async function begun(dataPath: string, seedProofs?: string) {
  const { config } = loadConfig({
    overrides: [
      'data.language="isabelle"',
      `data.path=${JSON.stringify(dataPath)}`,
      ...(seedProofs === undefined ? [] : [`data.seedProofs=${JSON.stringify(seedProofs)}`]),
      `checker.isabelle.path=${JSON.stringify(doubleTool().tool)}`,
      'policy.uri="portfolio:single"',
    ],
  });
  const said: string[] = [];
  const terminal = new Terminal({ isTTY: false, write: (text: string) => said.push(text) > 0 });
  const { signal } = new AbortController();
  const opened = await openRun({ config, dir: folder(), terminal, signal, onLost: () => {} });
  try {
    const { ledger } = opened.run;
    const texts = opened.run.problems.train.map((p) => p.text);
    const seeds = [...ledger.attempts.judgedGroups({ round: 0, purpose: 'seed' })].flatMap((g) => g.attempts);
    const verdicts = seeds.map(({ id }) => {
      const { verdict, premises, toolchain } = ledger.verdicts.get(id) ?? {};
      return { id, verdict, premises, toolchain };
    });
    return { texts, verdicts, said: said.join('') };
  } finally {
    await opened.close();
  }
}

test('Lean’s seed proofs are not planted under Isabelle problems of the same names', async () => {
  const dir = folder();
  const row = { name: 'List.append_assoc', statement: 'theorem t: "x = y"', language: 'isabelle' };
  writeFileSync(join(dir, 'train.jsonl'), lines([row]));
  expect((await begun(dir)).verdicts).toEqual([]);
}, 300_000);

test('seed proofs of one’s own are planted when the run’s checker proves them, and the others are named', async () => {
  const [dir, seeds] = [folder(), folder()];
  mkdirSync(join(dir, 'train'));
  const theory = (name: string, text: string) =>
    writeFileSync(
      join(dir, 'train', `${name}.thy`),
      `theory ${name} imports Main begin theorem ${name}: "${text}" sorry end`,
    );
  theory('zero', '(n::nat) + 0 = n');
  theory('other', 'x = y');
  const isabelle = { language: 'isabelle' };
  writeFileSync(
    join(seeds, 'portfolio.jsonl'),
    lines([
      { name: 'zero', proof: 'by simp', ...isabelle },
      { name: 'zero', proof: 'by auto', kind: 'closer', ...isabelle },
      { name: 'other', proof: 'by simp', ...isabelle },
      { name: 'zero', proof: 'by (rule add_0_right)', language: 'lean' },
      { name: 'nowhere', proof: 'by simp', ...isabelle },
    ]),
  );
  const { texts, verdicts, said } = await begun(dir, seeds);
  expect(texts).toEqual(['theorem other: "x = y"', 'theorem zero: "(n::nat) + 0 = n"']);
  const proved = { verdict: 'proved', premises: ['Nat.add_0_right'], toolchain: 'Isabelle2024 (HOL)' };
  expect(verdicts.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual([
    { id: 'seed/zero/by auto', ...proved },
    { id: 'seed/zero/by simp', ...proved },
  ]);
  expect(said).toMatch(
    /1 of 3 seed proofs are not proved by Isabelle2024 \(HOL\) and are left out; the first, other: rejected, Failed to apply/,
  );
}, 300_000);

test('a folder with no problems to train on is refused, and the setting says what it may hold', async () => {
  await expect(begun(folder())).rejects.toThrow(
    /^data\.path: expected train\.jsonl, or a folder train of \.thy files, with the problems to train on in .*, found none\.$/,
  );
}, 300_000);
