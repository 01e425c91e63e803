/** Which of the conjectures that were tried the conjecturer learns from, and why not the others. */
import type { Connection } from './connection.ts';
import type { SelectionRecord, SelectOutcome } from './records.ts';

export function selectionsTable(connection: Connection) {
  return {
    /** The first selection of a statement in a round stays. */
    insert(selections: Iterable<SelectionRecord>): void {
      connection.transaction(() => {
        for (const selection of selections)
          connection.run(INSERT, { ...selection, relabelled: selection.relabelled ? 1 : 0 });
      });
    },
    list(round: number): SelectionRecord[] {
      return connection
        .all<SelectionRow>(
          `SELECT round, statement_id AS statementId, outcome, proved, judged, elegance, weight, relabelled
           FROM selections WHERE round = @round ORDER BY statement_id`,
          { round },
        )
        .map((row) => ({ ...row, relabelled: row.relabelled === 1 }));
    },
    outcomes(round: number): Partial<Record<SelectOutcome, number>> {
      const rows = connection.all<{ outcome: SelectOutcome; count: number }>(
        'SELECT outcome, count(*) AS count FROM selections WHERE round = @round GROUP BY outcome',
        { round },
      );
      return Object.fromEntries(rows.map(({ outcome, count }) => [outcome, count]));
    },
  };
}

type SelectionRow = Omit<SelectionRecord, 'relabelled'> & { readonly relabelled: number };

const INSERT = `INSERT INTO selections
  (round, statement_id, outcome, proved, judged, elegance, weight, relabelled)
  VALUES (@round, @statementId, @outcome, @proved, @judged, @elegance, @weight, @relabelled)
  ON CONFLICT (round, statement_id) DO NOTHING`;
