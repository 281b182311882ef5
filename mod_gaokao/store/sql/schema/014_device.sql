-- Gateways of points (domain/device.h): they sign what they read, and what they read is kept whatever it leads to.

-- code: SHA-256 of the one-time code, '' when there is none; code_key: the public key it was used with. received: the
-- sequence numbers that were here, as intervals "1-500 502-700". changed: counts the writes of a post, so that two at once are
-- noticed.
CREATE TABLE device (
  id @PK@,
  season_id BIGINT NOT NULL,
  org_id BIGINT NOT NULL REFERENCES org (id),
  org_path @PATH@ NOT NULL,
  name TEXT NOT NULL,
  kinds TEXT NOT NULL,
  state TEXT NOT NULL,
  version BIGINT NOT NULL DEFAULT 1,
  audience TEXT NOT NULL,
  code TEXT NOT NULL DEFAULT '',
  code_until_us BIGINT NOT NULL DEFAULT 0,
  code_key TEXT NOT NULL DEFAULT '',
  received TEXT NOT NULL DEFAULT '',
  highest_seq BIGINT NOT NULL DEFAULT 0,
  readings BIGINT NOT NULL DEFAULT 0,
  software TEXT NOT NULL DEFAULT '',
  reader_module TEXT NOT NULL DEFAULT '',
  reader_state TEXT NOT NULL DEFAULT '',
  last_error TEXT NOT NULL DEFAULT '',
  waiting BIGINT NOT NULL DEFAULT 0,
  skew_ms BIGINT NOT NULL DEFAULT 0,
  enrolled_us BIGINT NOT NULL DEFAULT 0,
  seen_us BIGINT NOT NULL DEFAULT 0,
  revoked_us BIGINT NOT NULL DEFAULT 0,
  stolen_us BIGINT NOT NULL DEFAULT 0,
  reason TEXT,
  changed BIGINT NOT NULL DEFAULT 0,
  created_by BIGINT,
  created_us BIGINT NOT NULL
);
CREATE INDEX device_scope ON device (season_id, org_path, id);
CREATE UNIQUE INDEX device_code ON device (code) WHERE code <> '';

-- Keys a device signs with, as hex. until_iat: 0 in use; else what it says it signed up to then still counts; -1 nothing does.
CREATE TABLE device_key (
  id @PK@,
  device_id BIGINT NOT NULL REFERENCES device (id),
  public_key TEXT NOT NULL,
  until_iat BIGINT NOT NULL DEFAULT 0,
  since_us BIGINT NOT NULL,
  UNIQUE (device_id, public_key)
);

-- digest: of what was signed; '' for readings of the console. flags: words, by spaces.
ALTER TABLE reading ADD COLUMN seq BIGINT NOT NULL DEFAULT 0;
ALTER TABLE reading ADD COLUMN flags TEXT NOT NULL DEFAULT '';
ALTER TABLE reading ADD COLUMN digest TEXT NOT NULL DEFAULT '';
CREATE INDEX reading_device ON reading (device_id, id);

-- The blocks a reading came as (text, photo, picture, file), sealed under the reading's or its candidate's key; read only where
-- they are asked for.
CREATE TABLE reading_raw (
  reading_id BIGINT PRIMARY KEY REFERENCES reading (id),
  org_path @PATH@ NOT NULL,
  key_id TEXT NOT NULL DEFAULT '',
  body @BLOB@ NOT NULL,
  record_key_id BIGINT NOT NULL
);

-- Counts what happened to the readings of a point, for pages that look whether something did.
CREATE TABLE live (
  org_id BIGINT PRIMARY KEY REFERENCES org (id),
  generation BIGINT NOT NULL,
  changed_us BIGINT NOT NULL
);
CREATE INDEX live_changed ON live (changed_us);
