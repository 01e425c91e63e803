/** Embeddings of the statements that a selection compared, so that it can be made again without the model. */
import { halvesFromBlob, halvesToBlob } from './blobs.ts';
import type { Connection } from './connection.ts';

export function embeddingsTable(connection: Connection) {
  return {
    /** Stored as 16-bit floats; the first of a statement in a round stays. */
    insert(round: number, vectors: ReadonlyMap<string, ArrayLike<number>>): void {
      connection.transaction(() => {
        for (const [statementId, vector] of vectors)
          connection.run(
            `INSERT INTO embeddings (round, statement_id, vector) VALUES (@round, @statementId, @vector)
             ON CONFLICT (round, statement_id) DO NOTHING`,
            { round, statementId, vector: halvesToBlob(vector) },
          );
      });
    },
    /** Statement id → vector; empty where the round's selection needed none. */
    ofRound(round: number): Map<string, readonly number[]> {
      const rows = connection.all<{ id: string; vector: Uint8Array }>(
        'SELECT statement_id AS id, vector FROM embeddings WHERE round = @round ORDER BY statement_id',
        { round },
      );
      return new Map(rows.map(({ id, vector }) => [id, halvesFromBlob(vector)]));
    },
  };
}
