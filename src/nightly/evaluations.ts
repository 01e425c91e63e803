/**
 * The evaluations after the rounds, `evaluations/<set>-<split>/<round>-<policy version>` in the run directory, each
 * compared with the one before it (or with a fixed one). A policy that was evaluated is not evaluated again; one whose
 * evaluation was cut off goes on with it. How a set is evaluated is `lakatos eval`'s affair.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/index.ts';
import type { Ledger } from '../ledger/index.ts';
import type { Deadline } from '../ops/deadline.ts';
import { UsageError } from '../ops/errors.ts';
import type { EvalReport } from '../reports/index.ts';
import type { Run } from '../selfplay/run.ts';
import { type DatasetSource, datasetSource, loadDataset } from '../statements/datasets.ts';
import { measurePace, minutes } from './pace.ts';

export interface SetToEvaluate extends DatasetSource {
  /** `<name>-<split>`, its folder and its name in the summary. */
  readonly label: string;
  readonly problems: number;
}

export type EvaluationResult =
  | { readonly label: string; readonly kind: 'evaluated'; readonly report: EvalReport }
  | { readonly label: string; readonly kind: 'skipped'; readonly why: string };

export interface EvaluationWork {
  readonly set: SetToEvaluate;
  readonly out: string;
  /** Directory of the evaluation to compare with. */
  readonly against: string | undefined;
}

export interface EvaluationHooks {
  /** Throws when problems of that language could not be evaluated under the settings. */
  readonly check: (config: Config, language: Config['data']['language']) => void;
  /** Evaluates the run's current policy. */
  readonly evaluate: (run: Run, work: EvaluationWork) => Promise<EvalReport>;
  readonly readReport: (dir: string) => EvalReport;
}

export interface Evaluations {
  /** Seconds that all of them are expected to take; 0 while nothing is known. */
  expectedSeconds(ledger: Ledger): number;
  evaluate(run: Run, deadline: Deadline | undefined, results: EvaluationResult[]): Promise<void>;
}

/** Reads every set, so that a wrong name is found in the evening. */
export function evaluationsOf(config: Config, dir: string, hooks: EvaluationHooks): Evaluations {
  const sets = config.nightly.evaluate.map((text): SetToEvaluate => {
    const source = datasetSource(text, 'nightly.evaluate');
    const { problems } = loadDataset(source);
    for (const { language } of problems) {
      // The run's own checker judges them.
      if (language !== config.data.language)
        throw new UsageError(
          `nightly.evaluate: expected ${config.data.language} problems, as data.language says, found ${language} in ${text}.`,
          'nightly.evaluate',
        );
    }
    hooks.check(config, config.data.language);
    return { ...source, label: `${source.name}-${source.split}`, problems: problems.length };
  });
  const labels = sets.map((set) => set.label);
  const twice = labels.find((label, i) => labels.indexOf(label) !== i);
  if (twice !== undefined)
    throw new UsageError(
      `nightly.evaluate: expected each set once, found ${twice} twice; leave one out.`,
      'nightly.evaluate',
    );
  const { compareWith, samples } = config.nightly;
  if (compareWith !== 'last') hooks.readReport(compareWith); // throws unless it is an evaluation

  const expected = (set: SetToEvaluate, ledger: Ledger): number => {
    const last = finished(dir, set).at(-1);
    if (last === undefined) return (measurePace(ledger, config).pace.evaluate ?? 0) * set.problems * samples;
    const { surveySeconds, sampleSeconds, judgeSeconds } = hooks.readReport(last).cost;
    return 1.2 * (surveySeconds + sampleSeconds + judgeSeconds);
  };

  const evaluateOne = async (
    run: Run,
    deadline: Deadline | undefined,
    set: SetToEvaluate,
  ): Promise<EvaluationResult> => {
    const { label } = set;
    const out = join(folderOf(dir, set), nameOf(run));
    const before = finished(dir, set);
    if (before.includes(out)) return { label, kind: 'evaluated', report: hooks.readReport(out) };
    const [needed, left] = [expected(set, run.ledger), deadline?.secondsLeft()];
    if (left !== undefined && needed > left) {
      const why = `it takes about ${minutes(needed)}, and ${minutes(left)} are left`;
      run.say(`${label} is not evaluated: ${why}`);
      return { label, kind: 'skipped', why };
    }
    const against = compareWith === 'last' ? before.at(-1) : compareWith;
    run.say(
      `evaluating ${run.policy.version} on ${label}${against === undefined ? '' : `, against ${against}`}`,
    );
    const report = await compared(run, hooks, { set, out, against });
    if (report.comparison !== null) run.say(`${label}: ${report.comparison.sentence}`);
    return { label, kind: 'evaluated', report };
  };

  return {
    expectedSeconds: (ledger) => sets.reduce((sum, set) => sum + expected(set, ledger), 0),
    evaluate: async (run, deadline, results) => {
      for (const set of sets) {
        run.signal.throwIfAborted();
        results.push(await evaluateOne(run, deadline, set));
      }
    },
  };
}

/** One of another kind (other samples, limits, toolchain) is not compared with; the night is not lost to that. */
async function compared(run: Run, hooks: EvaluationHooks, work: EvaluationWork): Promise<EvalReport> {
  if (work.against === undefined) return hooks.evaluate(run, work);
  try {
    return await hooks.evaluate(run, work);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    run.say(`no comparison: ${error.message}`);
    return hooks.evaluate(run, { ...work, against: undefined });
  }
}

const folderOf = (dir: string, set: SetToEvaluate) => join(dir, 'evaluations', set.label);

/** The round that made the policy, so that names sort as time went, and the policy. */
function nameOf({ ledger, policy }: Run): string {
  const round = ledger.rounds.list().find((r) => r.policyOut === policy.version)?.number ?? 0;
  return `${String(round).padStart(5, '0')}-${policy.version}`;
}

/** The finished evaluations of a set, from old to new. */
function finished(dir: string, set: SetToEvaluate): string[] {
  const folder = folderOf(dir, set);
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  return names.map((name) => join(folder, name)).filter((path) => existsSync(join(path, 'report.json')));
}
