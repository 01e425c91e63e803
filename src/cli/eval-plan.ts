/** What an evaluation was asked to be, checked before anything is started, and the settings it is remembered by. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, loadConfig, samplerOf } from '../config/index.ts';
import { checkedKs, type EvaluationSettings, wholeNumber } from '../evaluation/settings.ts';
import { UsageError } from '../ops/errors.ts';
import { portfolioScripts } from '../policy/portfolio.ts';
import { loadPrompts, type Prompts } from '../prompts/prompts.ts';
import type { EvalReport } from '../reports/index.ts';
import { type Dataset, loadDataset } from '../statements/datasets.ts';
import { PROFILES, type Profile } from '../statements/profile.ts';
import type { Language } from '../statements/statement.ts';
import { readEvalReport } from './compare.ts';

export interface EvalFlags {
  readonly dataset: string;
  readonly file: string;
  readonly split: string;
  readonly policy?: string;
  readonly n?: string;
  readonly k?: string;
  readonly out: string;
  readonly profile: string;
  readonly adaptive: boolean;
  /** Directory of a self-play run whose training statements must not be among the problems. */
  readonly run?: string;
  /** Directory of an earlier evaluation to compare with. */
  readonly against?: string;
  readonly config: readonly string[];
  readonly set: readonly string[];
}

export interface EvalPlan {
  readonly config: Config;
  readonly uri: string;
  readonly samples: number;
  readonly ks: readonly number[];
  readonly profile: Profile;
  readonly dataset: Dataset;
  readonly language: Language;
  readonly prompts: Prompts;
  readonly against: EvalReport | null;
}

/** Everything that can be wrong with what was asked for; nothing is started. */
export function planOf(flags: EvalFlags, config = configOf(flags)): EvalPlan {
  const samples = flags.n === undefined ? config.evaluate.samples : wholeNumber('-n', flags.n);
  const ks = checkedKs(
    flags.k ?? (flags.adaptive || samples === 1 ? `${samples}` : `1,${samples}`),
    samples,
    flags.adaptive,
  );
  refuseRepeats(config.policy.uri, samples);
  const profile = PROFILES.find((p) => p === flags.profile);
  if (profile === undefined)
    throw new UsageError(
      `--profile: expected one of ${PROFILES.join(', ')}, found ${flags.profile}.`,
      '--profile',
    );
  const dataset = loadDataset({ name: flags.dataset, path: flags.file, split: flags.split });
  const language = languageOf(dataset);
  requireStrict(config, language);
  if (flags.run !== undefined && !existsSync(join(flags.run, 'ledger.sqlite')))
    throw new UsageError(
      `--run: ${flags.run} holds no run: expected ${join(flags.run, 'ledger.sqlite')}.`,
      '--run',
    );
  const prompts = loadPrompts(join('prompts', `${config.policy.prompts}.toml`), language);
  const against = flags.against === undefined ? null : readEvalReport(flags.against);
  return { config, uri: config.policy.uri, samples, ks, profile, dataset, language, prompts, against };
}

/** Beyond its end the list begins again: pass@k of repeated attempts would be that of no policy. */
function refuseRepeats(uri: string, samples: number): void {
  if (!uri.startsWith('portfolio:')) return;
  const { length } = portfolioScripts(uri.slice('portfolio:'.length));
  if (samples <= length) return;
  throw new UsageError(
    `-n: ${uri} is a list of ${length} tactics, each worth one attempt, found -n ${samples}; ask for at most ${length}.`,
    '-n',
  );
}

/** A counted proof is one that both judge and verifier accepted. */
export function requireStrict({ checker }: Config, language: Language): void {
  const { tier } = checker[language];
  if (tier === 'strict') return;
  const key = `checker.${language}.tier`;
  throw new UsageError(
    `${key}: an evaluation counts only what the strict tier confirms, found "${tier}"; leave it "strict".`,
    key,
  );
}

function configOf(flags: EvalFlags): Config {
  const overrides = [...flags.set, ...(flags.policy === undefined ? [] : [`policy.uri="${flags.policy}"`])];
  return loadConfig({ files: flags.config, overrides }).config;
}

/** Who samples and who judges, as far as settings name them. */
export interface EvalParties {
  readonly policyVersion: string;
  /** Hash of the policy's tokenizer; null when it has none. */
  readonly tokenizer: string | null;
  readonly toolchain: string;
}

export function settingsOf(
  flags: EvalFlags,
  { config, dataset, language, profile, prompts, samples, ks, uri }: EvalPlan,
  { policyVersion, tokenizer, toolchain }: EvalParties,
): EvaluationSettings {
  const { name, split, fingerprint } = dataset;
  return {
    kind: 'lakatos.evaluation',
    dataset: { name, path: flags.file, split, fingerprint },
    profile,
    policy: { uri, version: policyVersion, tokenizer },
    prompts: { style: config.policy.prompts, hash: prompts.hash },
    samples,
    k: [...ks],
    adaptive: flags.adaptive,
    sampler: samplerOf(config.evaluate),
    seed: config.run.seed,
    checker: limitsOf(config, language),
    toolchain,
  };
}

/** What may change a verdict; how many workers there are, and where they keep their files, does not. */
function limitsOf({ checker: { lean, isabelle } }: Config, language: Language) {
  if (language === 'isabelle') {
    const { tier, wallSeconds, memoryMb, session, sledgehammer } = isabelle;
    return { tier, wallSeconds, memoryMb, session, sledgehammer };
  }
  const { tier, wallSeconds, maxHeartbeats, memoryMb } = lean;
  return { tier, wallSeconds, maxHeartbeats, memoryMb };
}

/** One prompt form and one judge an evaluation. */
function languageOf({ problems, name }: Dataset): Language {
  const languages = new Set(problems.map((p) => p.language));
  const [language = 'lean'] = languages;
  if (languages.size === 1) return language;
  throw new UsageError(
    `--file: ${name} holds problems of ${[...languages].join(' and ')}; evaluate them one language at a time.`,
    '--file',
  );
}
