/** Statements: the problems of the dataset that the run uses, and the conjectures that passed the screen. */
import type { Connection, Parameters } from './connection.ts';
import { listFromJson, listToJson } from './lists.ts';
import type { ConjectureStatement, DatasetStatement, StatementRecord } from './records.ts';

export function statementsTable(connection: Connection) {
  return {
    /** An id that is there already stays as it is. */
    insert(statements: Iterable<StatementRecord>): void {
      connection.transaction(() => {
        for (const statement of statements) connection.run(INSERT, parametersOf(statement));
      });
    },
    get(id: string): StatementRecord | undefined {
      const row = connection.get<StatementRow>('SELECT * FROM statements WHERE id = @id', { id });
      return row && statementOf(row);
    },
    /** Conjectures, and problems with attempts that were made to learn from, by id. */
    learnable(): StatementRecord[] {
      return connection
        .all<StatementRow>(
          `SELECT * FROM statements WHERE source = 'conjecture'
             OR id IN (SELECT statement_id FROM attempts WHERE purpose <> 'evaluate') ORDER BY id`,
        )
        .map(statementOf);
    },
    /** Conjectures that passed the screen in this round, those first stated in an earlier round included. */
    keptConjectures(round: number): ConjectureStatement[] {
      return connection
        .all<StatementRow>(
          `SELECT DISTINCT s.* FROM conjectures c JOIN screenings k ON k.conjecture_id = c.id
           JOIN statements s ON s.id = k.statement_id
           WHERE c.round = @round AND k.outcome = 'kept' AND s.source = 'conjecture' ORDER BY s.id`,
          { round },
        )
        .map(conjectureOf);
    },
    /** Every elaborated-type hash among the run's statements, with one statement that has it: for finding duplicates. */
    idsByTypeHash(): Map<string, string> {
      const sql =
        'SELECT type_hash AS hash, min(id) AS id FROM statements WHERE type_hash IS NOT NULL GROUP BY type_hash';
      return new Map(connection.all<{ hash: string; id: string }>(sql).map(({ hash, id }) => [hash, id]));
    },
  };
}

const INSERT = `INSERT INTO statements
  (id, source, language, header, text, forbidden, type_hash, constants, dataset, split, name,
   round, seed_id, seed_proof, lemma_name, lemma_text)
  VALUES (@id, @source, @language, @header, @text, @forbidden, @typeHash, @constants, @dataset, @split, @name,
   @round, @seedId, @seedProof, @lemmaName, @lemmaText) ON CONFLICT (id) DO NOTHING`;

/** The columns that only one of the two sources fills are nullable, so its reader puts '' for a null there. */
interface StatementRow {
  readonly id: string;
  readonly source: StatementRecord['source'];
  readonly language: StatementRecord['language'];
  readonly header: string;
  readonly text: string;
  readonly forbidden: string;
  readonly type_hash: string | null;
  readonly constants: string | null;
  readonly dataset: string | null;
  readonly split: string | null;
  readonly name: string | null;
  readonly round: number | null;
  readonly seed_id: string | null;
  readonly seed_proof: string | null;
  readonly lemma_name: string | null;
  readonly lemma_text: string | null;
}

function parametersOf(statement: StatementRecord): Parameters {
  const { id, source, language, header, text, typeHash = null } = statement;
  const constants = statement.constants ? listToJson(statement.constants) : null;
  const shared = {
    id,
    source,
    language,
    header,
    text,
    typeHash,
    constants,
    forbidden: listToJson(statement.forbidden),
  };
  if (statement.source === 'dataset') {
    const { dataset, split, name } = statement;
    return { ...shared, dataset, split, name, ...NO_ORIGIN };
  }
  const { round, seedId, seedProof, lemmaName, lemmaText } = statement;
  return { ...shared, ...NO_PROBLEM, round, seedId, seedProof, lemmaName, lemmaText };
}

const NO_ORIGIN = { round: null, seedId: null, seedProof: null, lemmaName: null, lemmaText: null };
const NO_PROBLEM = { dataset: null, split: null, name: null };

function statementOf(row: StatementRow): StatementRecord {
  return row.source === 'dataset' ? problemOf(row) : conjectureOf(row);
}

function problemOf(row: StatementRow): DatasetStatement {
  return {
    ...commonOf(row),
    source: 'dataset',
    dataset: row.dataset ?? '',
    split: row.split ?? '',
    name: row.name ?? '',
    ...(row.type_hash === null ? {} : { typeHash: row.type_hash }),
    ...(row.constants === null ? {} : { constants: listFromJson(row.constants) }),
  };
}

function conjectureOf(row: StatementRow): ConjectureStatement {
  return {
    ...commonOf(row),
    source: 'conjecture',
    typeHash: row.type_hash ?? '',
    constants: listFromJson(row.constants ?? '[]'),
    round: row.round ?? 0,
    seedId: row.seed_id ?? '',
    seedProof: row.seed_proof ?? '',
    lemmaName: row.lemma_name ?? '',
    lemmaText: row.lemma_text ?? '',
  };
}

function commonOf({ id, language, header, text, forbidden }: StatementRow) {
  return { id, language, header, text, forbidden: listFromJson(forbidden) };
}
