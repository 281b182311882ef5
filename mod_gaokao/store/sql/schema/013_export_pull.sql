-- Pulls of the province (jobs/pull.h). A pull's mark is what it saw: on PostgreSQL a snapshot, against which each record's
-- xmin is held, so that saving costs nothing; on SQLite the number of export_epoch, which each pull raises and which a record
-- takes over when it is first changed afterwards.
CREATE TABLE export_pull (
  id @PK@,
  season_id BIGINT NOT NULL,
  account_id BIGINT NOT NULL,
  org_path @PATH@ NOT NULL,
  org_code TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('writing', 'ready', 'acknowledged', 'gone')),
  since_id BIGINT NOT NULL DEFAULT 0,
  art BIGINT NOT NULL,
  states TEXT NOT NULL,
  encoding TEXT NOT NULL,
  compression TEXT NOT NULL,
  part_records BIGINT NOT NULL,
  job_id BIGINT NOT NULL DEFAULT 0,
  pack_id BIGINT NOT NULL DEFAULT 0,
  token TEXT NOT NULL,
  mark TEXT,
  snapshot TEXT,
  owner TEXT,
  record_key BIGINT NOT NULL DEFAULT 0,
  records BIGINT NOT NULL DEFAULT 0,
  withdrawn BIGINT NOT NULL DEFAULT 0,
  bytes BIGINT NOT NULL DEFAULT 0,
  parts BIGINT NOT NULL DEFAULT 0,
  manifest TEXT,
  digest TEXT,
  accepted BIGINT NOT NULL DEFAULT 0,
  passed_over BIGINT NOT NULL DEFAULT 0,
  version BIGINT NOT NULL DEFAULT 1,
  created_us BIGINT NOT NULL,
  ready_us BIGINT NOT NULL DEFAULT 0,
  ended_us BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX export_pull_scope ON export_pull (org_path, id);
CREATE INDEX export_pull_state ON export_pull (state, id);

CREATE TABLE export_part (
  pull_id BIGINT NOT NULL REFERENCES export_pull (id),
  n BIGINT NOT NULL,
  records BIGINT NOT NULL,
  withdrawn BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  digest TEXT NOT NULL,
  PRIMARY KEY (pull_id, n)
);

CREATE TABLE export_epoch (n BIGINT NOT NULL);
INSERT INTO export_epoch (n) VALUES (1);

-- Which database this is: a copy that begins a life of its own gets another word here (docs/province.md, "Marks").
-- @sqlite
INSERT INTO setting (name, value) VALUES ('database_id', lower(hex(randomblob(16))));
ALTER TABLE candidate ADD COLUMN changed BIGINT NOT NULL DEFAULT 0;
CREATE TRIGGER candidate_changed AFTER UPDATE OF version ON candidate
WHEN NEW.changed <> (SELECT n FROM export_epoch WHERE n > 1)
BEGIN
  UPDATE candidate SET changed = (SELECT n FROM export_epoch) WHERE id = NEW.id;
END;
CREATE TRIGGER candidate_created AFTER INSERT ON candidate
WHEN NEW.changed <> (SELECT n FROM export_epoch WHERE n > 1)
BEGIN
  UPDATE candidate SET changed = (SELECT n FROM export_epoch) WHERE id = NEW.id;
END;
-- @pgsql
INSERT INTO setting (name, value) VALUES ('database_id', replace(CAST(gen_random_uuid() AS TEXT), '-', ''));
