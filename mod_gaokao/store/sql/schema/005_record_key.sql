-- Keys of single records, sealed under the data key named beside them. kind candidate: one a candidate, for everything
-- about it; reading: of a reading that belongs to no candidate (candidate_id is set when it turns out to); general: one a
-- season (0: none) for what concerns nobody; file: of a job's result. A destroyed key has an empty `wrapped`: what lies
-- under it can't be read any more. Values say key_id 'r' when they lie under their record's key.
CREATE TABLE record_key (
  id @PK@,
  season_id BIGINT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('candidate', 'reading', 'general', 'file')),
  candidate_id BIGINT NOT NULL DEFAULT 0,
  key_id TEXT NOT NULL,
  wrapped @BLOB@ NOT NULL,
  created_us BIGINT NOT NULL,
  destroyed_us BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX record_key_candidate ON record_key (candidate_id) WHERE kind = 'candidate';
CREATE INDEX record_key_reading ON record_key (candidate_id) WHERE kind = 'reading' AND candidate_id > 0;
CREATE UNIQUE INDEX record_key_general ON record_key (season_id) WHERE kind = 'general';

ALTER TABLE reading ADD COLUMN record_key_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE audit ADD COLUMN record_key_id BIGINT NOT NULL DEFAULT 0;
