-- The life of a policy pack (domain/pack_life.h) and its dry runs (domain/rehearsal.h).

-- base_id: the pack a draft was made from. revision: for If-Match, raised by each step.
ALTER TABLE pack ADD COLUMN base_id BIGINT;
ALTER TABLE pack ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE pack ADD COLUMN revision BIGINT NOT NULL DEFAULT 1;
ALTER TABLE pack ADD COLUMN approved_by BIGINT;
ALTER TABLE pack ADD COLUMN approved_us BIGINT NOT NULL DEFAULT 0;
ALTER TABLE pack ADD COLUMN activate_us BIGINT NOT NULL DEFAULT 0;
ALTER TABLE pack ADD COLUMN activated_by BIGINT;
ALTER TABLE pack ADD COLUMN activated_us BIGINT NOT NULL DEFAULT 0;
ALTER TABLE pack ADD COLUMN reason TEXT NOT NULL DEFAULT '';
-- One activation waits at a time.
CREATE UNIQUE INDEX pack_scheduled ON pack (season_id) WHERE state = 'scheduled';

-- after_id is where a run that was stopped goes on; counts is JSON by rule and by county, with ids of samples and no value
-- of anybody.
CREATE TABLE rehearsal (
  id @PK@,
  season_id BIGINT NOT NULL,
  pack_id BIGINT NOT NULL REFERENCES pack (id),
  pack_digest TEXT NOT NULL,
  base_id BIGINT NOT NULL,
  job_id BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'done')),
  after_id BIGINT NOT NULL DEFAULT 0,
  done BIGINT NOT NULL DEFAULT 0,
  failing BIGINT NOT NULL DEFAULT 0,
  passing BIGINT NOT NULL DEFAULT 0,
  other BIGINT NOT NULL DEFAULT 0,
  counts TEXT NOT NULL DEFAULT '{}',
  created_us BIGINT NOT NULL,
  finished_us BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX rehearsal_pack ON rehearsal (pack_id, id);

-- Records that the two packs judge differently. confirmed: signed by then. decision: keep or return, by the province.
CREATE TABLE rehearsal_record (
  rehearsal_id BIGINT NOT NULL REFERENCES rehearsal (id),
  candidate_id BIGINT NOT NULL,
  org_path @PATH@ NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('failing', 'passing', 'other')),
  confirmed BIGINT NOT NULL,
  rules TEXT NOT NULL,
  decision TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (rehearsal_id, candidate_id)
);
