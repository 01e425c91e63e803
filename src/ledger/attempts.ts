/** Attempts: every sampled proof with its tokens and log-probs, judged or not yet. */
import type { Connection, Parameters } from './connection.ts';
import { listFromJson } from './lists.ts';
import type { AttemptRecord, JudgedAttempt, Purpose } from './records.ts';
import { promptInterner, type SampleRow, sampleOf, sampleParameters } from './samples.ts';

/** One round's attempts of one purpose. */
export interface AttemptSet {
  readonly round: number;
  readonly purpose: Purpose;
  /** Only the attempts at each statement from this index on. */
  readonly from?: number;
  /** Only the first so many attempts at each statement. */
  readonly below?: number;
}

/** An attempt as far as a judge is concerned. */
export interface PendingAttempt {
  readonly id: string;
  readonly statementId: string;
  readonly text: string;
}

export interface PendingOptions {
  readonly retryFaults?: boolean;
}

const PAGE = 1000;

export function attemptsTable(connection: Connection) {
  return {
    /** An id that is there already stays as it is. */
    insert(attempts: Iterable<AttemptRecord>): void {
      connection.transaction(() => {
        const prompt = promptInterner(connection);
        for (const attempt of attempts) {
          const { purpose, statementId, index } = attempt;
          const sample = sampleParameters(attempt, prompt(attempt.prompt, attempt.promptTokens));
          connection.run(INSERT, { ...sample, purpose, statementId, index });
        }
      });
    },
    get(id: string): AttemptRecord | undefined {
      const row = connection.get<AttemptRow>(`${SELECT} WHERE a.id = @id`, { id });
      return row && attemptOf(row);
    },
    /** Ids there already, so that a resumed step samples only the rest. */
    ids(set: AttemptSet): Set<string> {
      const rows = connection.all<{ id: string }>(
        `SELECT a.id FROM attempts a WHERE ${IN_SET}`,
        parametersOf(set),
      );
      return new Set(rows.map((row) => row.id));
    },
    /** The statements that these attempts were made at, and how many at each. */
    countsByStatement(set: AttemptSet): { statementId: string; count: number }[] {
      return connection.all(
        `SELECT a.statement_id AS statementId, count(*) AS count FROM attempts a WHERE ${IN_SET}
         GROUP BY a.statement_id ORDER BY a.statement_id`,
        parametersOf(set),
      );
    },
    /**
     * Attempts without a verdict, statement by statement; with `retryFaults`, those that ended in a fault too. Read a
     * page at a time: what is inserted meanwhile behind the reader is not among them, what is judged before it is not either.
     */
    *pending(set: AttemptSet, options: PendingOptions = {}): Generator<PendingAttempt> {
      let after = { statementId: '', index: -1, id: '' };
      for (;;) {
        const rows = connection.all<PendingAttempt & { index: number }>(
          `SELECT a.id, a.statement_id AS statementId, a.sample_index AS "index", a.text ${pendingIn(options)}
           AND (a.statement_id, a.sample_index, a.id) > (@statementId, @index, @id)
           ORDER BY a.statement_id, a.sample_index, a.id LIMIT ${PAGE}`,
          { ...parametersOf(set), ...after },
        );
        for (const { id, statementId, text } of rows) yield { id, statementId, text };
        const last = rows.at(-1);
        if (last === undefined) return;
        after = { statementId: last.statementId, index: last.index, id: last.id };
      }
    },
    pendingCount(set: AttemptSet, options: PendingOptions = {}): number {
      const sql = `SELECT count(*) AS count ${pendingIn(options)}`;
      return connection.get<{ count: number }>(sql, parametersOf(set))?.count ?? 0;
    },
    /** The judged attempts of each statement, one statement at a time, faults included. */
    *judgedGroups(set: AttemptSet): Generator<{ statementId: string; attempts: JudgedAttempt[] }> {
      const statements = connection.all<{ id: string }>(
        `SELECT DISTINCT a.statement_id AS id FROM attempts a WHERE ${IN_SET} ORDER BY a.statement_id`,
        parametersOf(set),
      );
      for (const { id } of statements) {
        const attempts = connection
          .all<JudgedRow>(JUDGED_GROUP, { ...parametersOf(set), statementId: id })
          .map(judgedOf);
        if (attempts.length > 0) yield { statementId: id, attempts };
      }
    },
    /** How many attempts, and how many tokens were sampled for them. */
    totals(set: AttemptSet): { attempts: number; tokens: number } {
      const sql = `SELECT count(*) AS attempts, coalesce(sum(length(a.tokens)) / 4, 0) AS tokens
        FROM attempts a WHERE ${IN_SET}`;
      return (
        connection.get<{ attempts: number; tokens: number }>(sql, parametersOf(set)) ?? {
          attempts: 0,
          tokens: 0,
        }
      );
    },
  };
}

export const IN_SET = `a.round = @round AND a.purpose = @purpose
  AND (@from IS NULL OR a.sample_index >= @from) AND (@below IS NULL OR a.sample_index < @below)`;

export function parametersOf({ round, purpose, from, below }: AttemptSet): Parameters {
  return { round, purpose, from: from ?? null, below: below ?? null };
}

const pendingIn = ({ retryFaults = false }: PendingOptions) =>
  `FROM attempts a LEFT JOIN verdicts v ON v.attempt_id = a.id
   WHERE ${IN_SET} AND (v.attempt_id IS NULL ${retryFaults ? "OR v.verdict = 'fault'" : ''})`;

const INSERT = `INSERT INTO attempts
  (id, round, purpose, statement_id, sample_index, policy_version, prompt, text, tokens, logprobs, finish, sampler, seed)
  VALUES (@id, @round, @purpose, @statementId, @index, @policyVersion, @prompt, @text, @tokens, @logprobs, @finish,
   @sampler, @seed) ON CONFLICT (id) DO NOTHING`;

const SELECT = `SELECT a.*, p.text AS prompt_text, p.tokens AS prompt_tokens
  FROM attempts a JOIN prompts p ON p.id = a.prompt`;

const JUDGED_GROUP = `SELECT a.*, p.text AS prompt_text, p.tokens AS prompt_tokens,
    v.verdict, v.reason, v.axioms, v.premises, v.ms
  FROM attempts a JOIN prompts p ON p.id = a.prompt JOIN verdicts v ON v.attempt_id = a.id
  WHERE ${IN_SET} AND a.statement_id = @statementId ORDER BY a.sample_index, a.id`;

interface AttemptRow extends SampleRow {
  readonly purpose: Purpose;
  readonly statement_id: string;
  readonly sample_index: number;
}

interface JudgedRow extends AttemptRow {
  readonly verdict: JudgedAttempt['verdict'];
  readonly reason: string;
  readonly axioms: string;
  readonly premises: string;
  readonly ms: number;
}

function attemptOf(row: AttemptRow): AttemptRecord {
  return { ...sampleOf(row), purpose: row.purpose, statementId: row.statement_id, index: row.sample_index };
}

function judgedOf(row: JudgedRow): JudgedAttempt {
  const { verdict, reason, ms } = row;
  return {
    ...attemptOf(row),
    verdict,
    reason,
    ms,
    axioms: listFromJson(row.axioms),
    premises: listFromJson(row.premises),
  };
}
