/** `lakatos seed`: makes again what the repository ships. */
import { createEmbeddedLeanChecker } from '../checkers/lean/checker.ts';
import { UsageError } from '../ops/errors.ts';
import { progressOn } from '../ops/progress.ts';
import { listenForShutdown } from '../ops/shutdown.ts';
import { Terminal } from '../ops/terminal.ts';
import { loadPrompts } from '../prompts/prompts.ts';
import { extractLeanCore } from '../seed/extract.ts';
import { runPortfolio } from '../seed/portfolio.ts';
import { pretrain } from '../seed/pretrain.ts';

const CORPUS = 'data/lean-core';
const SEED_PROOFS = 'data/seed-proofs';
const WORKERS = 2;

export async function extractCommand(out: string): Promise<void> {
  const terminal = new Terminal(process.stderr);
  const counts = await extractLeanCore({ outDir: out, log: (line) => terminal.line(line) });
  process.stdout.write(`${JSON.stringify(counts)}\n`);
}

export async function portfolioCommand(out: string, workFile: string): Promise<void> {
  const terminal = new Terminal(process.stderr);
  const shutdown = listenForShutdown();
  const checker = createEmbeddedLeanChecker({ workers: WORKERS });
  try {
    await runPortfolio({
      corpusDir: CORPUS,
      outDir: out,
      workFile,
      checker,
      concurrency: WORKERS,
      signal: shutdown.signal,
      log: (line) => terminal.line(line),
    });
    shutdown.signal.throwIfAborted();
  } finally {
    await checker.close();
    shutdown.dispose();
  }
}

export interface PretrainFlags {
  readonly out: string;
  readonly work: string;
  readonly steps: string;
  readonly theorems?: string | undefined;
  readonly seed: string;
}

export async function pretrainCommand(flags: PretrainFlags): Promise<void> {
  const report = await pretrain({
    corpusDir: CORPUS,
    seedProofsDir: SEED_PROOFS,
    out: flags.out,
    work: flags.work,
    prompts: loadPrompts('prompts/compact.toml'),
    steps: wholeNumber('--steps', flags.steps),
    ...(flags.theorems === undefined ? {} : { theorems: wholeNumber('--theorems', flags.theorems) }),
    batchRows: 64,
    threads: 2,
    seed: wholeNumber('--seed', flags.seed),
    startProgress: progressOn({ terminal: new Terminal(process.stderr) }),
  });
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

function wholeNumber(flag: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new UsageError(`${flag}: expected a whole number, found ${text}.`, flag);
  return Number(text);
}
