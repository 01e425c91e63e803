/** What two played rounds leave in the ledger: which prompts, from which policy, and learned or not. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { settingsOfArm } from '../../src/config/arms.ts';
import { loadConfig } from '../../src/config/index.ts';
import { readBundle } from '../../src/policy/bundle-file.ts';
import type { Completion, SampleRequest } from '../../src/policy/policy.ts';
import { plantSeeds } from '../../src/selfplay/problems/seeds.ts';
import { playBaseline, playRound } from '../../src/selfplay/round.ts';
import type { Run } from '../../src/selfplay/run.ts';
import type { Statement } from '../../src/statements/statement.ts';
import { OVERRIDES, openFakeRun } from './fake-run.ts';
import { FakePolicy } from './fakes.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-loop-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function open(overrides: readonly string[], policy?: FakePolicy): Run {
  const { config } = loadConfig({ overrides: [...OVERRIDES, ...overrides] });
  return openFakeRun(mkdtempSync(join(root, 'run-')), config, undefined, undefined, policy);
}

async function play(run: Run): Promise<void> {
  await playBaseline(run);
  for (const round of [1, 2]) await playRound(run, round);
}

/** Its prompt tokens are the prompt, letter by letter. */
class SpellingPolicy extends FakePolicy {
  override async *sample(requests: readonly SampleRequest[]): AsyncGenerator<Completion> {
    const prompts = new Map(requests.map((r) => [r.id, spelled(r.prompt)]));
    for await (const c of super.sample(requests)) yield { ...c, promptTokens: prompts.get(c.id) ?? [] };
  }
}
const spelled = (text: string) => [...text].map((c) => c.codePointAt(0) ?? 0);

test('what is sampled from and what is learned after are the one renderer’s prompts, header and all', async () => {
  const plain = open([], new SpellingPolicy('initial'));
  const withHeader = <T extends Statement>(p: T): T => ({ ...p, id: `open:${p.id}`, header: 'open Nat\n' });
  const [train, heldout] = [plain.problems.train.map(withHeader), plain.problems.heldout.map(withHeader)];
  const run: Run = { ...plain, problems: { ...plain.problems, train, heldout } };
  const seeds = train.slice(0, 8).map((p) => ({ name: p.name, proof: 'simp', premises: ['a1'], ms: 1 }));
  plantSeeds(run.ledger, 'test', train, seeds, 'fake');
  await play(run);

  const { ledger, prompts } = run;
  const statement = (id: string): Statement => {
    const found = ledger.statements.get(id);
    expect(found?.header).toBe('open Nat\n');
    return found ?? expect.fail(id);
  };
  const rendered = new Map<string, string>();
  for (const round of [1, 2]) {
    for (const c of ledger.conjectures.list(round)) {
      const input = { seed: statement(c.seedId), seedProof: c.seedProof, lemma: c.lemmaText };
      rendered.set(c.id, prompts.conjecturer(input));
      expect(c.prompt).toBe(rendered.get(c.id));
    }
    for (const purpose of ['prove', 'evaluate'] as const)
      for (const { statementId, attempts } of ledger.attempts.judgedGroups({ round, purpose }))
        for (const attempt of attempts) {
          rendered.set(attempt.id, prompts.prover(statement(statementId)));
          expect(attempt.prompt).toBe(rendered.get(attempt.id));
        }
  }
  const rows = ledger.bundles.list().flatMap(({ path }) => readBundle(join(run.dir, path)).steps.flat());
  expect(new Set(rows.map(({ id }) => id.split('/')[0]))).toEqual(new Set(['propose', 'prove']));
  for (const { id, promptTokens } of rows) expect(promptTokens).toEqual(spelled(rendered.get(id) ?? ''));
  ledger.close();
});

test('the arm that only samples plays its rounds with the first policy, and learns nothing', async () => {
  const run = open(settingsOfArm('sampling'));
  await play(run);
  const { ledger } = run;
  expect(ledger.rounds.list().map((r) => [r.policyIn, r.policyOut])).toEqual([
    ['initial', null],
    ['initial', 'initial'],
    ['initial', 'initial'],
  ]);
  expect(ledger.bundles.list()).toEqual([]);
  expect(ledger.policies.list()).toHaveLength(1);
  for (const round of [1, 2])
    for (const purpose of ['prove', 'evaluate'] as const) {
      const groups = [...ledger.attempts.judgedGroups({ round, purpose })];
      const policies = groups.flatMap(({ attempts }) => attempts.map((a) => a.policyVersion));
      expect(new Set(policies)).toEqual(new Set(['initial']));
    }
  expect(ledger.steps.isDone(2, 'report')).toBe(true);
  ledger.close();
});

test('a frozen conjecturer’s conjectures carry the first policy’s version, the proofs that of the latest', async () => {
  const run = open(['propose.policy=first']);
  await play(run);
  const learned = run.ledger.rounds.list()[1]?.policyOut ?? '';
  expect(learned).not.toBe('initial');
  const { policyVersion } = [...run.ledger.attempts.judgedGroups({ round: 2, purpose: 'prove' })][0]
    ?.attempts[0] ?? { policyVersion: '' };
  expect(policyVersion).toBe(learned);
  const conjectures = run.ledger.conjectures.list(2);
  expect(conjectures.length).toBeGreaterThan(0);
  expect(new Set(conjectures.map((c) => c.policyVersion))).toEqual(new Set(['initial']));
  run.ledger.close();
});
