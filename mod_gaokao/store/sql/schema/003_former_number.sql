-- ID numbers that a record had before its correction (faults.md PE-10): they stay taken.
CREATE TABLE candidate_former (
  season_id BIGINT NOT NULL REFERENCES season (id),
  id_index TEXT NOT NULL,
  candidate_id BIGINT NOT NULL REFERENCES candidate (id),
  created_us BIGINT NOT NULL,
  PRIMARY KEY (season_id, id_index)
);
CREATE INDEX candidate_former_candidate ON candidate_former (candidate_id);
