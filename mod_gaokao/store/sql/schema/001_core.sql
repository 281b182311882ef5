-- The first schema. Times are microseconds UTC (…_us); yes/no is 0/1; money is fen. org_path is the path of the
-- unit that owns a row ("/43/4301/430102/4301020007/", codes of fixed length per level), compared as bytes: the
-- scope of every statement is a range over it.

CREATE TABLE setting (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

CREATE TABLE season (
  id @PK@,
  year BIGINT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  is_real BIGINT NOT NULL DEFAULT 0,
  active BIGINT NOT NULL DEFAULT 0,
  pack_id BIGINT,
  created_us BIGINT NOT NULL
);
CREATE UNIQUE INDEX season_active ON season (active) WHERE active = 1;

CREATE TABLE pack (
  id @PK@,
  season_id BIGINT NOT NULL REFERENCES season (id),
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  digest TEXT NOT NULL,
  body @BLOB@ NOT NULL,
  state TEXT NOT NULL,
  created_by BIGINT,
  created_us BIGINT NOT NULL,
  UNIQUE (season_id, name, version)
);

CREATE TABLE org (
  id @PK@,
  parent_id BIGINT REFERENCES org (id),
  level TEXT NOT NULL CHECK (level IN ('province', 'city', 'county', 'point')),
  code TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  path @PATH@ NOT NULL UNIQUE,
  profile TEXT NOT NULL DEFAULT '{}',
  enabled BIGINT NOT NULL DEFAULT 1,
  version BIGINT NOT NULL DEFAULT 1,
  created_us BIGINT NOT NULL,
  updated_us BIGINT NOT NULL
);
CREATE INDEX org_parent ON org (parent_id, code);
CREATE INDEX org_closed ON org (path) WHERE enabled = 0;

-- realm: staff or candidate. A candidate's login is the registration number of its season (season_id 0: staff).
CREATE TABLE account (
  id @PK@,
  realm TEXT NOT NULL CHECK (realm IN ('staff', 'candidate')),
  season_id BIGINT NOT NULL DEFAULT 0,
  login TEXT NOT NULL,
  role TEXT NOT NULL,
  org_id BIGINT NOT NULL REFERENCES org (id),
  org_path @PATH@ NOT NULL,
  candidate_id BIGINT,
  display_name TEXT NOT NULL DEFAULT '',
  enabled BIGINT NOT NULL DEFAULT 1,
  generation BIGINT NOT NULL DEFAULT 1,
  slip_generation BIGINT NOT NULL DEFAULT 1,
  password TEXT,
  totp @BLOB@,
  totp_step BIGINT NOT NULL DEFAULT 0,
  failures BIGINT NOT NULL DEFAULT 0,
  blocked_until_us BIGINT NOT NULL DEFAULT 0,
  version BIGINT NOT NULL DEFAULT 1,
  created_by BIGINT,
  created_us BIGINT NOT NULL,
  updated_us BIGINT NOT NULL,
  signed_in_us BIGINT NOT NULL DEFAULT 0,
  UNIQUE (realm, season_id, login)
);
CREATE INDEX account_scope ON account (org_path, realm, login);
CREATE INDEX account_candidate ON account (candidate_id);

-- Browsers that signed in with an account before, by the digest of their cookie: they have a count of failures of their
-- own, so that strangers who guess can't keep the owner out.
CREATE TABLE known_browser (
  account_id BIGINT NOT NULL REFERENCES account (id),
  browser TEXT NOT NULL,
  failures BIGINT NOT NULL DEFAULT 0,
  blocked_until_us BIGINT NOT NULL DEFAULT 0,
  seen_us BIGINT NOT NULL,
  PRIMARY KEY (account_id, browser)
);

-- Failed sign-ins of names that nobody has, by a keyed digest of the name: they wait as long as real ones do.
CREATE TABLE sign_in_miss (
  bucket BIGINT PRIMARY KEY,
  failures BIGINT NOT NULL,
  blocked_until_us BIGINT NOT NULL,
  updated_us BIGINT NOT NULL
);

-- Sessions ended before they expire.
CREATE TABLE ended_session (
  session_id TEXT PRIMARY KEY,
  expires_us BIGINT NOT NULL
);
CREATE INDEX ended_session_expiry ON ended_session (expires_us);

-- Serials first..last of one county belong to one point and subject; next is the next to be given (last + 1: full).
CREATE TABLE number_range (
  id @PK@,
  season_id BIGINT NOT NULL REFERENCES season (id),
  org_id BIGINT NOT NULL REFERENCES org (id),
  org_path @PATH@ NOT NULL,
  county_code TEXT NOT NULL,
  subject TEXT NOT NULL,
  first BIGINT NOT NULL CHECK (first >= 1),
  last BIGINT NOT NULL CHECK (last <= 9999 AND last >= first),
  next BIGINT NOT NULL,
  version BIGINT NOT NULL DEFAULT 1,
  created_us BIGINT NOT NULL,
  updated_us BIGINT NOT NULL,
  CHECK (next >= first AND next <= last + 1)
);
CREATE INDEX number_range_use ON number_range (season_id, org_id, subject, first);
CREATE INDEX number_range_scope ON number_range (season_id, org_path, subject, first);
CREATE INDEX number_range_county ON number_range (season_id, county_code, first);
-- @pgsql
ALTER TABLE number_range ADD CONSTRAINT number_range_overlap EXCLUDE USING gist
  (int8range((season_id * 10000 + CAST(county_code AS BIGINT)) * 10000 + first,
             (season_id * 10000 + CAST(county_code AS BIGINT)) * 10000 + last, '[]') WITH &&);
-- @sqlite
CREATE TRIGGER number_range_overlap_insert BEFORE INSERT ON number_range
WHEN EXISTS (SELECT 1 FROM number_range r WHERE r.season_id = NEW.season_id AND r.county_code = NEW.county_code
             AND r.first <= NEW.last AND r.last >= NEW.first)
BEGIN SELECT RAISE(ABORT, 'number_range_overlap'); END;
CREATE TRIGGER number_range_overlap_update BEFORE UPDATE OF first, last, county_code, season_id ON number_range
WHEN EXISTS (SELECT 1 FROM number_range r WHERE r.season_id = NEW.season_id AND r.county_code = NEW.county_code
             AND r.first <= NEW.last AND r.last >= NEW.first AND r.id <> NEW.id)
BEGIN SELECT RAISE(ABORT, 'number_range_overlap'); END;
-- @both

-- doc holds all fields as one JSON object under key key_id ('' until encryption at rest is on). The other columns
-- repeat what lists, counts and uniqueness need. id_index, tail_index, twin_index are keyed digests of the ID
-- number, its last four characters, and name with birth date.
CREATE TABLE candidate (
  id @PK@,
  season_id BIGINT NOT NULL REFERENCES season (id),
  org_id BIGINT NOT NULL REFERENCES org (id),
  org_path @PATH@ NOT NULL,
  number TEXT,
  candidate_number TEXT,
  range_id BIGINT,
  subject TEXT NOT NULL,
  art BIGINT NOT NULL DEFAULT 0,
  state TEXT NOT NULL,
  version BIGINT NOT NULL DEFAULT 1,
  name TEXT NOT NULL,
  school TEXT NOT NULL DEFAULT '',
  class TEXT NOT NULL DEFAULT '',
  id_index TEXT,
  tail_index TEXT,
  twin_index TEXT,
  twin_flag BIGINT NOT NULL DEFAULT 0,
  identified BIGINT NOT NULL DEFAULT 0,
  approval TEXT NOT NULL DEFAULT 'not_needed',
  key_id TEXT NOT NULL DEFAULT '',
  doc @BLOB@ NOT NULL,
  pack_id BIGINT NOT NULL,
  pledged_us BIGINT NOT NULL DEFAULT 0,
  proof_version BIGINT NOT NULL DEFAULT 0,
  confirmed_version BIGINT NOT NULL DEFAULT 0,
  papers_state TEXT NOT NULL DEFAULT 'none',
  fee_state TEXT NOT NULL DEFAULT 'none',
  fee_fen BIGINT NOT NULL DEFAULT 0,
  review_state TEXT NOT NULL DEFAULT 'none',
  photo_state TEXT NOT NULL DEFAULT 'none',
  appraisal_state TEXT NOT NULL DEFAULT 'none',
  examination_state TEXT NOT NULL DEFAULT 'none',
  grades_state TEXT NOT NULL DEFAULT 'none',
  bonus_state TEXT NOT NULL DEFAULT 'none',
  created_us BIGINT NOT NULL,
  updated_us BIGINT NOT NULL
);
CREATE UNIQUE INDEX candidate_id_index ON candidate (season_id, id_index);
CREATE UNIQUE INDEX candidate_number ON candidate (season_id, number);
CREATE UNIQUE INDEX candidate_candidate_number ON candidate (season_id, candidate_number);
CREATE INDEX candidate_scope ON candidate (season_id, org_path, number);
CREATE INDEX candidate_state ON candidate (season_id, state, org_path, number);
CREATE INDEX candidate_name ON candidate (season_id, name, org_path);
CREATE INDEX candidate_tail ON candidate (season_id, tail_index, org_path);
CREATE INDEX candidate_twin ON candidate (season_id, twin_index);
CREATE INDEX candidate_class ON candidate (org_id, class, number);

-- Papers, fee, review, photo, appraisal, examination, grades, bonus: one row a candidate and kind.
CREATE TABLE candidate_part (
  candidate_id BIGINT NOT NULL REFERENCES candidate (id),
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  key_id TEXT NOT NULL DEFAULT '',
  body @BLOB@ NOT NULL,
  version BIGINT NOT NULL DEFAULT 1,
  updated_by BIGINT NOT NULL,
  updated_us BIGINT NOT NULL,
  PRIMARY KEY (candidate_id, kind)
);

CREATE TABLE fee (
  id @PK@,
  season_id BIGINT NOT NULL,
  candidate_id BIGINT NOT NULL REFERENCES candidate (id),
  org_path @PATH@ NOT NULL,
  fen BIGINT NOT NULL,
  receipt TEXT NOT NULL,
  paid_by BIGINT NOT NULL,
  paid_us BIGINT NOT NULL,
  cancelled_by BIGINT,
  cancelled_us BIGINT NOT NULL DEFAULT 0,
  cancel_reason TEXT
);
CREATE UNIQUE INDEX fee_receipt ON fee (season_id, receipt);
CREATE UNIQUE INDEX fee_open ON fee (candidate_id) WHERE cancelled_us = 0;
CREATE INDEX fee_candidate ON fee (candidate_id, id);

CREATE TABLE reading (
  id @PK@,
  season_id BIGINT NOT NULL,
  org_id BIGINT NOT NULL,
  org_path @PATH@ NOT NULL,
  candidate_id BIGINT,
  device_id BIGINT,
  jti TEXT NOT NULL,
  purpose TEXT NOT NULL,
  verdict TEXT NOT NULL,
  key_id TEXT NOT NULL DEFAULT '',
  body @BLOB@ NOT NULL,
  taken_us BIGINT NOT NULL,
  received_by BIGINT,
  received_us BIGINT NOT NULL,
  UNIQUE (season_id, jti)
);
CREATE INDEX reading_candidate ON reading (candidate_id, id);
CREATE INDEX reading_scope ON reading (season_id, org_path, id);

-- The version of a record that a proof sheet shows.
CREATE TABLE proof (
  id @PK@,
  candidate_id BIGINT NOT NULL REFERENCES candidate (id),
  version BIGINT NOT NULL,
  key_id TEXT NOT NULL DEFAULT '',
  doc @BLOB@ NOT NULL,
  digest TEXT NOT NULL,
  pack_id BIGINT NOT NULL,
  printed_by BIGINT NOT NULL,
  printed_us BIGINT NOT NULL,
  UNIQUE (candidate_id, version)
);

CREATE TABLE confirmation (
  id @PK@,
  candidate_id BIGINT NOT NULL REFERENCES candidate (id),
  version BIGINT NOT NULL,
  proof_id BIGINT NOT NULL REFERENCES proof (id),
  reading_id BIGINT,
  digest TEXT NOT NULL,
  pack_id BIGINT NOT NULL,
  confirmed_by BIGINT NOT NULL,
  confirmed_us BIGINT NOT NULL,
  voided_by BIGINT,
  voided_us BIGINT NOT NULL DEFAULT 0,
  void_reason TEXT
);
CREATE UNIQUE INDEX confirmation_open ON confirmation (candidate_id) WHERE voided_us = 0;

CREATE TABLE submission (
  id @PK@,
  season_id BIGINT NOT NULL,
  org_id BIGINT NOT NULL REFERENCES org (id),
  org_path @PATH@ NOT NULL,
  level TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('art', 'all')),
  state TEXT NOT NULL CHECK (state IN ('submitted', 'accepted', 'returned')),
  total BIGINT NOT NULL,
  counts TEXT NOT NULL,
  digest TEXT NOT NULL,
  submitted_by BIGINT NOT NULL,
  submitted_us BIGINT NOT NULL,
  decided_by BIGINT,
  decided_us BIGINT NOT NULL DEFAULT 0,
  reason TEXT,
  version BIGINT NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX submission_open ON submission (season_id, org_id, kind) WHERE state <> 'returned';
CREATE INDEX submission_scope ON submission (season_id, org_path, id);

-- Counters of candidate numbers per county and subject.
CREATE TABLE candidate_number_counter (
  season_id BIGINT NOT NULL,
  county_code TEXT NOT NULL,
  subject TEXT NOT NULL,
  next BIGINT NOT NULL,
  PRIMARY KEY (season_id, county_code, subject)
);

-- kind: window (an action is open in a region), slot (within a window, only this region's turn), extension.
CREATE TABLE open_window (
  id @PK@,
  season_id BIGINT NOT NULL,
  action TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('window', 'slot', 'extension')),
  org_path @PATH@ NOT NULL,
  candidate_id BIGINT,
  opens_us BIGINT NOT NULL,
  closes_us BIGINT NOT NULL,
  reason TEXT,
  version BIGINT NOT NULL DEFAULT 1,
  created_by BIGINT,
  created_us BIGINT NOT NULL,
  updated_us BIGINT NOT NULL,
  CHECK (closes_us > opens_us)
);
CREATE INDEX open_window_use ON open_window (season_id, action, org_path);
CREATE INDEX open_window_candidate ON open_window (candidate_id);

CREATE TABLE notice (
  id @PK@,
  org_id BIGINT NOT NULL,
  org_path @PATH@ NOT NULL,
  audience TEXT NOT NULL,
  title TEXT NOT NULL,
  body TEXT NOT NULL,
  published_us BIGINT NOT NULL,
  withdrawn_us BIGINT NOT NULL DEFAULT 0,
  version BIGINT NOT NULL DEFAULT 1,
  created_by BIGINT NOT NULL,
  created_us BIGINT NOT NULL,
  updated_us BIGINT NOT NULL
);
CREATE INDEX notice_scope ON notice (org_path, published_us);

CREATE TABLE notice_file (
  id @PK@,
  notice_id BIGINT NOT NULL REFERENCES notice (id),
  name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  bytes BIGINT NOT NULL,
  digest TEXT NOT NULL,
  body @BLOB@ NOT NULL,
  created_us BIGINT NOT NULL
);
CREATE INDEX notice_file_notice ON notice_file (notice_id, id);

-- body is the one exact byte form (JSON, sorted keys) that digest covers and that seals will cover; the columns beside
-- it repeat parts of it for searching.
CREATE TABLE audit (
  seq @PK@,
  season_id BIGINT NOT NULL,
  at_us BIGINT NOT NULL,
  actor_id BIGINT NOT NULL,
  org_path @PATH@ NOT NULL,
  action TEXT NOT NULL,
  object_kind TEXT NOT NULL,
  object_id BIGINT NOT NULL,
  object_version BIGINT NOT NULL,
  request_id TEXT NOT NULL,
  key_id TEXT NOT NULL DEFAULT '',
  body @BLOB@ NOT NULL,
  digest TEXT NOT NULL
);
CREATE INDEX audit_object ON audit (object_kind, object_id, seq);
CREATE INDEX audit_actor ON audit (actor_id, seq);
CREATE INDEX audit_scope ON audit (org_path, seq);

CREATE TABLE idempotency (
  account_id BIGINT NOT NULL,
  idempotency_key TEXT NOT NULL,
  request_digest TEXT NOT NULL,
  status BIGINT NOT NULL,
  etag TEXT,
  location TEXT,
  key_id TEXT NOT NULL DEFAULT '',
  answer @BLOB@ NOT NULL,
  created_us BIGINT NOT NULL,
  PRIMARY KEY (account_id, idempotency_key)
);
CREATE INDEX idempotency_age ON idempotency (created_us);

CREATE TABLE job (
  id @PK@,
  season_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  account_id BIGINT NOT NULL,
  org_path @PATH@ NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
  args TEXT NOT NULL,
  done BIGINT NOT NULL DEFAULT 0,
  total BIGINT NOT NULL DEFAULT 0,
  cancel BIGINT NOT NULL DEFAULT 0,
  attempts BIGINT NOT NULL DEFAULT 0,
  lease_owner TEXT,
  lease_until_us BIGINT NOT NULL DEFAULT 0,
  checkpoint TEXT,
  result TEXT,
  error TEXT,
  version BIGINT NOT NULL DEFAULT 1,
  created_us BIGINT NOT NULL,
  started_us BIGINT NOT NULL DEFAULT 0,
  finished_us BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX job_queue ON job (state, lease_until_us, id);
CREATE INDEX job_scope ON job (org_path, id);
CREATE INDEX job_account ON job (account_id, id);

CREATE TABLE plugin_option (
  plugin TEXT NOT NULL,
  option_key TEXT NOT NULL,
  value TEXT NOT NULL,
  version BIGINT NOT NULL DEFAULT 1,
  updated_by BIGINT NOT NULL,
  updated_us BIGINT NOT NULL,
  PRIMARY KEY (plugin, option_key)
);
