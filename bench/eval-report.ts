/**
 * How long the report of a large evaluation takes, and how much memory: 1,000,000 attempts at 500 problems are planted
 * in a ledger (not measured), then everything an evaluation leaves behind is written from it.
 *
 * Writes bench/results/eval-report.json.
 *
 *   node bench/eval-report.ts [attempts, default 1000000]
 */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import type { AttemptRecord, Ledger, VerdictRecord } from '../src/ledger/index.ts';
import { openLedger } from '../src/ledger/index.ts';
import { randomFrom, randomInt } from '../src/ops/seeds.ts';
import { writeEvalReport } from '../src/reports/index.ts';

const PROBLEMS = 500;
const sampler = { temperature: 1, topP: 1, topK: 0, maxTokens: 96 };

async function main(attempts: number): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'lakatos-bench-'));
  try {
    const ledger = openLedger(join(dir, 'ledger.sqlite'));
    plant(ledger, Math.ceil(attempts / PROBLEMS));
    ledger.close();
    const result = `${JSON.stringify(measure(dir), null, 2)}\n`;
    writeFileSync('bench/results/eval-report.json', result);
    process.stdout.write(result);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function measure(dir: string) {
  const ledger = openLedger(join(dir, 'ledger.sqlite'), { readonly: true });
  const started = performance.now();
  const report = writeEvalReport(ledger, dir);
  const seconds = (performance.now() - started) / 1000;
  ledger.close();
  const bytes = (file: string) => statSync(join(dir, file)).size;
  return {
    command: `node bench/eval-report.ts ${report.attempts}`,
    machine: { cpu: cpus()[0]?.model, cores: cpus().length, memoryBytes: totalmem(), node: process.version },
    attempts: report.attempts,
    problems: report.problems,
    seconds,
    // Of the whole process, planting included.
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    bytes: {
      ledger: bytes('ledger.sqlite'),
      'report.html': bytes('report.html'),
      'report.json': bytes('report.json'),
      'samples.jsonl': bytes('samples.jsonl'),
    },
  };
}

function plant(ledger: Ledger, samples: number): void {
  const settings = {
    kind: 'lakatos.evaluation',
    dataset: { name: 'bench', path: '', split: 'test', fingerprint: '0' },
    profile: 'full',
    policy: { uri: 'onnx:none', version: 'v', tokenizer: null },
    prompts: { style: 'compact', hash: '0' },
    samples,
    k: [1, 8, 32].filter((k) => k <= samples),
    adaptive: false,
    sampler,
    seed: 1,
    checker: {},
    toolchain: 'none',
  };
  const config = JSON.stringify(settings);
  ledger.run.begin({ id: 'bench', config, seed: 1, toolchain: 'none', versions: {}, startedAt: 0 });
  ledger.rounds.begin(0, 'v');
  ledger.steps.begin(0, 'evaluate');
  const names = Array.from({ length: PROBLEMS }, (_, i) => `family${i % 7}_problem_${i}`);
  const problems = names.map((name) => ({
    id: name,
    name,
    hash: name,
    nameless: name,
    family: name.slice(0, 7),
  }));
  const known = { excluded: null, defect: null, typeHashes: [] };
  ledger.facts.set('survey', { problems: problems.map((p) => ({ ...p, ...known })), dropped: [] });
  ledger.statements.insert(
    names.map((name) => ({
      id: name,
      name,
      text: `theorem ${name} (a b c : Nat) (h : a + b = c) : b + a = c`,
      language: 'lean',
      header: '',
      forbidden: [],
      source: 'dataset',
      dataset: 'bench',
      split: 'test',
    })),
  );
  const random = randomFrom(1);
  for (const name of names) {
    ledger.transaction(() => {
      const indices = Array.from({ length: samples }, (_, i) => i);
      ledger.attempts.insert(indices.map((index) => attempt(name, index, randomInt(random, 50))));
      ledger.verdicts.insert(indices.map((index) => verdict(name, index, random())));
    });
  }
  ledger.steps.finish(0, 'evaluate');
}

function attempt(name: string, index: number, variant: number): AttemptRecord {
  const tokens = Array.from({ length: 40 }, (_, i) => i + variant);
  return {
    id: `${name}/${index}`,
    round: 0,
    purpose: 'evaluate',
    statementId: name,
    index,
    policyVersion: 'v',
    prompt: name,
    promptTokens: [1, 2, 3],
    text: `intro h\nsimp_all [Nat.add_comm, lemma_${variant}]\nomega`,
    tokens,
    logprobs: tokens.map(() => -0.5),
    finish: 'stop',
    sampler,
    seed: index,
  };
}

function verdict(name: string, index: number, chance: number): VerdictRecord {
  const proved = chance < 0.1;
  return {
    id: `${name}/${index}`,
    verdict: proved ? 'proved' : 'rejected',
    reason: proved
      ? 'proved'
      : `omega could not prove the goal: a possible counterexample may satisfy ${chance}`,
    axioms: proved ? ['propext', 'Quot.sound'] : [],
    premises: [],
    ms: 20,
    toolchain: 'none',
    judgedAt: 0,
  };
}

await main(Number(process.argv[2] ?? 1_000_000));
