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

-- last_id -1: this place is done in the running pass.
-- name: key_progress
-- returns: last_id int, rewritten int
SELECT last_id, rewritten FROM key_rewrite WHERE key_id = ${key_id:text} AND place = ${place:text};

-- name: key_progress_put
INSERT INTO key_rewrite (key_id, place, last_id, rewritten, updated_us)
VALUES (${key_id:text}, ${place:text}, ${last_id:int}, ${rewritten:int}, ${now_us:int})
ON CONFLICT (key_id, place) DO UPDATE SET last_id = excluded.last_id, rewritten = excluded.rewritten,
       updated_us = excluded.updated_us;

-- name: key_progress_clear
UPDATE key_rewrite SET last_id = 0 WHERE key_id = ${key_id:text};
