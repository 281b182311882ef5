-- Index keys can change (domain/rotation.h). Meanwhile the indexes under the newer key stand here, unique like the others;
-- afterwards they are moved to the records and this is empty.
CREATE TABLE candidate_next (
  candidate_id BIGINT PRIMARY KEY REFERENCES candidate (id),
  season_id BIGINT NOT NULL,
  id_index TEXT,
  tail_index TEXT,
  twin_index TEXT
);
CREATE UNIQUE INDEX candidate_next_id_index ON candidate_next (season_id, id_index);

-- The number behind an index that a correction left, sealed under the candidate's key, so that it can be indexed anew;
-- index_key: under which key id_index is ('' from before).
ALTER TABLE candidate_former ADD COLUMN index_key TEXT NOT NULL DEFAULT '';
ALTER TABLE candidate_former ADD COLUMN key_id TEXT NOT NULL DEFAULT '';
ALTER TABLE candidate_former ADD COLUMN body @BLOB@;
