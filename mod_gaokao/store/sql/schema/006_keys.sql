-- Keys lie in the key file; here stands what tells whether it is the right one. check_value is 64 bits made with the key.
-- needed 1: it was active once, so a file without it is a wrong one. gone_us: nothing is under it any more.
CREATE TABLE key_check (
  key_id TEXT PRIMARY KEY,
  purpose TEXT NOT NULL,
  check_value TEXT NOT NULL,
  needed BIGINT NOT NULL DEFAULT 0,
  created_us BIGINT NOT NULL,
  gone_us BIGINT NOT NULL DEFAULT 0
);

-- What the nodes have read: a key is made active only when all have it.
CREATE TABLE key_node (
  node TEXT PRIMARY KEY,
  keys_seen TEXT NOT NULL,
  seen_us BIGINT NOT NULL
);

-- How far a rewriting under a new key has come: one row a key and table.
CREATE TABLE key_rewrite (
  key_id TEXT NOT NULL,
  place TEXT NOT NULL,
  last_id BIGINT NOT NULL,
  rewritten BIGINT NOT NULL,
  updated_us BIGINT NOT NULL,
  PRIMARY KEY (key_id, place)
);
