/** The select step on a real ledger, with the fakes: what it reads, what it leaves, and what it says when nothing is left. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/index.ts';
import { UsageError } from '../../src/ops/errors.ts';
import { openPortfolio } from '../../src/policy/portfolio.ts';
import { judge } from '../../src/selfplay/judge.ts';
import { conjectureExamples } from '../../src/selfplay/learning/conjecturing.ts';
import { propose } from '../../src/selfplay/propose.ts';
import { prove, stageRules } from '../../src/selfplay/prove.ts';
import type { Run } from '../../src/selfplay/run.ts';
import { screen } from '../../src/selfplay/screen.ts';
import { select } from '../../src/selfplay/select.ts';
import { requireEmbeddings } from '../../src/selfplay/selection/embedding.ts';
import { archiveBefore, candidatesOf, unprovedProblems } from '../../src/selfplay/selection/pool.ts';
import { withRelabelledPrompts } from '../../src/selfplay/selection/relabel.ts';
import { OVERRIDES, openFakeRun } from './fake-run.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-select-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A run played up to its first selection. */
async function upToSelect(...overrides: readonly string[]): Promise<{ run: Run; said: string[] }> {
  const { config } = loadConfig({ overrides: [...OVERRIDES, ...overrides] });
  const said: string[] = [];
  const opened = openFakeRun(mkdtempSync(join(root, 'run-')), config);
  const run: Run = { ...opened, say: (message) => said.push(message) };
  run.ledger.rounds.begin(1, 'initial');
  for (const step of [propose, screen, prove, judge]) (await step(run, 1))();
  return { run, said };
}

test('matching leaves weights, and the embeddings it compared: of proved conjectures and unproved problems', async () => {
  const { run } = await upToSelect(
    'select.strategy=matching',
    'select.window.high=0.9',
    'select.requireLemma=false',
  );
  (await select(run, 1))();
  const selections = run.ledger.selections.list(1);
  const kept = selections.filter((s) => s.outcome === 'selected');
  expect(kept.length).toBeGreaterThan(0);
  const metrics = run.ledger.metrics.get(1);
  expect(metrics['select.weight']).toBe(kept.reduce((sum, s) => sum + s.weight, 0));
  const unproved = unprovedProblems(run.ledger, 1, {}).map((p) => p.statementId);
  expect(unproved.length).toBe(metrics['select.targets']);
  expect(new Set(run.ledger.embeddings.ofRound(1).keys())).toEqual(
    new Set([...selections.filter((s) => s.proved > 0).map((s) => s.statementId), ...unproved]),
  );
  run.ledger.close();
});

test('a problem proved in this round or before is no target; the longest matching start of an id gives the votes', async () => {
  const { run } = await upToSelect();
  const proved = new Set(run.ledger.proofs.shortest().map((p) => p.statementId));
  const targets = unprovedProblems(run.ledger, 1, { 'p:': 2, 'p:a1': 3 });
  expect(targets.filter((t) => proved.has(t.statementId))).toEqual([]);
  for (const { statementId, votes } of targets) expect(votes).toBe(statementId.startsWith('p:a1') ? 3 : 2);
  expect(targets.length).toBeGreaterThan(0);
  run.ledger.close();
});

test('the archive goes on from the rounds before: what was placed there weighs less when it comes again', async () => {
  const open = ['select.window.high=0.9', 'select.requireLemma=false', 'select.guardedWeight=1'];
  const kinds = ['select.strategy=archive', ...open];
  const { run: fresh } = await upToSelect(...kinds);
  (await select(fresh, 1))();
  const placed = fresh.ledger.selections.list(1).filter((s) => s.outcome === 'selected');
  expect(placed.map((s) => s.weight)).toEqual([1]); // every conjecture of the fake policy is of one kind

  const { run } = await upToSelect(...kinds);
  run.ledger.rounds.begin(0, 'initial');
  run.ledger.selections.insert(placed.map((s) => ({ ...s, round: 0 }))); // untried there, so harder than any
  (await select(run, 1))();
  const again = run.ledger.selections.list(1);
  expect(again.filter((s) => s.outcome === 'selected').map((s) => s.weight)).toEqual([1 / 2]);
  expect(again.filter((s) => s.outcome === 'cell-taken').length).toBeGreaterThan(0);
  for (const { ledger } of [fresh, run]) ledger.close();
});

test('the archive holds the pass rates that selection went by, also where stages make them other than the plain share', async () => {
  const { run } = await upToSelect(
    'select.strategy=archive',
    'select.window.high=0.9',
    'select.requireLemma=false',
    'prove.samples=2',
    'prove.maxSamples=8',
  );
  (await select(run, 1))();
  const stages = stageRules(run);
  const candidates = candidatesOf(run.ledger, 1, stages);
  const elites = [...archiveBefore(run.ledger, 2, stages).values()].map(({ elite }) => elite);
  expect(elites).toHaveLength(1);
  for (const { statementId, passRate } of elites)
    expect(passRate).toBe(candidates.find((c) => c.statementId === statementId)?.passRate);
  expect(archiveBefore(run.ledger, 1, stages).size).toBe(0);
  run.ledger.close();
});

test('with no conjecture tried the round says so, and selects nothing', async () => {
  const { run, said } = await upToSelect('propose.conjectures=0');
  (await select(run, 1))();
  expect(said.at(-1)).toBe('no conjecture was tried: nothing to select from');
  expect(run.ledger.selections.list(1)).toEqual([]);
  expect(run.ledger.metrics.get(1)['select.kept']).toBe(0);
  run.ledger.close();
});

test('a window that no pass rate can lie in is said to be the reason', async () => {
  const { run, said } = await upToSelect('select.window.high=0.1');
  (await select(run, 1))();
  expect(said.at(-1)).toContain('of 8 attempts no pass rate lies above 0 and up to 0.1');
  run.ledger.close();
});

test('a strategy that compares embeddings is refused a policy without any, by the key, before anything is spent', async () => {
  const portfolio = openPortfolio('single');
  await expect(requireEmbeddings(portfolio, 'archive')).resolves.toBeUndefined();
  const refused = await requireEmbeddings(portfolio, 'matching').catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(UsageError);
  expect(refused).toMatchObject({
    keyPath: 'select.strategy',
    message: expect.stringContaining('cannot embed'),
  });
});

test('a relabelled conjecture is learned after the prompt of the same seed with the trivial lemma, others after their own', async () => {
  const { run } = await upToSelect('select.relabelUnused=true', 'select.window.high=0.9');
  (await select(run, 1))();
  const examples = conjectureExamples(run.ledger, 1, 1).filter((e) => e.lemmaName !== '');
  const [first] = examples;
  if (first === undefined) throw new Error('no conjecture has a lemma');
  const changed = { ...first, id: 'changed', selection: { ...first.selection, relabelled: true } };
  const kept = { ...first, selection: { ...first.selection, relabelled: false } };
  const asked: string[] = [];
  const { policy } = run;
  const listening: Run['policy'] = Object.create(policy, {
    sample: {
      async *value(requests: Parameters<typeof policy.sample>[0]) {
        asked.push(...requests.map((r) => r.prompt));
        for (const { id } of requests) yield { id, promptTokens: [7] };
      },
    },
  });
  const after = await withRelabelledPrompts({ ...run, policy: listening }, [changed, kept]);
  expect(after.map((e) => e.promptTokens)).toEqual([[7], first.promptTokens]);
  expect(asked).toEqual([first.prompt.replace(first.lemmaText, 'theorem true : True')]);
  run.ledger.close();
});
