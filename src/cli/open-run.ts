/**
 * Opens everything a run is made of, in an order that fails early and cheaply, and closes it in reverse. The only
 * place that knows which checker, policy and problem set a configuration means.
 */
import { basename, join } from 'node:path';
import type { PoolEvent } from '../checkers/pool.ts';
import { type Config, loadConfig, type Table } from '../config/index.ts';
import { type Ledger, openLedger } from '../ledger/index.ts';
import { requireRoundSpace } from '../nightly/space.ts';
import { cpuSecondsOfTree } from '../ops/cpu.ts';
import { steadyNow } from '../ops/deadline.ts';
import { UsageError } from '../ops/errors.ts';
import { type LockedError, lockDirectory, refuseHeld } from '../ops/lock.ts';
import { openLog } from '../ops/log.ts';
import { requireFreeMemory, watchMemory } from '../ops/memory.ts';
import { progressOn } from '../ops/progress.ts';
import type { Terminal } from '../ops/terminal.ts';
import { holdsServers, openPolicy, openRewardModel } from '../policy/open.ts';
import { loadPrompts } from '../prompts/prompts.ts';
import type { Origin } from '../reports/index.ts';
import { readSeedProofs, startingProofs } from '../seed/proofs.ts';
import { recordProtection } from '../selfplay/learning/left-out.ts';
import { problemsOf, readProblems } from '../selfplay/problems/problems.ts';
import { protect, protectedSets } from '../selfplay/problems/protection.ts';
import { isJudged, judgedSeeds, plantSeeds } from '../selfplay/problems/seeds.ts';
import { withTypes } from '../selfplay/problems/typing.ts';
import type { Run } from '../selfplay/run.ts';
import { requireEmbeddings } from '../selfplay/selection/embedding.ts';
import { currentPolicy } from '../selfplay/versions.ts';
import { fingerprintOf } from '../statements/datasets.ts';
import { MAY_CHANGE, mayChange } from './may-change.ts';
import { openChecker } from './open-checker.ts';
import { embeddedOptions, policyOptions } from './policy-options.ts';
import { machineClass, programVersions, tokenizerHash } from './versions.ts';

export interface OpenOptions {
  readonly config: Config;
  readonly dir: string;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  /** Told when another machine has taken the directory over. */
  readonly onLost: (error: LockedError) => void;
}

export interface OpenedRun {
  readonly run: Run;
  close(): Promise<void>;
}

export async function openRun({ config, dir, terminal, signal, onLost }: OpenOptions): Promise<OpenedRun> {
  const closers: (() => Promise<void> | void)[] = [];
  const close = async () => {
    for (const closer of closers.reverse()) await closer();
  };
  try {
    const set = readProblems(config.data);
    const { language } = config.data;
    const prompts = loadPrompts(join('prompts', `${config.policy.prompts}.toml`), language);
    // First of all: what a run at work has taken is not missing.
    refuseHeld(dir);
    await requireRoundSpace(dir, config);
    requireFreeMemory(1e6 * config.nightly.minFreeMemoryMb, `a run in ${dir}`);
    const lock = lockDirectory(dir, { leaseSeconds: config.nightly.leaseSeconds, onLost });
    closers.push(() => lock.release());
    const { log, close: closeLog } = openLog({ file: join(dir, 'log.jsonl'), terminal });
    closers.push(closeLog);
    const ledger = openLedger(join(dir, 'ledger.sqlite'), { now: steadyNow });
    closers.push(() => ledger.close());
    refuseOtherConfig(ledger, config, dir);

    const { device, uri } = config.policy;
    const options = policyOptions(config, dir, true, { say: (message) => log.info(message), signal });
    const openAt = (path: string) =>
      openPolicy(uri, { ...options, saved: path.includes(':') ? undefined : placeIn(dir, path) });
    let policy = await openAt(currentPolicy(ledger)?.path ?? uri);
    closers.push(() => policy.close());
    await requireEmbeddings(policy, config.select.strategy);
    const hooks = {
      onEvent: ({ event, reason }: PoolEvent) =>
        log.debug({ event }, `${language} worker ${event}: ${reason}`),
      warn: (message: string) => log.warn(message),
    };
    const checker = await openChecker(config.checker, hooks, language);
    closers.push(() => checker.close());
    const memory = watchMemory();
    closers.push(() => memory.stop());

    const startProgress = progressOn({ terminal });
    const say = (message: string, fields: Readonly<Record<string, unknown>> = {}) =>
      log.info(fields, message);
    const guard = { checker, startProgress, signal, say };
    const sets = protectedSets(config);
    const typed = await withTypes(set.problems, set.toolchain, ledger, guard);
    const unprotected = problemsOf(typed, config.data);
    const problems = await protect(unprotected, sets, guard);

    beginLedger(ledger, config, dir, checker.toolchain);
    if (ledger.facts.get('origin') === undefined) {
      const tokenizer = tokenizerHash(config.policy.uri, config);
      const dataset = {
        train: fingerprintOf(unprotected.train),
        heldout: fingerprintOf(unprotected.heldout),
      };
      const origin: Origin = { tokenizer, prompts: prompts.hash, machine: machineClass(), dataset };
      ledger.facts.set('origin', origin);
    }
    // Each time: the sets of nightly.evaluate may change from night to night.
    const dropped = unprotected.train.length - problems.train.length;
    recordProtection(ledger, { sets, dropped, isProtected: problems.isProtected });
    ledger.policies.insert({
      version: policy.version,
      parent: null,
      bundleHash: null,
      path: config.policy.uri,
      createdAt: steadyNow(),
    });
    const claims = startingProofs(readSeedProofs(config.data.seedProofs), language);
    const seeds = isJudged(config.data) ? claims : await judgedSeeds(ledger, problems.train, claims, guard);
    plantSeeds(ledger, config.data.dataset, problems.train, seeds, checker.toolchain);
    log.info({ dir, policy: policy.version, toolchain: checker.toolchain }, `run directory ${dir}`);
    const run: Run = {
      dir,
      config,
      ledger,
      checker,
      get policy() {
        return policy;
      },
      openPolicy: (path) => policy.beside?.(placeIn(dir, path)) ?? openAt(path),
      openRewardModel: (path) =>
        openRewardModel(path.includes(':') ? path : `onnx:${placeIn(dir, path)}`, {
          ...embeddedOptions(config),
          optimizer: rewardOptimizer(config),
        }),
      async replacePolicy(path) {
        const old = policy;
        // Servers hold their address until they are closed; the embedded engine fails with the old policy still there.
        if (holdsServers(uri)) await old.close();
        policy = await openAt(path);
        await old.close();
      },
      prompts,
      problems,
      startProgress,
      say,
      signal,
      now: steadyNow,
      peakMemory: () => memory.peak(),
      cpuSeconds: () => cpuSecondsOfTree(process.pid),
      gpus: device === 'cuda' ? 1 : 0,
    };
    return { run, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The policy's own optimiser settings but for the rate. */
function rewardOptimizer({ learn }: Config) {
  const { warmupSteps, betas, epsilon, weightDecay, clipNorm, rewardModel } = learn;
  return { learningRate: rewardModel.learningRate, warmupSteps, betas, epsilon, weightDecay, clipNorm };
}
/** The first policy's path is its URI; every later one's is a directory of the run. */
const placeIn = (dir: string, path: string) => (path.includes(':') ? path : join(dir, path));

function beginLedger(ledger: Ledger, config: Config, dir: string, toolchain: string): void {
  ledger.run.begin({
    id: basename(dir),
    config: JSON.stringify(config),
    seed: config.run.seed,
    toolchain,
    versions: programVersions(),
    startedAt: steadyNow(),
  });
}

/** A run goes on under the settings it began with, but for those that change no result (may-change.ts). */
function refuseOtherConfig(ledger: Ledger, config: Config, dir: string): void {
  const begun = ledger.run.read();
  if (begun === undefined) return;
  // As the run wrote them; a key that there was not yet has its default.
  const table = JSON.parse(begun.config) as Table;
  const before = loadConfig({ base: { source: `settings of ${dir}`, table } }).config;
  const changed = changedKeys(before, config).filter((key) => !mayChange(key));
  if (changed.length > 0)
    throw new UsageError(
      `${dir} holds a run with other settings (${changed.join(', ')}); leave them as they were to go on with it, or choose another directory with --out. Only these may change: ${MAY_CHANGE.join(', ')}.`,
      changed[0],
    );
}

function changedKeys(a: unknown, b: unknown, path: readonly string[] = []): string[] {
  if (isTable(a) && isTable(b))
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) =>
      changedKeys(a[key], b[key], [...path, key]),
    );
  return JSON.stringify(a) === JSON.stringify(b) ? [] : [path.join('.')];
}

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
