/**
 * Which settings may be others when a run goes on: what surrounds its rounds, and what decides how fast work goes and how
 * much memory it takes. Results are the same but for the order in which numbers are added up. Everything else is what
 * the run is; that a limit of the checker would help does not make an attempt the same one.
 */
export const MAY_CHANGE: readonly string[] = [
  'run.rounds',
  'run.out',
  'nightly',
  'checker.queue',
  'checker.lean.workers',
  'checker.lean.spare',
  'checker.isabelle.workers',
  'policy.server',
  'policy.memoryMb',
  'policy.batchSize',
  'policy.microBatchTokens',
  'policy.trainer.python',
  'policy.trainer.processes',
  'policy.trainer.launch',
  'policy.trainer.microBatchTokens',
  'policy.trainer.gradientCheckpointing',
  'policy.trainer.stallSeconds',
];

/** @param key a dotted path; those under one that may change may, too */
export const mayChange = (key: string): boolean =>
  MAY_CHANGE.some((free) => key === free || key.startsWith(`${free}.`));
