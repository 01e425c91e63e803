/** `lakatos eval` on the policy a run is at, with the run's own policy and checker: nothing is opened twice. */
import { join } from 'node:path';
import { borrow } from '../nightly/borrow.ts';
import type { EvaluationWork } from '../nightly/evaluations.ts';
import type { EvalReport } from '../reports/index.ts';
import type { Run } from '../selfplay/run.ts';
import { currentPolicy } from '../selfplay/versions.ts';
import { evaluateInto } from './eval.ts';
import { machineClass, programVersions, tokenizerHash } from './versions.ts';

export function evaluateCurrent(run: Run, { set, out, against }: EvaluationWork): Promise<EvalReport> {
  const { samples, k, profile } = run.config.nightly;
  const { uri } = run.config.policy;
  const path = currentPolicy(run.ledger)?.path ?? uri;
  const policy = path.includes(':') ? path : `${uri.split(':')[0]}:${join(run.dir, path)}`;
  const flags = {
    dataset: set.name,
    file: set.path,
    split: set.split,
    n: String(samples),
    k: k.join(','),
    out,
    profile,
    adaptive: false,
    run: run.dir,
    config: [],
    set: [],
    ...(against === undefined ? {} : { against }),
  };
  const world = {
    openPolicy: async () => borrow(run.policy),
    openChecker: () => borrow(run.checker),
    tokenizerHash,
    versions: programVersions,
    machine: machineClass,
    peakMemory: run.peakMemory,
    cpuSeconds: run.cpuSeconds,
    startProgress: run.startProgress,
    signal: run.signal,
    now: run.now,
  };
  return evaluateInto(flags, world, { ...run.config, policy: { ...run.config.policy, uri: policy } });
}
