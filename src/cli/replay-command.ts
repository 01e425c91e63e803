/** `lakatos replay`: selection and weighting of a run's past rounds under other settings, from its ledger, without a model. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, loadConfig, type Table } from '../config/index.ts';
import { type Ledger, openLedger } from '../ledger/index.ts';
import { LakatosError, UsageError } from '../ops/errors.ts';
import { replaceFile } from '../ops/whole-file.ts';
import { openPolicy } from '../policy/open.ts';
import { type ReplayInput, replayRounds } from '../selfplay/replay/replay.ts';
import { type RoundSummary, summariseRound } from '../selfplay/replay/replay-summary.ts';
import { embeddedOptions } from './policy-options.ts';
import { replayTable } from './replay-table.ts';

export interface ReplayOptions {
  readonly set: readonly string[];
  readonly rounds?: string;
  readonly out?: string;
  readonly embed: boolean;
}

export async function replayCommand(dir: string, options: ReplayOptions): Promise<void> {
  const path = join(dir, 'ledger.sqlite');
  if (!existsSync(path)) throw new UsageError(`${dir} holds no run: expected ${path}.`);
  const ledger = openLedger(path, { readonly: true });
  try {
    const recorded = configOf(ledger, dir, []);
    const wanted = configOf(ledger, dir, options.set);
    const rounds = roundsAsked(ledger, options.rounds);
    const embed = options.embed ? { embed: embedder(ledger, dir, recorded) } : {};
    const summaries: RoundSummary[] = [];
    for await (const replayed of replayRounds({ ledger, recorded, wanted, rounds, ...embed })) {
      const summary = summariseRound(replayed);
      summaries.push(summary);
      process.stdout.write(`${replayTable(summary, (id) => ledger.statements.get(id)?.text ?? id)}\n`);
    }
    if (options.out !== undefined) writeSummaries(options.out, ledger, options.set, summaries);
    const other = summaries.filter((s) => !s.same).map((s) => s.round);
    if (options.set.length === 0 && other.length > 0)
      throw new LakatosError(
        `Under its own settings the run comes out otherwise than recorded in round ${other.join(', ')}: the ledger was altered, or another version of the program made it.`,
      );
  } finally {
    ledger.close();
  }
}

/** Settings of the update alone: the optimiser's, the reward model's, and what the policy's own log-probs are needed for. */
const UPDATE_ONLY =
  /^\s*learn\.(learningRate|warmupSteps|schedule|betas|epsilon|clipNorm|weightDecay|rewardModel|klCoef|objectiveSettings\.(klEstimator|klScope|clipLow|clipHigh|dualClip))\b/;

const keyOf = (override: string) => override.split('=')[0]?.trim();

function configOf(ledger: Ledger, dir: string, overrides: readonly string[]): Config {
  const text = ledger.run.read()?.config;
  if (text === undefined)
    throw new UsageError(`${dir}: expected the ledger of a run, found one no run has begun in.`);
  const foreign = overrides.find((o) => !/^\s*(select|learn)\./.test(o));
  if (foreign !== undefined)
    throw new UsageError(
      `--set ${foreign}: a replay re-runs selection and weighting, so only select.* and learn.* can differ; everything else is as the run recorded it.`,
      keyOf(foreign),
    );
  const modelOnly = overrides.find((o) => UPDATE_ONLY.test(o));
  if (modelOnly !== undefined)
    throw new UsageError(
      `--set ${modelOnly}: a replay updates no model, and only the update depends on this: what is kept and weighed would come out as recorded.`,
      keyOf(modelOnly),
    );
  // The configuration as `run` wrote it; it is checked again like any other.
  const table = JSON.parse(text) as Table;
  return loadConfig({ base: { source: `settings of ${dir}`, table }, overrides }).config;
}

/** Those asked for, all of them selected already; every such round when none is named. */
function roundsAsked(ledger: Ledger, text: string | undefined): number[] {
  const played = ledger.rounds
    .list()
    .map((r) => r.number)
    .filter((round) => ledger.steps.isDone(round, 'select'));
  if (text === undefined) return played;
  const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  const asked = played.filter((round) => round >= Number(from) && round <= Number(to));
  if (asked.length === 0)
    throw new UsageError(
      `--rounds: expected rounds that were selected, e.g. ${played[0] ?? 1}-${played.at(-1) ?? 1}, found ${text}.`,
      'rounds',
    );
  return asked;
}

/** Opens the policy that played the round, embeds, and closes it again: the policies of all rounds would not fit. */
function embedder(ledger: Ledger, dir: string, config: Config): NonNullable<ReplayInput['embed']> {
  return async (round, texts) => {
    const path = ledger.policies.get(ledger.rounds.get(round)?.policyIn ?? '')?.path ?? config.policy.uri;
    const uri = path.includes(':') ? path : `onnx:${join(dir, path)}`;
    const opened = await openPolicy(uri, embeddedOptions(config));
    try {
      return await opened.embed(texts);
    } finally {
      await opened.close();
    }
  };
}

function writeSummaries(
  path: string,
  ledger: Ledger,
  settings: readonly string[],
  rounds: readonly RoundSummary[],
): void {
  const run = ledger.run.read()?.id ?? '';
  replaceFile(
    path,
    `${JSON.stringify({ kind: 'lakatos.replay', version: 1, run, settings, rounds }, null, 2)}\n`,
  );
}
