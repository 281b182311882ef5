-- What the province gave back for correction (domain/returns.h): since when; 0: nothing is open. The reason lies sealed in the
-- candidate's part `return`.
ALTER TABLE candidate ADD COLUMN returned_us BIGINT NOT NULL DEFAULT 0;
CREATE INDEX candidate_returned ON candidate (season_id, org_path, id) WHERE returned_us > 0;
