/**
 * The command line: names, options and help; every command's work is elsewhere. Exit codes: 0 done, 1 failed,
 * 2 bad usage or config, 75 stopped early and resumable. Commands are loaded when asked for, so that `--help` is fast.
 */
import { Command, CommanderError, Option } from '@commander-js/extra-typings';
import { ARM_NAMES, describeConfig } from '../config/index.ts';
import { describeError, EXIT, exitCodeOf } from '../ops/errors.ts';
import { ownVersion } from './manifest.ts';

export async function main(args: readonly string[]): Promise<number> {
  const program = new Command('lakatos')
    .description(
      'Trains theorem provers by self-play: one model conjectures and proves, Lean or Isabelle judges, failures teach.',
    )
    .version(ownVersion())
    .exitOverride()
    .showHelpAfterError('(--help shows what there is)');
  addRun(program);
  addEval(program);
  addCompare(program);
  addVerify(program);
  addInspect(program);
  addServe(program);
  addWorker(program);
  addDoctor(program);
  addReport(program);
  addReplay(program);
  addSeed(program);
  try {
    await program.parseAsync(args, { from: 'user' });
    return EXIT.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    process.stderr.write(`${describeError(error)}\n`);
    return exitCodeOf(error);
  }
}

function addRun(program: Command): void {
  program
    .command('run')
    .summary('play self-play rounds')
    .description('Play self-play rounds: propose, screen, prove, judge, select, learn, evaluate, report.')
    .option('--config <file...>', 'TOML files, later ones win', [])
    .option('--set <key=value...>', 'settings by dotted key, e.g. prove.samples=16; win over files', [])
    .option('--arm <name>', `a variant of the loop to compare: ${ARM_NAMES.join(', ')}`)
    .option('--rounds <n>', 'rounds in all; short for --set run.rounds=n')
    .option(
      '--out <dir>',
      'run directory; goes on if it holds an unfinished run (default: a fresh one under runs/)',
    )
    .option('--until <time>', 'play rounds until then, 06:00 or 2026-11-27T06:00 local time, sized to fit')
    .option('--slurm', 'submit the night as a Slurm job instead; with --dry-run print its script', false)
    .option('--dry-run', 'print the resolved configuration and the plan of a round, touch nothing', false)
    .addHelpText('after', () => `\nSettings (for TOML files and --set):\n${describeConfig()}`)
    .action(async (options) => (await import('./run.ts')).runCommand(options));
}

function addEval(program: Command): void {
  program
    .command('eval')
    .summary('measure a policy: pass@k on a problem set')
    .description(
      'Sample attempts at every problem of a split, judge them, and report pass@k with what is uncertain about it.\n' +
        'Everything goes into the ledger of --out; the same command goes on after a stop.',
    )
    .requiredOption('--dataset <name>', 'minif2f, proofnet, putnam, lean-core or jsonl')
    .requiredOption('--file <path>', 'the JSONL file, or the folder of a checkout with one file a theorem')
    .requiredOption('--split <split>', 'e.g. valid, test, heldout')
    .requiredOption('--out <dir>', 'where the evaluation goes')
    .option('--policy <uri>', 'onnx:DIR, portfolio:single, portfolio:FILE (default: policy.uri)')
    .option('-n, --n <samples>', 'attempts at each problem (default: evaluate.samples)')
    .option('--k <list>', 'pass@k for these k, e.g. 1,8,32; none above n (default: 1,n)')
    .option(
      '--profile <profile>',
      'full: every problem must elaborate; partial: leave out what does not; core: partial without imports',
      'full',
    )
    .option(
      '--adaptive',
      'stop at a problem’s first proof; only with --k n, which alone stays unbiased',
      false,
    )
    .option('--run <dir>', 'a self-play run: are its training statements and conjectures among the problems?')
    .option('--against <dir>', 'an earlier evaluation of the same kind, to compare with in the report')
    .option('--config <file...>', 'TOML files; policy.*, evaluate.* and checker.* matter', [])
    .option('--set <key=value...>', 'settings by dotted key, e.g. evaluate.temperature=0.8', [])
    .action(async (options) => (await import('./eval-command.ts')).evalCommand(options));
}

function addCompare(program: Command): void {
  program
    .command('compare')
    .summary('what changed from one evaluation to another')
    .description('Pair two evaluations problem by problem: gained, lost, and whether it is more than noise.')
    .argument('<before>', 'directory of an evaluation')
    .argument('<after>', 'directory of another of the same kind')
    .option('--force', 'compare although problems, sampler or limits differ, and say so', false)
    .option('--json', 'the comparison as JSON', false)
    .action(async (before, after, options) =>
      (await import('./compare.ts')).compareCommand(before, after, options),
    );
}

function addVerify(program: Command): void {
  program
    .command('verify')
    .summary('judge proofs from a JSONL file')
    .description(
      'Judge proofs. In: lines {id, statement, proof, header?, language?}, the statement up to but not including\n' +
        '`:=` (Lean) or its proof (Isabelle), the proof what follows it. Out: lines {line, id, crc32, verdict, reason, axioms, premises, ms}, one an input line,\n' +
        'in the order in which they are answered.',
    )
    .requiredOption('--in <file>', 'JSON lines to read; - is standard input')
    .option('--out <file>', 'JSON lines to write; - is standard output', '-')
    .option('--resume', 'go on with --out where an interrupted call left it', false)
    .option('--config <file...>', 'TOML files; only checker.* matters', [])
    .option('--set <key=value...>', 'settings by dotted key, e.g. checker.cache.path=verdicts.sqlite', [])
    .action(async (options) => (await import('./verify-command.ts')).verifyCommand(options));
}

function addInspect(program: Command): void {
  program
    .command('inspect')
    .summary('say of statements from a JSONL file what they are')
    .description(
      'Inspect statements. In: lines {id, statement, header?, language?}. Out: lines {line, id, crc32, ok, reason, typeHash,\n' +
        'constants, aliases, hollow, trivial, refuted, ms}: does it elaborate and why not, a hash of the elaborated type up to\n' +
        'bound names, the constants it mentions, the library theorems of the very same type, and what the probes found.',
    )
    .requiredOption('--in <file>', 'JSON lines to read; - is standard input')
    .option('--out <file>', 'JSON lines to write; - is standard output', '-')
    .addOption(
      new Option(
        '--probes <name...>',
        'what else to look for: hollow (says nothing), trivial (a cheap tactic), refute',
      )
        .choices(['hollow', 'trivial', 'refute'])
        .default([]),
    )
    .option('--resume', 'go on with --out where an interrupted call left it', false)
    .option('--config <file...>', 'TOML files; only checker.* matters', [])
    .option('--set <key=value...>', 'settings by dotted key', [])
    .action(async (options) => (await import('./verify-command.ts')).inspectCommand(options));
}

function addServe(program: Command): void {
  program
    .command('serve')
    .summary('judge proofs over HTTP')
    .description(
      'Judge proofs over HTTP: POST /v1/verify and /v1/inspect, GET /health and /metrics, and POST /api/check and\n' +
        '/verify in the shapes of the Kimina Lean server. SIGTERM finishes the requests in hand, then stops.',
    )
    .option('--host <address>', 'short for --set serve.host=…')
    .option('--port <n>', 'short for --set serve.port=…')
    .option('--max-queue <n>', 'attempts waiting or being judged; short for --set serve.maxQueue=…')
    .option('--max-body <mib>', 'longest request body, MiB; short for --set serve.maxBodyMb=…')
    .option('--token-env <name>', 'environment variable with the bearer token that clients must send')
    .option('--token-file <file>', 'file with that token')
    .option('--log <file>', 'JSON log, appended to')
    .option('--config <file...>', 'TOML files; only checker.* and serve.* matter', [])
    .option('--set <key=value...>', 'settings by dotted key, e.g. checker.cache.path=verdicts.sqlite', [])
    .action(async (options) => (await import('./serve-command.ts')).serveCommand(options));
}

function addWorker(program: Command): void {
  program
    .command('worker')
    .summary('judge what runs elsewhere ask through Redis')
    .description(
      'Judge for the runs, evaluations and servers whose checker.queue.url is the same Redis and whose judge is the same:\n' +
        'toolchain, version of this program, limits. SIGTERM finishes the groups in hand and exits 0; a second one stops at\n' +
        'once and exits 75: what was in hand goes to another worker.',
    )
    .option('--language <language>', 'lean or isabelle', 'lean')
    .option('--log <file>', 'JSON log, appended to')
    .option('--config <file...>', 'TOML files; only checker.* matters', [])
    .option(
      '--set <key=value...>',
      'settings by dotted key, e.g. checker.queue.url=redis://10.0.0.5:6379',
      [],
    )
    .action(async (options) => (await import('./worker-command.ts')).workerCommand(options));
}

function addDoctor(program: Command): void {
  program
    .command('doctor')
    .summary('what judges here, how it is confined, what is missing')
    .description(
      'Say which Lean judges here, what it is confined by and what is missing; 1 when a run would not work.',
    )
    .option(
      '--try',
      'start the judges, Isabelle too where it has its heap, and ask each two questions',
      false,
    )
    .option('--config <file...>', 'TOML files; only checker.* and data.language matter', [])
    .option('--set <key=value...>', 'settings by dotted key, e.g. checker.lean.tier=fast', [])
    .action(async (options) => (await import('./doctor.ts')).doctorCommand(options));
}

function addReport(program: Command): void {
  program
    .command('report')
    .summary('write the report of a run or an evaluation again from its ledger')
    .argument('<dir>', 'directory of the run or evaluation')
    .action(async (dir) => (await import('./report-command.ts')).reportCommand(dir));
  program
    .command('schema')
    .summary('print the JSON Schema of a report.json')
    .argument('<kind>', 'run or evaluation')
    .action(async (kind) => (await import('./report-command.ts')).schemaCommand(kind));
}

function addReplay(program: Command): void {
  program
    .command('replay')
    .summary('selection and weighting of past rounds under other settings')
    .description(
      'Select and weigh the rounds of a run once more, from its ledger, without a model: what would have been kept and\n' +
        'learned from under other settings. Without --set it checks that the run comes out as it was recorded. Settings that\n' +
        'only an update depends on, such as the learning rate, are refused.',
    )
    .argument('<run>', 'directory of the run')
    .option('--set <key=value...>', 'select.* and learn.* settings, e.g. select.strategy=archive', [])
    .option('--rounds <a-b>', 'only these rounds; those before count as recorded (default: all)')
    .option('--out <file>', 'the comparison as JSON, every conjecture in it')
    .option('--embed', 'compute embeddings that the run did not store, with the policies it kept', false)
    .action(async (run, options) => (await import('./replay-command.ts')).replayCommand(run, options));
}

function addSeed(program: Command): void {
  const seed = program
    .command('seed')
    .description('Make again what the repository ships: corpus, seed proofs, model.');
  seed
    .command('extract')
    .description("Derive data/lean-core from Lean's own core library (minutes).")
    .option('--out <dir>', 'where to', 'data/lean-core')
    .action(async ({ out }) => (await import('./seed-command.ts')).extractCommand(out));
  seed
    .command('portfolio')
    .description('Run the portfolio of tactic scripts over the corpus; resumes (an hour or so).')
    .option('--out <dir>', 'where to', 'data/seed-proofs')
    .option('--work <file>', 'verdicts so far; a killed run goes on from here', 'runs/portfolio.jsonl')
    .action(async ({ out, work }) => (await import('./seed-command.ts')).portfolioCommand(out, work));
  seed
    .command('pretrain')
    .description('Train the tokenizer and warm-start the embedded model; resumes (minutes).')
    .option('--out <dir>', 'where to', 'models/seed')
    .option('--work <dir>', 'training so far; a killed call goes on from here', 'runs/pretrain')
    .option('--steps <n>', 'optimiser steps of about 64 texts', '1500')
    .option('--theorems <n>', 'show the prover proofs of only so many theorems (default: of all)')
    .option('--seed <n>', 'seed of every random choice', '1')
    .action(async (options) => (await import('./seed-command.ts')).pretrainCommand(options));
}
