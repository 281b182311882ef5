-- Signing in (domain/session.h) and what is watched (domain/watch.h).

-- password_us: when the own password was set. dead_slip_us: when a slip that works no more was last tried.
ALTER TABLE account ADD COLUMN password_us BIGINT NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN dead_slip_us BIGINT NOT NULL DEFAULT 0;
-- Sign-ins from new browsers up to here were told to this one.
ALTER TABLE known_browser ADD COLUMN told_us BIGINT NOT NULL DEFAULT 0;

-- One row a sign-in, kept for a month: sessions that may be open, and sign-ins from browsers not seen before. family:
-- words of a fixed list ("Chrome", "Windows"), never what the browser sent. told_us: known_browser.told_us before.
CREATE TABLE open_session (
  id @PK@,
  session_id TEXT NOT NULL UNIQUE,
  account_id BIGINT NOT NULL REFERENCES account (id),
  generation BIGINT NOT NULL,
  browser TEXT NOT NULL,
  family TEXT NOT NULL,
  is_new BIGINT NOT NULL DEFAULT 0,
  told_us BIGINT NOT NULL DEFAULT 0,
  begun_us BIGINT NOT NULL,
  confirmed_us BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX open_session_account ON open_session (account_id, begun_us);

CREATE TABLE recovery_code (
  account_id BIGINT NOT NULL REFERENCES account (id),
  digest TEXT NOT NULL,
  used_us BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (account_id, digest)
);

-- How often an account did something in a slot of time; account 0: all together.
CREATE TABLE watch_count (
  kind TEXT NOT NULL,
  account_id BIGINT NOT NULL,
  slot BIGINT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (kind, account_id, slot)
);

-- Records an account looked at in an hour: the same one again costs nothing.
CREATE TABLE watch_seen (
  account_id BIGINT NOT NULL,
  slot BIGINT NOT NULL,
  candidate_id BIGINT NOT NULL,
  PRIMARY KEY (account_id, slot, candidate_id)
);

-- What somebody should look into; org_path: of whom it is about.
CREATE TABLE alarm (
  id @PK@,
  kind TEXT NOT NULL,
  org_path @PATH@ NOT NULL,
  account_id BIGINT NOT NULL,
  slot BIGINT NOT NULL,
  n BIGINT NOT NULL,
  bound BIGINT NOT NULL,
  raised_us BIGINT NOT NULL,
  seen_by BIGINT,
  seen_us BIGINT NOT NULL DEFAULT 0,
  note TEXT,
  version BIGINT NOT NULL DEFAULT 1,
  UNIQUE (kind, account_id, slot)
);
CREATE INDEX alarm_scope ON alarm (org_path, id);
