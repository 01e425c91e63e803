/** A whole round in Isabelle's language: the real steps, ledger, prompts and checker, on the double. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/index.ts';
import { openLedger } from '../../src/ledger/index.ts';
import type { Completion, SampleRequest } from '../../src/policy/policy.ts';
import { loadPrompts } from '../../src/prompts/prompts.ts';
import { problemsOf, readProblems } from '../../src/selfplay/problems/problems.ts';
import { protect } from '../../src/selfplay/problems/protection.ts';
import { plantSeeds } from '../../src/selfplay/problems/seeds.ts';
import { withTypes } from '../../src/selfplay/problems/typing.ts';
import { playBaseline, playRound } from '../../src/selfplay/round.ts';
import type { Run } from '../../src/selfplay/run.ts';
import { checkerOf, doubleTool } from '../checkers/isabelle/tool.ts';
import { FakePolicy } from './fakes.ts';

const ADD_ZERO = 'theorem t: "(n::nat) + 0 = n"';
const COMMUTES = 'theorem t: "a + b = b + (a::nat)"';
const REVERSED = 'theorem t: "rev (rev xs) = xs"';
const PROPOSED = [
  ': "a + b = b + (a::nat)"',
  ': "nonsense"',
  ': "rev (rev xs) = xs" by simp',
  ': "(n::nat) + 0 = n"',
];

/** Proposes four statements, one of them held out and one a training problem, and proves one time in four. */
class IsabellePolicy extends FakePolicy {
  override async *sample(requests: readonly SampleRequest[]): AsyncGenerator<Completion> {
    for (const request of requests)
      for (let index = 0; index < request.n; index++) {
        const text = request.prompt.includes('<conjecture>')
          ? (PROPOSED[index % PROPOSED.length] ?? '')
          : index % 4 === 0
            ? 'by simp'
            : index % 4 === 1
              ? 'sorry'
              : `by (rule r${index})`;
        const tokens = [...text].map((c) => c.charCodeAt(0));
        const logprobs = tokens.map(() => -0.5);
        const { version: policyVersion } = this;
        yield {
          id: request.id,
          index,
          text,
          promptTokens: [1],
          tokens,
          logprobs,
          finish: 'stop',
          policyVersion,
        };
      }
  }
}

function problemFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'lakatos-isabelle-set-'));
  const line = (name: string, statement: string) =>
    `${JSON.stringify({ name, statement, language: 'isabelle', header: 'imports Main' })}\n`;
  writeFileSync(
    join(dir, 'train.jsonl'),
    line('Nat.add_0_right', ADD_ZERO) + line('other', 'lemma u: "x = y"'),
  );
  writeFileSync(join(dir, 'heldout.jsonl'), line('List.rev_rev_ident', REVERSED));
  return dir;
}

test('a self-play round runs with language = "isabelle"', async () => {
  const { config } = loadConfig({
    overrides: [
      'data.language="isabelle"',
      `data.path=${JSON.stringify(problemFolder())}`,
      'propose.conjectures=6',
      'data.trainProblems=2',
      'evaluate.problems=1',
      'evaluate.samples=4',
      'evaluate.k=[1,4]',
      'select.eleganceQuantile=0.0',
      'select.requireLemma=false',
      'learn.batchRows=8',
    ],
  });
  const dir = mkdtempSync(join(tmpdir(), 'lakatos-isabelle-run-'));
  const checker = checkerOf(doubleTool().tool, { tier: 'strict' });
  const ledger = openLedger(join(dir, 'ledger.sqlite'));
  try {
    const startProgress = () => ({ advance() {}, expect() {}, end() {} });
    const signal = new AbortController().signal;
    const parts = { checker, startProgress, signal, say: () => {} };
    const set = readProblems(config.data);
    const typed = await withTypes(set.problems, set.toolchain, ledger, parts);
    const problems = await protect(problemsOf(typed, config.data), [], parts);
    const { toolchain } = checker;
    const common = { versions: {}, startedAt: 0, seed: 1, toolchain };
    ledger.run.begin({ id: 'isabelle', config: JSON.stringify(config), ...common });
    ledger.policies.insert({
      version: 'initial',
      parent: null,
      bundleHash: null,
      path: 'fake:',
      createdAt: -1,
    });
    const seed = { name: 'Nat.add_0_right', proof: 'by simp', premises: [], ms: 1 };
    plantSeeds(ledger, 'isabelle', problems.train, [seed], toolchain);
    const run: Run = {
      dir,
      config,
      ledger,
      checker,
      policy: new IsabellePolicy('initial'),
      openPolicy: async () => new IsabellePolicy('initial'),
      openRewardModel: () => Promise.reject(new Error('no reward model')),
      replacePolicy: () => Promise.reject(new Error('no refresh')),
      prompts: loadPrompts('prompts/compact.toml', 'isabelle'),
      problems,
      startProgress,
      say: () => {},
      signal,
      now: () => 0,
      peakMemory: () => null,
      cpuSeconds: () => null,
      gpus: 0,
    };
    await playBaseline(run);
    await playRound(run, 1);

    const screened = ledger.conjectures.screenings(1).map(({ outcome, parsed }) => `${outcome} ${parsed}`);
    expect(new Set(screened)).toEqual(
      new Set([
        `kept ${COMMUTES}`,
        `duplicate ${COMMUTES}`,
        'ill-formed theorem t: "nonsense"',
        `held-out ${REVERSED}`,
        `known ${ADD_ZERO}`, // the folder gives no types; the checker was asked for them
      ]),
    );
    const groups = [...ledger.attempts.judgedGroups({ round: 1, purpose: 'prove' })];
    const ids = groups.flatMap(({ attempts }) => attempts.map(({ id }) => id));
    const verdicts = ids.map((id) => `${ledger.attempts.get(id)?.text} ${ledger.verdicts.get(id)?.verdict}`);
    expect(verdicts).toContain('by simp proved');
    expect(verdicts).toContain('sorry forbidden');
    expect(verdicts).toContain('by (rule r2) rejected');
    expect(ledger.selections.list(1).map(({ outcome }) => outcome)).toEqual(['selected']);
    expect(ledger.rounds.list().at(-1)?.policyOut).not.toBe('initial');
    expect(ledger.steps.isDone(1, 'report')).toBe(true);
  } finally {
    ledger.close();
    await checker.close();
  }
}, 120_000);
