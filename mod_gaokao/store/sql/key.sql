-- Check values, nodes and progress of key rotation (domain/keyring.h). Keys belong to the whole instance: no scope.

-- name: key_check_list
-- returns: key_id text, purpose text, check_value text, needed int, created_us int, gone_us int
SELECT key_id, purpose, check_value, needed, created_us, gone_us FROM key_check ORDER BY purpose, created_us, key_id;

-- name: key_check_add
INSERT INTO key_check (key_id, purpose, check_value, needed, created_us)
VALUES (${key_id:text}, ${purpose:text}, ${check_value:text}, ${needed:int}, ${now_us:int})
ON CONFLICT (key_id) DO NOTHING;

-- name: key_check_needed
UPDATE key_check SET needed = 1 WHERE key_id = ${key_id:text};

-- name: key_check_gone
UPDATE key_check SET gone_us = ${now_us:int} WHERE key_id = ${key_id:text};

-- name: key_node_seen
INSERT INTO key_node (node, keys_seen, seen_us) VALUES (${node:text}, ${keys_seen:text}, ${now_us:int})
ON CONFLICT (node) DO UPDATE SET keys_seen = excluded.keys_seen, seen_us = excluded.seen_us;

-- name: key_node_list
-- returns: node text, keys_seen text, seen_us int
SELECT node, keys_seen, seen_us FROM key_node WHERE seen_us > ${since_us:int} ORDER BY node;

-- Rows sealed directly under a data key.
-- name: key_uses
-- returns: n int
SELECT (SELECT count(*) FROM idempotency WHERE key_id = ${key_id:text});
