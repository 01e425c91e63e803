/** Learning: bundles, the weight of every sequence in them, and the policy versions that came of it. */
import { floatsFromBlob, floatsToBlob } from './blobs.ts';
import type { Connection } from './connection.ts';
import type {
  BundleRecord,
  PolicyRecord,
  ReferenceRecord,
  TokenScoreRecord,
  WeightRecord,
} from './records.ts';

export function bundlesTable(connection: Connection) {
  return {
    bundles: {
      /** The bundle, its weights and what these were made from together; a hash that is there already stays as it is. */
      insert(
        bundle: BundleRecord,
        weights: Iterable<WeightRecord>,
        tokenScores: Iterable<TokenScoreRecord> = [],
        references: Iterable<ReferenceRecord> = [],
      ): void {
        connection.transaction(() => {
          connection.run(INSERT_BUNDLE, { ...bundle });
          for (const weight of weights) connection.run(INSERT_WEIGHT, { ...weight });
          for (const { scores, ...rest } of tokenScores)
            connection.run(INSERT_SCORES, { ...rest, scores: floatsToBlob(scores) });
          for (const { logprobs, ...rest } of references)
            connection.run(INSERT_REFERENCE, { ...rest, logprobs: floatsToBlob(logprobs) });
        });
      },
      list(): BundleRecord[] {
        return connection.all<BundleRecord>(
          'SELECT hash, round, row_count AS rows, token_count AS tokens, path FROM bundles ORDER BY round, hash',
        );
      },
      weights(bundleHash: string): WeightRecord[] {
        return connection.all<WeightRecord>(
          `SELECT bundle_hash AS bundleHash, role, sample_id AS sampleId, objective, reward, c, k, weight
           FROM weights WHERE bundle_hash = @bundleHash ORDER BY role, sample_id`,
          { bundleHash },
        );
      },
      /** Empty where no token-level reward model was in use. */
      tokenScores(bundleHash: string): TokenScoreRecord[] {
        return connection
          .all<Omit<TokenScoreRecord, 'scores'> & { scores: Uint8Array }>(
            `SELECT bundle_hash AS bundleHash, step, sample_id AS sampleId, scores
             FROM token_scores WHERE bundle_hash = @bundleHash ORDER BY step, sample_id`,
            { bundleHash },
          )
          .map(({ scores, ...rest }) => ({ ...rest, scores: floatsFromBlob(scores) }));
      },
      /** By sample; empty where the weights did not depend on a reference. */
      referenceLogprobs(bundleHash: string): ReadonlyMap<string, readonly number[]> {
        const rows = connection.all<{ sampleId: string; logprobs: Uint8Array }>(
          `SELECT sample_id AS sampleId, logprobs FROM reference_logprobs
           WHERE bundle_hash = @bundleHash ORDER BY sample_id`,
          { bundleHash },
        );
        return new Map(rows.map(({ sampleId, logprobs }) => [sampleId, floatsFromBlob(logprobs)]));
      },
    },
    policies: {
      insert(policy: PolicyRecord): void {
        connection.run(INSERT_POLICY, { ...policy });
      },
      get(version: string): PolicyRecord | undefined {
        return connection.get<PolicyRecord>(`${SELECT_POLICY} WHERE version = @version`, { version });
      },
      /** In the order they were made. */
      list(): PolicyRecord[] {
        return connection.all<PolicyRecord>(`${SELECT_POLICY} ORDER BY created_at, version`);
      },
    },
  };
}

const INSERT_BUNDLE = `INSERT INTO bundles (hash, round, row_count, token_count, path)
  VALUES (@hash, @round, @rows, @tokens, @path) ON CONFLICT (hash) DO NOTHING`;

const INSERT_WEIGHT = `INSERT INTO weights (bundle_hash, role, sample_id, objective, reward, c, k, weight)
  VALUES (@bundleHash, @role, @sampleId, @objective, @reward, @c, @k, @weight)
  ON CONFLICT (bundle_hash, role, sample_id) DO NOTHING`;

const INSERT_SCORES = `INSERT INTO token_scores (bundle_hash, step, sample_id, scores)
  VALUES (@bundleHash, @step, @sampleId, @scores) ON CONFLICT (bundle_hash, step, sample_id) DO NOTHING`;

const INSERT_REFERENCE = `INSERT INTO reference_logprobs (bundle_hash, sample_id, logprobs)
  VALUES (@bundleHash, @sampleId, @logprobs) ON CONFLICT (bundle_hash, sample_id) DO NOTHING`;

const INSERT_POLICY = `INSERT INTO policies (version, parent, bundle_hash, path, created_at)
  VALUES (@version, @parent, @bundleHash, @path, @createdAt) ON CONFLICT (version) DO NOTHING`;

const SELECT_POLICY =
  'SELECT version, parent, bundle_hash AS bundleHash, path, created_at AS createdAt FROM policies';
