/** A run of the fakes on twenty made-up problems, on disk, for tests of what rounds leave in the ledger. */
import { join } from 'node:path';
import type { Config } from '../../src/config/index.ts';
import { openLedger } from '../../src/ledger/index.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { loadPrompts } from '../../src/prompts/prompts.ts';
import { plantSeeds } from '../../src/selfplay/problems/seeds.ts';
import type { Run } from '../../src/selfplay/run.ts';
import { currentPolicy } from '../../src/selfplay/versions.ts';
import type { Problem } from '../../src/statements/statement.ts';
import { FakeChecker, FakePolicy, FakeRewardModel, type OnAnswer } from './fakes.ts';

/** A run small enough to play in a second. */
export const OVERRIDES = [
  'propose.conjectures=12',
  'prove.samples=8',
  'data.trainProblems=6',
  'evaluate.problems=4',
  'evaluate.samples=4',
  'evaluate.k=[1,4]',
  'select.eleganceQuantile=0.0',
  'learn.batchRows=8',
];
const problem = (name: string, split: string): Problem => ({
  id: `p:${name}`,
  name,
  split,
  language: 'lean',
  header: '',
  text: `theorem t (m : Nat) : m = ${name}`,
  forbidden: [],
  typeHash: name.padStart(16, '0'),
  constants: [],
});
export const train = Array.from({ length: 20 }, (_, i) => problem(`a${i}`, 'train'));
const heldout = Array.from({ length: 8 }, (_, i) => problem(`h${i}`, 'heldout'));

/** Opens that folder's run, new or begun before: nothing in it but what its ledger holds, and the policy if given. */
export function openFakeRun(
  dir: string,
  config: Config,
  onAnswer: OnAnswer = () => {},
  signal = new AbortController().signal,
  given?: Policy,
): Run {
  const ledger = openLedger(join(dir, 'ledger.sqlite'), { now: () => 0 });
  ledger.run.begin({
    id: 'test',
    config: JSON.stringify(config),
    seed: 1,
    toolchain: 'fake',
    versions: {},
    startedAt: 0,
  });
  const latest = currentPolicy(ledger);
  let policy: Policy =
    given ??
    (latest === undefined || latest.parent === null
      ? new FakePolicy('initial', onAnswer)
      : FakePolicy.load(join(dir, latest.path), onAnswer));
  if (latest === undefined)
    ledger.policies.insert({
      version: policy.version,
      parent: null,
      bundleHash: null,
      path: 'fake:',
      createdAt: -1,
    });
  const seeds = train.slice(0, 8).map((p) => ({ name: p.name, proof: 'rfl', premises: ['a0', 'a1'], ms: 1 }));
  plantSeeds(ledger, 'test', train, seeds, 'fake');
  const run: Run = {
    dir,
    config,
    ledger,
    checker: new FakeChecker(onAnswer),
    get policy() {
      return policy;
    },
    openPolicy: async () => new FakePolicy('initial', onAnswer),
    openRewardModel: async (path) =>
      path === 'fake:'
        ? new FakeRewardModel('fresh', onAnswer)
        : FakeRewardModel.load(join(dir, path), onAnswer),
    replacePolicy: async (path) => {
      policy = FakePolicy.load(join(dir, path), onAnswer);
    },
    prompts: loadPrompts('prompts/compact.toml'),
    problems: {
      train,
      heldout,
      idsByTypeHash: new Map([...train, ...heldout].map((p) => [p.typeHash ?? '', p.id])),
      testHashes: new Set(heldout.map((p) => p.typeHash ?? '')),
      lemmas: new Map(train.map((p) => [p.name, p.text])),
    },
    startProgress: () => ({ advance() {}, expect() {}, end() {} }),
    say: () => {},
    signal,
    now: () => 0,
    peakMemory: () => null,
    cpuSeconds: () => null,
    gpus: 0,
  };
  return run;
}
