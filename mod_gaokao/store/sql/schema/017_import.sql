-- Imports of tables (jobs/import.h): the file as it came, what its columns mean, its rows with their verdicts. Whatever holds
-- people's data is sealed: a row about a candidate under the candidate's own key, everything else under the import's.
CREATE TABLE import (
  id @PK@,
  season_id BIGINT NOT NULL,
  account_id BIGINT NOT NULL,
  org_path @PATH@ NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('reading', 'mapping', 'ready', 'unreadable', 'applying', 'applied', 'undoing', 'undone', 'gone')),
  job_id BIGINT NOT NULL DEFAULT 0,
  record_key BIGINT NOT NULL DEFAULT 0,
  bytes BIGINT NOT NULL,
  digest TEXT NOT NULL,
  key_id TEXT NOT NULL DEFAULT '',
  head @BLOB@ NOT NULL,
  wish TEXT NOT NULL DEFAULT '{}',
  counts TEXT NOT NULL DEFAULT '{}',
  fault TEXT,
  version BIGINT NOT NULL DEFAULT 1,
  created_us BIGINT NOT NULL,
  changed_us BIGINT NOT NULL
);
CREATE INDEX import_scope ON import (org_path, id);
CREATE INDEX import_state ON import (state, created_us);
CREATE INDEX import_key ON import (record_key);

CREATE TABLE import_file (
  import_id BIGINT NOT NULL REFERENCES import (id),
  n BIGINT NOT NULL,
  key_id TEXT NOT NULL DEFAULT '',
  body @BLOB@ NOT NULL,
  PRIMARY KEY (import_id, n)
);

CREATE TABLE import_row (
  import_id BIGINT NOT NULL REFERENCES import (id),
  n BIGINT NOT NULL,
  candidate_id BIGINT NOT NULL DEFAULT 0,
  verdict TEXT NOT NULL,
  bad BIGINT NOT NULL,
  outcome TEXT NOT NULL DEFAULT '',
  record_key BIGINT NOT NULL DEFAULT 0,
  key_id TEXT NOT NULL DEFAULT '',
  body @BLOB@ NOT NULL,
  PRIMARY KEY (import_id, n)
);

-- What a unit's headings mean, by the hand that put them right.
CREATE TABLE import_heading (
  org_path @PATH@ NOT NULL,
  kind TEXT NOT NULL,
  heading TEXT NOT NULL,
  target TEXT NOT NULL,
  changed_us BIGINT NOT NULL,
  PRIMARY KEY (org_path, kind, heading)
);
