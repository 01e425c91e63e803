/**
 * The schema's history, forward only: entry i takes a database from `user_version` i to i + 1. An entry that was
 * released is never edited; a change is a new entry.
 *
 * Prompts are stored once and referred to, because the K samples of a statement share theirs. Token ids are blobs of
 * little-endian int32, log-probs of float32.
 */

const FIRST = `
CREATE TABLE run (
  one         INTEGER PRIMARY KEY CHECK (one = 1),
  id          TEXT NOT NULL,
  config      TEXT NOT NULL,
  seed        INTEGER NOT NULL,
  toolchain   TEXT NOT NULL,
  versions    TEXT NOT NULL,
  started_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE policies (
  version     TEXT PRIMARY KEY,
  parent      TEXT,
  bundle_hash TEXT,
  path        TEXT NOT NULL,
  created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE rounds (
  number      INTEGER PRIMARY KEY,
  policy_in   TEXT NOT NULL,
  policy_out  TEXT
) STRICT;

CREATE TABLE steps (
  round       INTEGER NOT NULL,
  step        TEXT NOT NULL,
  status      TEXT NOT NULL CHECK (status IN ('started', 'done')),
  started_at  INTEGER NOT NULL,
  resumed_at  INTEGER NOT NULL, -- start of the latest try
  touched_at  INTEGER NOT NULL, -- its latest sign of life
  worked_ms   INTEGER NOT NULL, -- wall time of the tries before it
  finished_at INTEGER,
  PRIMARY KEY (round, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE prompts (
  id          INTEGER PRIMARY KEY,
  hash        BLOB NOT NULL UNIQUE,
  text        TEXT NOT NULL,
  tokens      BLOB NOT NULL
) STRICT;

CREATE TABLE statements (
  id          TEXT PRIMARY KEY,
  source      TEXT NOT NULL CHECK (source IN ('dataset', 'conjecture')),
  language    TEXT NOT NULL,
  header      TEXT NOT NULL,
  text        TEXT NOT NULL,
  forbidden   TEXT NOT NULL,
  type_hash   TEXT,
  constants   TEXT,
  dataset     TEXT,
  split       TEXT,
  name        TEXT,
  round       INTEGER,
  seed_id     TEXT,
  seed_proof  TEXT,
  lemma_name  TEXT,
  lemma_text  TEXT
) STRICT;
CREATE INDEX statements_by_type ON statements (type_hash);

CREATE TABLE conjectures (
  id             TEXT PRIMARY KEY,
  round          INTEGER NOT NULL,
  seed_id        TEXT NOT NULL,
  seed_proof     TEXT NOT NULL,
  lemma_name     TEXT NOT NULL,
  lemma_text     TEXT NOT NULL,
  policy_version TEXT NOT NULL,
  prompt         INTEGER NOT NULL REFERENCES prompts (id),
  text           TEXT NOT NULL,
  tokens         BLOB NOT NULL,
  logprobs       BLOB NOT NULL,
  finish         TEXT NOT NULL,
  sampler        TEXT NOT NULL,
  seed           INTEGER NOT NULL
) STRICT;
CREATE INDEX conjectures_by_round ON conjectures (round);

CREATE TABLE screenings (
  conjecture_id TEXT PRIMARY KEY REFERENCES conjectures (id),
  outcome       TEXT NOT NULL,
  detail        TEXT NOT NULL,
  parsed        TEXT NOT NULL,
  statement_id  TEXT REFERENCES statements (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
  id             TEXT PRIMARY KEY,
  round          INTEGER NOT NULL,
  purpose        TEXT NOT NULL CHECK (purpose IN ('seed', 'prove', 'evaluate')),
  statement_id   TEXT NOT NULL REFERENCES statements (id),
  sample_index   INTEGER NOT NULL,
  policy_version TEXT NOT NULL,
  prompt         INTEGER NOT NULL REFERENCES prompts (id),
  text           TEXT NOT NULL,
  tokens         BLOB NOT NULL,
  logprobs       BLOB NOT NULL,
  finish         TEXT NOT NULL,
  sampler        TEXT NOT NULL,
  seed           INTEGER NOT NULL
) STRICT;
CREATE INDEX attempts_by_group ON attempts (round, purpose, statement_id, sample_index);
CREATE INDEX attempts_by_statement ON attempts (statement_id);

CREATE TABLE verdicts (
  attempt_id  TEXT PRIMARY KEY REFERENCES attempts (id),
  verdict     TEXT NOT NULL CHECK (verdict IN ('proved', 'rejected', 'forbidden', 'timeout', 'memory', 'fault')),
  reason      TEXT NOT NULL,
  axioms      TEXT NOT NULL,
  premises    TEXT NOT NULL,
  ms          REAL NOT NULL,
  toolchain   TEXT NOT NULL,
  judged_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX verdicts_proved ON verdicts (attempt_id) WHERE verdict = 'proved';

CREATE TABLE selections (
  round        INTEGER NOT NULL,
  statement_id TEXT NOT NULL REFERENCES statements (id),
  outcome      TEXT NOT NULL,
  proved       INTEGER NOT NULL,
  judged       INTEGER NOT NULL,
  elegance     REAL,
  PRIMARY KEY (round, statement_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE bundles (
  hash        TEXT PRIMARY KEY,
  round       INTEGER NOT NULL,
  row_count   INTEGER NOT NULL,
  token_count INTEGER NOT NULL,
  path        TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE weights (
  bundle_hash TEXT NOT NULL,
  role        TEXT NOT NULL CHECK (role IN ('prover', 'conjecturer')),
  sample_id   TEXT NOT NULL,
  objective   TEXT NOT NULL,
  reward      REAL,
  c           INTEGER NOT NULL,
  k           INTEGER NOT NULL,
  weight      REAL NOT NULL,
  PRIMARY KEY (bundle_hash, role, sample_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE metrics (
  round INTEGER NOT NULL,
  name  TEXT NOT NULL,
  value REAL NOT NULL,
  PRIMARY KEY (round, name)
) STRICT, WITHOUT ROWID;

-- Accepted proofs that may be learned from: held-out evaluation is not among them.
CREATE VIEW proofs AS
  SELECT a.statement_id, a.id AS attempt_id, a.round, a.text, v.axioms, v.premises
  FROM attempts a JOIN verdicts v ON v.attempt_id = a.id
  WHERE v.verdict = 'proved' AND a.purpose <> 'evaluate';

-- The shortest proof of each proved statement; ties go to the smaller id.
CREATE VIEW best_proofs AS
  SELECT statement_id, attempt_id, round, text, axioms, premises FROM (
    SELECT *, row_number() OVER (PARTITION BY statement_id ORDER BY length(text), attempt_id) AS place FROM proofs
  ) WHERE place = 1;
`;

/** What an evaluation established before it sampled: which problems it left out and why, what it was checked against. */
const FACTS = `
CREATE TABLE facts (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;

/** How much the conjecturer learns from a kept conjecture, and what was kept as written from the trivial lemma. */
const SELECTION_WEIGHTS = `
ALTER TABLE selections ADD COLUMN weight REAL NOT NULL DEFAULT 1;
ALTER TABLE selections ADD COLUMN relabelled INTEGER NOT NULL DEFAULT 0;
`;

/** What matching compared, as float16: with it a selection can be made again without the model. */
const EMBEDDINGS = `
CREATE TABLE embeddings (
  round        INTEGER NOT NULL,
  statement_id TEXT NOT NULL REFERENCES statements (id),
  vector       BLOB NOT NULL,
  PRIMARY KEY (round, statement_id)
) STRICT, WITHOUT ROWID;
`;

/** What the token-level reward model said of each token of a weighted attempt, in the optimiser step it was used in. */
const TOKEN_SCORES = `
CREATE TABLE token_scores (
  bundle_hash TEXT NOT NULL REFERENCES bundles (hash),
  step        INTEGER NOT NULL,
  sample_id   TEXT NOT NULL,
  scores      BLOB NOT NULL,
  PRIMARY KEY (bundle_hash, step, sample_id)
) STRICT, WITHOUT ROWID;
`;

/** What the reference said of each token of an attempt, where an objective's weights depend on it. */
const REFERENCE_LOGPROBS = `
CREATE TABLE reference_logprobs (
  bundle_hash TEXT NOT NULL REFERENCES bundles (hash),
  sample_id   TEXT NOT NULL,
  logprobs    BLOB NOT NULL,
  PRIMARY KEY (bundle_hash, sample_id)
) STRICT, WITHOUT ROWID;
`;

/** What the screen dropped is known again in later rounds by its elaborated type. */
const SCREENED_TYPES = `
ALTER TABLE screenings ADD COLUMN type_hash TEXT;
`;

export const MIGRATIONS: readonly string[] = [
  FIRST,
  FACTS,
  SELECTION_WEIGHTS,
  EMBEDDINGS,
  TOKEN_SCORES,
  REFERENCE_LOGPROBS,
  SCREENED_TYPES,
];
