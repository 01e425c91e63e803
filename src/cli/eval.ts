/**
 * `lakatos eval`: pass@k of any policy on any problem set, into a directory of its own. Everything that can be refused
 * is refused before the directory is made; from then on everything is in its ledger, and the same command goes on.
 */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Checker } from '../checkers/checker.ts';
import type { Config } from '../config/index.ts';
import { contaminationBy } from '../evaluation/contamination.ts';
import { evaluatePolicy } from '../evaluation/evaluate-policy.ts';
import { MOST_FAULTS } from '../evaluation/headline.ts';
import { differingSettings, type EvaluationSettings, settingsIn } from '../evaluation/settings.ts';
import { readSurvey, type Survey, storeSurvey, surveyProblems } from '../evaluation/survey.ts';
import { EVALUATION } from '../evaluation/trial-results.ts';
import { type Ledger, openLedger } from '../ledger/index.ts';
import { requireFreeSpace } from '../ops/disk.ts';
import { LakatosError, UsageError } from '../ops/errors.ts';
import { lockDirectory } from '../ops/lock.ts';
import type { StartProgress } from '../ops/progress.ts';
import type { Policy } from '../policy/policy.ts';
import {
  buildEvalReport,
  compareEvaluations,
  type EvalReport,
  type Machine,
  refuseUnlike,
  writeEvalReport,
} from '../reports/index.ts';
import type { Language } from '../statements/statement.ts';
import { type EvalFlags, type EvalPlan, planOf, settingsOf } from './eval-plan.ts';
import { requireWritable } from './writable.ts';

/** What an evaluation needs of the world. */
export interface EvalWorld {
  readonly openPolicy: (uri: string, config: Config) => Promise<Policy>;
  readonly openChecker: (config: Config, language: Language) => Checker | Promise<Checker>;
  /** Hash of the policy's tokenizer; null when it has none. */
  readonly tokenizerHash: (uri: string, config: Config) => string | null;
  readonly versions: () => Record<string, string>;
  readonly machine: () => Machine;
  readonly peakMemory: () => number | null;
  /** CPU seconds of the process tree so far; null where nobody can tell. */
  readonly cpuSeconds: () => number | null;
  readonly startProgress: StartProgress;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/** @param config the settings, when whoever asks has loaded them already */
export async function evaluateInto(flags: EvalFlags, world: EvalWorld, config?: Config): Promise<EvalReport> {
  const plan = planOf(flags, config);
  requireWritable(flags.out, '--out');
  await requireFreeSpace(flags.out, 50e6, 'an evaluation');
  const policy = await world.openPolicy(plan.uri, plan.config).catch(explainPolicyError);
  try {
    const checker = await world.openChecker(plan.config, plan.language);
    try {
      return await evaluateWith(flags, world, plan, policy, checker);
    } finally {
      await checker.close();
    }
  } finally {
    await policy.close();
  }
}

/** Nothing was started: a policy that cannot be opened is a wrong name for one. */
function explainPolicyError(error: unknown): never {
  if (!(error instanceof LakatosError) || error instanceof UsageError) throw error;
  throw new UsageError(`policy.uri: ${error.message}`, 'policy.uri', { cause: error });
}

async function evaluateWith(
  flags: EvalFlags,
  world: EvalWorld,
  plan: EvalPlan,
  policy: Policy,
  checker: Checker,
): Promise<EvalReport> {
  const { config, dataset, profile, prompts } = plan;
  const settings = settingsOf(flags, plan, {
    policyVersion: policy.version,
    tokenizer: world.tokenizerHash(plan.uri, plan.config),
    toolchain: checker.toolchain,
  });
  const id = basename(flags.out);
  if (plan.against !== null) refuseUnlike(plan.against, { id, settings, faultRate: 0 });
  const begun = earlierSurvey(flags.out, settings);
  const surveyed =
    begun ?? (await timed(world, () => surveyProblems({ ...world, checker }, dataset, profile)));
  const lock = lockDirectory(flags.out);
  try {
    const ledger = openLedger(join(flags.out, 'ledger.sqlite'), { now: world.now });
    try {
      begin(ledger, id, settings, surveyed, plan, world);
      if (flags.run !== undefined) checkContamination(ledger, flags.run, surveyed.survey, policy.version);
      const { startProgress, signal, now } = world;
      const trial = { config, ledger, checker, policy, prompts, startProgress, signal, now };
      await evaluatePolicy(trial, surveyed.survey, settings, world.cpuSeconds);
      return finish(ledger, flags.out, plan.against, world);
    } finally {
      ledger.close();
    }
  } finally {
    lock.release();
  }
}

interface Surveyed {
  readonly survey: Survey;
  readonly seconds: number;
}

async function timed(world: EvalWorld, work: () => Promise<Survey>): Promise<Surveyed> {
  const started = world.now();
  const survey = await work();
  return { survey, seconds: (world.now() - started) / 1000 };
}

/** The survey of an evaluation that was begun here; one begun under other settings is refused. */
function earlierSurvey(dir: string, settings: EvaluationSettings): Surveyed | null {
  const path = join(dir, 'ledger.sqlite');
  if (!existsSync(path)) return null;
  // Not for reading only: one that an older version began is brought up to date here.
  const ledger = openLedger(path);
  try {
    const run = ledger.run.read();
    if (run === undefined) return null;
    const before = settingsIn(run.config);
    if (before === undefined)
      throw new UsageError(`--out: ${dir} holds a self-play run; choose another directory.`, '--out');
    const changed = differingSettings(before, settings);
    if (changed.length > 0)
      throw new UsageError(
        `--out: ${dir} holds an evaluation with other settings (${changed.join(', ')}); leave them as they were to go on with it, or choose another directory.`,
        '--out',
      );
    const survey = readSurvey(ledger);
    return survey === undefined ? null : { survey, seconds: 0 };
  } finally {
    ledger.close();
  }
}

function begin(
  ledger: Ledger,
  id: string,
  settings: EvaluationSettings,
  { survey, seconds }: Surveyed,
  { dataset, profile }: EvalPlan,
  world: EvalWorld,
): void {
  const { seed, toolchain, policy } = settings;
  if (ledger.run.read() !== undefined && readSurvey(ledger) !== undefined) return;
  const startedAt = world.now();
  ledger.transaction(() => {
    const config = JSON.stringify(settings);
    ledger.run.begin({ id, config, seed, toolchain, versions: world.versions(), startedAt });
    const { uri: path, version } = policy;
    ledger.policies.insert({ version, parent: null, bundleHash: null, path, createdAt: startedAt });
    ledger.rounds.begin(EVALUATION.round, version);
    storeSurvey(ledger, survey, dataset, profile);
    ledger.facts.set('machine', world.machine());
    ledger.metrics.set(EVALUATION.round, { 'survey.seconds': seconds });
  });
}

function checkContamination(ledger: Ledger, runDir: string, survey: Survey, version: string): void {
  const run = openLedger(join(runDir, 'ledger.sqlite'), { readonly: true });
  try {
    const tested = survey.problems.filter((p) => p.excluded === null);
    ledger.facts.set('contamination', contaminationBy(run, tested, version));
  } finally {
    run.close();
  }
}

function finish(ledger: Ledger, dir: string, against: EvalReport | null, world: EvalWorld): EvalReport {
  const earlier = ledger.metrics.get(EVALUATION.round)['process.peakRssBytes'] ?? 0;
  const peak = world.peakMemory();
  if (peak !== null)
    ledger.metrics.set(EVALUATION.round, { 'process.peakRssBytes': Math.max(earlier, peak) });
  const report = buildEvalReport(ledger);
  // One made before would stand beside other figures; and nothing is compared while faults withhold the headline.
  const comparison =
    against === null || report.faultRate > MOST_FAULTS
      ? null
      : compareEvaluations(against, report, { force: false });
  ledger.facts.set('comparison', comparison);
  return writeEvalReport(ledger, dir, { ...report, comparison });
}
