-- Pictures of candidates (domain/photo.h), one row each, none is ever overwritten. state: accepted (the record's photo, at
-- most one), look (somebody must look, at most one), refused, retake (asked for again), replaced (by a later one), chip (from
-- the card, shown beside it). picture is our own JPEG, cut the crop that the checks proposed ('' without one), report
-- {"report", "decision"}: all sealed under the record's key.
-- measures: the raw numbers of the checks by name, in clear, so that limits can be tried on all of them at once.
CREATE TABLE photo (
  id @PK@,
  season_id BIGINT NOT NULL,
  candidate_id BIGINT NOT NULL REFERENCES candidate (id),
  org_path @PATH@ NOT NULL,
  state TEXT NOT NULL,
  source TEXT NOT NULL,
  verdict TEXT NOT NULL,
  width_px BIGINT NOT NULL,
  height_px BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  digest TEXT NOT NULL,
  measures TEXT NOT NULL,
  key_id TEXT NOT NULL DEFAULT '',
  picture @BLOB@ NOT NULL,
  cut @BLOB@ NOT NULL,
  report @BLOB@ NOT NULL,
  made_from BIGINT NOT NULL DEFAULT 0,
  taken_by BIGINT NOT NULL,
  taken_us BIGINT NOT NULL,
  decided_by BIGINT NOT NULL DEFAULT 0,
  decided_us BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX photo_candidate ON photo (candidate_id, id);
CREATE UNIQUE INDEX photo_accepted ON photo (candidate_id) WHERE state = 'accepted';
CREATE UNIQUE INDEX photo_look ON photo (candidate_id) WHERE state = 'look';
CREATE INDEX photo_queue ON photo (season_id, state, org_path, id);
