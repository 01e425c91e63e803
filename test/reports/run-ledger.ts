/** A small but whole run in a real ledger, with the plain facts it was made from, to recompute figures from. */

import type { VerdictKind } from '../../src/checkers/checker.ts';
import {
  type AttemptRecord,
  openLedger,
  type Purpose,
  type StatementRecord,
} from '../../src/ledger/index.ts';
import { randomFrom } from '../../src/ops/seeds.ts';

export interface Fact {
  readonly id: string;
  readonly round: number;
  readonly purpose: Purpose;
  readonly statementId: string;
  readonly verdict: VerdictKind;
  readonly text: string;
  readonly axioms: readonly string[];
}

export const SAMPLES = 4;
export const ORIGIN = {
  tokenizer: 'abcdef123456',
  prompts: '0123456789ab',
  machine: { cpu: 'a cpu', cores: 3, memoryBytes: 5e9, system: 'test' },
  dataset: { train: '0011223344556677', heldout: '8899aabbccddeeff' },
};
const POLICIES = ['aaaaaaaaaaaa', 'bbbbbbbbbbbb'] as const;
const SAMPLER = { temperature: 1, topP: 1, topK: 0, maxTokens: 64 };
const CONFIG = {
  data: { dataset: 'lean-core', trainSplit: 'train', heldoutSplit: 'heldout' },
  learn: { objective: 'oreal-repo' },
};

const problem = (id: string, split: string): StatementRecord => ({
  id,
  language: 'lean',
  header: '',
  text: `theorem ${id} (a b : Nat) (h : a < b) : a ≤ b${split === 'train' ? '' : ' + 1'}`,
  forbidden: [],
  source: 'dataset',
  dataset: 'lean-core',
  split,
  name: `Nat.${id}`,
});

const conjecture = (id: string): StatementRecord => ({
  id,
  language: 'lean',
  header: '',
  text: `theorem conj : ${id}`,
  forbidden: [],
  source: 'conjecture',
  typeHash: id,
  constants: [],
  round: 1,
  seedId: 'train0',
  seedProof: 'by simp',
  lemmaName: 'Nat.le_of_lt',
  lemmaText: 'theorem t : a < b → a ≤ b',
});

/** Verdicts by hand where the figure needs a certain one, by dice elsewhere. */
function facts(): readonly Fact[] {
  const random = randomFrom(5);
  const rolled = (rate: number): VerdictKind =>
    random() < rate ? 'proved' : random() < 0.8 ? 'rejected' : random() < 0.5 ? 'forbidden' : 'timeout';
  const group = (round: number, purpose: Purpose, statementId: string, verdicts: readonly VerdictKind[]) =>
    verdicts.map((verdict, i): Fact => {
      const id = `${round}/${purpose}/${statementId}/${i}`;
      const text = `by tactic${'!'.repeat(Math.floor(random() * 20))}`;
      return { id, round, purpose, statementId, verdict, text, axioms: random() < 0.5 ? ['propext'] : [] };
    });
  const roll = (rate: number) => Array.from({ length: SAMPLES }, () => rolled(rate));
  return [
    ...group(0, 'seed', 'train0', ['proved']),
    ...range(12).flatMap((i) => group(0, 'evaluate', `held${i}`, roll(i / 20))),
    ...range(6).flatMap((i) =>
      group(1, 'prove', `train${i}`, i === 0 ? ['proved', 'proved', 'rejected', 'fault'] : roll(i / 8)),
    ),
    ...group(1, 'prove', 'conj-barely', ['proved', 'rejected', 'rejected', 'rejected']),
    ...group(1, 'prove', 'conj-easy', ['proved', 'proved', 'proved', 'proved']),
    ...group(1, 'prove', 'conj-hard', ['rejected', 'timeout', 'rejected', 'rejected']),
    ...range(12).flatMap((i) => group(1, 'evaluate', `held${i}`, roll(i / 14))),
  ];
}

export function smallRun(path: string) {
  let clock = Date.UTC(2026, 10, 23, 17, 0, 0);
  const ledger = openLedger(path, { now: () => clock });
  const made = facts();
  const play = (round: number, step: string, seconds: number, work: () => void = () => {}) => {
    ledger.steps.begin(round, step);
    work();
    clock += seconds * 1000;
    ledger.steps.finish(round, step);
  };
  const store = (round: number, purpose: Purpose) => {
    const some = made.filter((f) => f.round === round && f.purpose === purpose);
    ledger.attempts.insert(some.map(attemptRecord));
    ledger.verdicts.insert(
      some.map((f) => ({
        ...f,
        reason: reasonOf(f),
        premises: [],
        ms: 100,
        toolchain: 'lean',
        judgedAt: clock,
      })),
    );
  };
  ledger.run.begin({
    id: 'small-run',
    config: JSON.stringify(CONFIG),
    seed: 1,
    toolchain: 'lean 4',
    versions: { node: '24' },
    startedAt: clock,
  });
  ledger.statements.insert([
    ...range(6).map((i) => problem(`train${i}`, 'train')),
    ...range(12).map((i) => problem(`held${i}`, 'heldout')),
    ...['conj-barely', 'conj-easy', 'conj-hard'].map(conjecture),
  ]);
  ledger.policies.insert({
    version: POLICIES[0],
    parent: null,
    bundleHash: null,
    path: 'onnx:models/seed',
    createdAt: clock,
  });

  ledger.rounds.begin(0, POLICIES[0]);
  store(0, 'seed');
  play(0, 'evaluate', 20, () => store(0, 'evaluate'));

  ledger.rounds.begin(1, POLICIES[0]);
  play(1, 'propose', 5, () => propose(ledger));
  play(1, 'prove', 10);
  play(1, 'judge', 30, () => store(1, 'prove'));
  play(1, 'select', 1, () => ledger.selections.insert(SELECTIONS));
  play(1, 'learn', 14, () => learn(ledger, clock));
  play(1, 'evaluate', 20, () => store(1, 'evaluate'));
  ledger.facts.set('origin', ORIGIN);
  ledger.facts.set('protection', { sets: ['minif2f:test:x.jsonl'], dropped: 2 });
  ledger.facts.set('refused.1', 'update refused: loss NaN');
  ledger.facts.set('note.1.learn', 'nothing to learn from');
  ledger.facts.set('alarm.1', ['lemmas narrowed', { watch: 'duplicateShare', rose: 0.2 }]);
  ledger.metrics.set(0, {
    'cpu.evaluate': 31,
    'sample.tokens': 1000,
    'sample.seconds': 2,
    'judge.verdicts': 48,
    'judge.seconds': 8,
  });
  ledger.metrics.set(1, {
    'sample.tokens': 3000,
    'sample.seconds': 6,
    'judge.verdicts': 84,
    'judge.seconds': 16,
    'overlap.seconds': 40,
    'overlap.samplingSeconds': 8,
    'overlap.judgingSeconds': 39,
    'cpu.propose': 7,
    'cpu.judge': 55,
    'cpu.evaluate': 35,
    'gpu.learn': 28,
    'watch.conclusionChars': 31.5,
    'watch.passRateHistogram.to 1/4': 0.25,
    'watch.passRateHistogram.1': 0.75,
  });
  return { ledger, facts: made };
}

type Ledger = ReturnType<typeof openLedger>;

const SCREENED = [
  'kept',
  'kept',
  'kept',
  'unparsed',
  'ill-formed',
  'ill-formed',
  'refuted',
  'trivial',
] as const;
const KEPT = ['conj-barely', 'conj-easy', 'conj-hard'] as const;

function propose(ledger: Ledger): void {
  const sample = {
    round: 1,
    policyVersion: POLICIES[0],
    prompt: 'write',
    promptTokens: [1],
    tokens: [2, 3],
    logprobs: [-1, -1],
    sampler: SAMPLER,
    seed: 9,
  };
  const origin = { seedId: 'train0', seedProof: 'by simp', lemmaName: 'Nat.le_of_lt', lemmaText: '' };
  const ids = SCREENED.map((_, i) => `propose/${i}`);
  ledger.conjectures.insert(ids.map((id) => ({ ...sample, ...origin, id, text: id, finish: 'stop' })));
  ledger.conjectures.insertScreenings(
    SCREENED.map((outcome, i) => ({
      conjectureId: `propose/${i}`,
      outcome,
      detail: '',
      parsed: '',
      statementId: KEPT[i] ?? null,
      typeHash: null,
    })),
  );
}

const KEPT_WHOLE = { weight: 1, relabelled: false } as const;
const NOT_KEPT = { weight: 0, relabelled: false } as const;
const SELECTIONS = [
  {
    round: 1,
    statementId: 'conj-barely',
    outcome: 'selected',
    proved: 1,
    judged: 4,
    elegance: 0.5,
    ...KEPT_WHOLE,
  },
  {
    round: 1,
    statementId: 'conj-easy',
    outcome: 'too-easy',
    proved: 4,
    judged: 4,
    elegance: 0.5,
    ...NOT_KEPT,
  },
  {
    round: 1,
    statementId: 'conj-hard',
    outcome: 'unproved',
    proved: 0,
    judged: 4,
    elegance: null,
    ...NOT_KEPT,
  },
] as const;

function learn(ledger: Ledger, createdAt: number): void {
  const weight = { bundleHash: 'b1', objective: 'oreal-repo', c: 1, k: 4, weight: 1 };
  ledger.bundles.insert({ hash: 'b1', round: 1, rows: 4, tokens: 40, path: '' }, [
    { ...weight, role: 'prover', sampleId: 'x', reward: 1 },
    { ...weight, role: 'prover', sampleId: 'y', reward: 0 },
    { ...weight, role: 'prover', sampleId: 'z', reward: 0 },
    { ...weight, role: 'conjecturer', sampleId: 'propose/0', reward: null },
  ]);
  ledger.policies.insert({
    version: POLICIES[1],
    parent: POLICIES[0],
    bundleHash: 'b1',
    path: 'policies/b',
    createdAt,
  });
  ledger.rounds.setPolicyOut(1, POLICIES[1]);
  ledger.metrics.set(1, {
    'learn.tokens': 400,
    'learn.seconds': 8,
    'learn.steps': 10,
    'learn.firstLoss': 2,
    'learn.lastLoss': 1,
    'learn.loss.2': 1,
    'learn.loss.10': 0.5,
    'learn.loss.1': 2,
    'process.peakRssBytes': 2 ** 31,
  });
}

function attemptRecord({ id, round, purpose, statementId, text }: Fact): AttemptRecord {
  return {
    id,
    round,
    purpose,
    statementId,
    text,
    index: Number(id.split('/').at(-1)),
    policyVersion: round === 1 && purpose === 'evaluate' ? POLICIES[1] : POLICIES[0],
    prompt: `prove ${statementId}`,
    promptTokens: [1, 2],
    tokens: [3, 4, 5],
    logprobs: [-1, -1, -1],
    finish: 'stop',
    sampler: SAMPLER,
    seed: 7,
  };
}

const reasonOf = ({ verdict, statementId }: Fact) =>
  verdict === 'proved'
    ? 'proved'
    : `${verdict}: unknown identifier \`${statementId}\` at line ${statementId.length}\nand more`;

const range = (n: number) => Array.from({ length: n }, (_, i) => i);
