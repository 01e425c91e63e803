/**
 * The public door of the ledger: the SQLite database of one run, everything a report needs, one writer at a time.
 *
 * Guarantees: (1) what a call inserted is on disk when it returns, whole or not at all; (2) inserting an id again
 * changes nothing, so an interrupted step may simply be played again; (3) a step's last data and its done-mark commit
 * together; (4) a verdict, once it is no fault, never changes. Not covered: two writers (the run directory's lock
 * keeps them apart) and power cuts, which may lose the last commits but tear none.
 */
import { attemptsTable } from './attempts.ts';
import { bundlesTable } from './bundles.ts';
import { conjecturesTable } from './conjectures.ts';
import { Connection } from './connection.ts';
import { embeddingsTable } from './embeddings.ts';
import { factsTable } from './facts.ts';
import { metricsTable } from './metrics.ts';
import { outcomesTable } from './outcomes.ts';
import { proofsTable } from './proofs.ts';
import type { Funnel } from './records.ts';
import { roundsTable, runTable, stepsTable } from './rounds.ts';
import { selectionsTable } from './selections.ts';
import { statementsTable } from './statements.ts';
import { verdictsTable } from './verdicts.ts';

export type { AttemptSet } from './attempts.ts';
export { LedgerError } from './connection.ts';
export type { AttemptOutcome } from './outcomes.ts';
export * from './records.ts';
export type { VerdictCount } from './verdicts.ts';

export interface LedgerOptions {
  /** Open an existing ledger for reading only, e.g. for a report of a run in progress. Default false. */
  readonly readonly?: boolean;
  /** Milliseconds since the epoch. Default the system's clock. */
  readonly now?: () => number;
}

export type Ledger = ReturnType<typeof openLedger>;

/** Opens, creating or migrating as needed. Throws `LedgerError` naming the file and the remedy. */
export function openLedger(path: string, options: LedgerOptions = {}) {
  const { readonly = false, now = Date.now } = options;
  const connection = new Connection(path, { readonly });
  const conjectures = conjecturesTable(connection);
  const selections = selectionsTable(connection);
  return {
    path,
    run: runTable(connection),
    rounds: roundsTable(connection),
    steps: stepsTable(connection, now),
    statements: statementsTable(connection),
    conjectures,
    selections,
    embeddings: embeddingsTable(connection),
    attempts: attemptsTable(connection),
    outcomes: outcomesTable(connection),
    verdicts: verdictsTable(connection),
    proofs: proofsTable(connection),
    ...bundlesTable(connection),
    metrics: metricsTable(connection),
    facts: factsTable(connection),
    /** What became of a round's conjectures, from proposed to selected. */
    funnel: (round: number): Funnel => ({
      ...conjectures.outcomes(round),
      selected: selections.outcomes(round),
    }),
    /** Everything inserted by `work` commits together or not at all. `work` is synchronous. */
    transaction: <Result>(work: () => Result): Result => connection.transaction(work),
    close: (): void => connection.close(),
  };
}
