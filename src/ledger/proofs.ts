/** Accepted proofs that may be learned from: seed proofs and the run's own; never those of held-out evaluation. */
import type { Connection } from './connection.ts';
import { listFromJson } from './lists.ts';
import type { Proof } from './records.ts';

export function proofsTable(connection: Connection) {
  const read = (sql: string, parameters = {}): Proof[] =>
    connection.all<ProofRow>(sql, parameters).map(proofOf);
  return {
    /** The shortest proof of every proved statement, by statement id. */
    shortest(): Proof[] {
      return read('SELECT * FROM best_proofs ORDER BY statement_id');
    },
    /** Every accepted proof of rounds `from` to `to`, both included; seed proofs carry the round they were put in. */
    ofRounds(from: number, to: number): Proof[] {
      return read(
        'SELECT * FROM proofs WHERE round BETWEEN @from AND @to ORDER BY statement_id, attempt_id',
        { from, to },
      );
    },
    ofStatement(statementId: string): Proof[] {
      return read(
        'SELECT * FROM proofs WHERE statement_id = @statementId ORDER BY length(text), attempt_id',
        {
          statementId,
        },
      );
    },
  };
}

interface ProofRow {
  readonly statement_id: string;
  readonly attempt_id: string;
  readonly round: number;
  readonly text: string;
  readonly axioms: string;
  readonly premises: string;
}

function proofOf(row: ProofRow): Proof {
  return {
    statementId: row.statement_id,
    attemptId: row.attempt_id,
    round: row.round,
    text: row.text,
    axioms: listFromJson(row.axioms),
    premises: listFromJson(row.premises),
  };
}
