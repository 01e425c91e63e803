/** Who gets a second stage of attempts, as rounds play it; the rule itself: staging.test.ts. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Attempt, Source, Verdict } from '../../src/checkers/checker.ts';
import { loadConfig } from '../../src/config/index.ts';
import { judge } from '../../src/selfplay/judge.ts';
import { prove, stageRules } from '../../src/selfplay/prove.ts';
import { goesOn } from '../../src/selfplay/proving/staging.ts';
import { playRound } from '../../src/selfplay/round.ts';
import type { Run } from '../../src/selfplay/run.ts';
import { OVERRIDES, openFakeRun } from './fake-run.ts';
import { FakeChecker } from './fakes.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-prove-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const STAGES = ['prove.samples=2', 'prove.maxSamples=4', 'data.trainProblems=20'];

function openRun(): Run {
  const { config } = loadConfig({ overrides: [...OVERRIDES, ...STAGES] });
  const run = openFakeRun(mkdtempSync(join(root, 'run-')), config);
  run.ledger.rounds.begin(1, 'initial');
  return run;
}

/** Fails the first time it is asked about the first attempt at a statement. */
class Failing extends FakeChecker {
  readonly #failed = new Set<string>();
  override async *judge(attempts: Source<Attempt>): AsyncGenerator<Verdict> {
    for await (const verdict of super.judge(attempts)) {
      const fails = verdict.id.endsWith('/0') && !this.#failed.has(verdict.id);
      this.#failed.add(verdict.id);
      yield fails ? { ...verdict, verdict: 'fault', reason: 'fault: the judge died' } : verdict;
    }
  }
}

/** By statement: what the first stage came to, and how many attempts there are. */
function tried(run: Run) {
  const set = { round: 1, purpose: 'prove' } as const;
  const first = new Map(run.ledger.verdicts.passRates({ ...set, below: 2 }).map((r) => [r.statementId, r]));
  return [...run.ledger.attempts.judgedGroups(set)].map(({ statementId, attempts }) => {
    const { proved = 0, judged = 0 } = first.get(statementId) ?? {};
    return { statementId, proved, judged, attempts: attempts.map((a) => `${a.index} ${a.verdict}`) };
  });
}

test('a round gives each statement the second stage that the rule gives it, and no other more than the first', async () => {
  const run = openRun();
  await playRound(run, 1);
  const statements = tried(run);
  expect(statements.some(({ statementId }) => statementId.startsWith('conjecture:'))).toBe(true);
  for (const { proved, judged, attempts } of statements)
    expect(attempts).toHaveLength(goesOn(proved, judged, stageRules(run)) ? 4 : 2);
  expect(new Set(statements.map(({ attempts }) => attempts.length))).toEqual(new Set([2, 4]));
  run.ledger.close();
});

test('what the checker failed on is asked once more before the second stage is decided; played again, the step changes nothing', async () => {
  const run = { ...openRun(), checker: new Failing() };
  await prove(run, 1);
  const statements = tried(run);
  for (const { proved, judged, attempts } of statements) {
    expect(judged).toBe(2);
    expect(attempts).toHaveLength(goesOn(proved, judged, stageRules(run)) ? 4 : 2);
  }
  await prove(run, 1);
  await judge(run, 1);
  expect(tried(run)).toEqual(statements);
  run.ledger.close();
});

test('a fault of the first stage that stays is not asked about again once it has decided', async () => {
  const run = openRun();
  class Broken extends FakeChecker {
    override async *judge(attempts: Source<Attempt>): AsyncGenerator<Verdict> {
      for await (const v of super.judge(attempts))
        yield v.id.endsWith('/0') ? { ...v, verdict: 'fault', reason: 'fault: the judge died' } : v;
    }
  }
  await prove({ ...run, checker: new Broken() }, 1);
  const statements = tried(run);
  expect(new Set(statements.map(({ judged }) => judged))).toEqual(new Set([1]));
  await prove(run, 1); // resumed with a checker that is well
  await judge(run, 1);
  expect(tried(run)).toEqual(statements);
  run.ledger.close();
});
