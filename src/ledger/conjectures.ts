/** The conjecturer's completions and what the screen said of each. */
import type { Connection } from './connection.ts';
import type { ConjectureRecord, ScreeningRecord, ScreenOutcome } from './records.ts';
import { promptInterner, type SampleRow, sampleOf, sampleParameters } from './samples.ts';

export function conjecturesTable(connection: Connection) {
  return {
    /** An id that is there already stays as it is. */
    insert(conjectures: Iterable<ConjectureRecord>): void {
      connection.transaction(() => {
        const prompt = promptInterner(connection);
        for (const conjecture of conjectures) {
          const { seedId, seedProof, lemmaName, lemmaText } = conjecture;
          const sample = sampleParameters(conjecture, prompt(conjecture.prompt, conjecture.promptTokens));
          connection.run(INSERT, { ...sample, seedId, seedProof, lemmaName, lemmaText });
        }
      });
    },
    /** Ids there already, so that a resumed step samples only the rest. */
    ids(round: number): Set<string> {
      const rows = connection.all<{ id: string }>('SELECT id FROM conjectures WHERE round = @round', {
        round,
      });
      return new Set(rows.map((row) => row.id));
    },
    list(round: number): ConjectureRecord[] {
      return connection
        .all<ConjectureRow>(`${SELECT} WHERE c.round = @round ORDER BY c.id`, { round })
        .map(conjectureOf);
    },
    /** Completions of the round without a screening. */
    unscreened(round: number): ConjectureRecord[] {
      const sql = `${SELECT} LEFT JOIN screenings k ON k.conjecture_id = c.id
        WHERE c.round = @round AND k.conjecture_id IS NULL ORDER BY c.id`;
      return connection.all<ConjectureRow>(sql, { round }).map(conjectureOf);
    },
    /** The first screening of a conjecture stays, unless it was a fault. */
    insertScreenings(screenings: Iterable<ScreeningRecord>): void {
      connection.transaction(() => {
        for (const screening of screenings) connection.run(SCREEN, { ...screening });
      });
    },
    screenings(round: number): ScreeningRecord[] {
      return connection.all<ScreeningRecord>(
        `SELECT k.conjecture_id AS conjectureId, k.outcome, k.detail, k.parsed, k.statement_id AS statementId,
           k.type_hash AS typeHash
         FROM screenings k JOIN conjectures c ON c.id = k.conjecture_id WHERE c.round = @round ORDER BY c.id`,
        { round },
      );
    },
    /** The elaborated types that the screen has seen in the run, each with its first completion: for finding duplicates. */
    idsByTypeHash(): Map<string, string> {
      const sql = `SELECT type_hash AS hash, min(conjecture_id) AS id FROM screenings
        WHERE type_hash IS NOT NULL GROUP BY type_hash`;
      return new Map(connection.all<{ hash: string; id: string }>(sql).map(({ hash, id }) => [hash, id]));
    },
    /** How many were proposed, and how many had each outcome. */
    outcomes(round: number): { proposed: number; screened: Partial<Record<ScreenOutcome, number>> } {
      const rows = connection.all<{ outcome: ScreenOutcome | null; count: number }>(
        `SELECT k.outcome, count(*) AS count FROM conjectures c LEFT JOIN screenings k ON k.conjecture_id = c.id
         WHERE c.round = @round GROUP BY k.outcome`,
        { round },
      );
      const screened: Partial<Record<ScreenOutcome, number>> = {};
      for (const { outcome, count } of rows) if (outcome !== null) screened[outcome] = count;
      return { proposed: rows.reduce((sum, row) => sum + row.count, 0), screened };
    },
  };
}

const INSERT = `INSERT INTO conjectures
  (id, round, seed_id, seed_proof, lemma_name, lemma_text, policy_version, prompt, text, tokens, logprobs,
   finish, sampler, seed)
  VALUES (@id, @round, @seedId, @seedProof, @lemmaName, @lemmaText, @policyVersion, @prompt, @text, @tokens, @logprobs,
   @finish, @sampler, @seed) ON CONFLICT (id) DO NOTHING`;

const SELECT = `SELECT c.*, p.text AS prompt_text, p.tokens AS prompt_tokens
  FROM conjectures c JOIN prompts p ON p.id = c.prompt`;

const SCREEN = `INSERT INTO screenings (conjecture_id, outcome, detail, parsed, statement_id, type_hash)
  VALUES (@conjectureId, @outcome, @detail, @parsed, @statementId, @typeHash)
  ON CONFLICT (conjecture_id) DO UPDATE SET outcome = excluded.outcome, detail = excluded.detail,
    parsed = excluded.parsed, statement_id = excluded.statement_id, type_hash = excluded.type_hash WHERE screenings.outcome = 'fault'`;

interface ConjectureRow extends SampleRow {
  readonly seed_id: string;
  readonly seed_proof: string;
  readonly lemma_name: string;
  readonly lemma_text: string;
}

function conjectureOf(row: ConjectureRow): ConjectureRecord {
  return {
    ...sampleOf(row),
    seedId: row.seed_id,
    seedProof: row.seed_proof,
    lemmaName: row.lemma_name,
    lemmaText: row.lemma_text,
  };
}
