-- Keys of single records (store/vault.h). They are found by the record they belong to, whose statement carried the scope.

-- name: record_key_candidate
-- returns: id int, key_id text, wrapped blob
SELECT id, key_id, wrapped FROM record_key WHERE kind = 'candidate' AND candidate_id = ${candidate_id:int}

-- name: record_key_reading
-- returns: id int, key_id text, wrapped blob
SELECT k.id, k.key_id, k.wrapped FROM reading r JOIN record_key k ON k.id = r.record_key_id WHERE r.id = ${reading_id:int}

-- name: record_key_general
-- returns: id int, key_id text, wrapped blob
SELECT id, key_id, wrapped FROM record_key WHERE kind = 'general' AND season_id = ${season_id:int}

-- name: record_key_get
-- returns: id int, key_id text, wrapped blob
SELECT id, key_id, wrapped FROM record_key WHERE id = ${id:int}

-- name: record_key_insert
-- returns: id int
-- No row: the record has a key, made by somebody else a moment ago.
INSERT INTO record_key (season_id, kind, candidate_id, key_id, wrapped, created_us)
VALUES (${season_id:int}, ${kind:text}, ${candidate_id:int}, ${key_id:text}, ${wrapped:blob}, ${now_us:int})
ON CONFLICT DO NOTHING
RETURNING id

-- name: record_key_insert_new
-- returns: id int
-- The key of a candidate that the statement before made: its index is unique in the season.
INSERT INTO record_key (season_id, kind, candidate_id, key_id, wrapped, created_us)
SELECT ${season_id:int}, 'candidate', c.id, ${key_id:text}, ${wrapped:blob}, ${now_us:int}
  FROM candidate c
 WHERE c.season_id = ${season_id} AND c.id_index = ${id_index:text}
ON CONFLICT DO NOTHING
RETURNING id

-- name: record_key_attach
-- A reading's own key follows the candidate that the reading turned out to belong to.
UPDATE record_key SET candidate_id = ${candidate_id:int} WHERE id = ${id:int} AND kind = 'reading'

-- name: record_key_destroy_candidate
-- returns: id int
UPDATE record_key SET wrapped = ${nothing:blob}, destroyed_us = ${now_us:int}
 WHERE candidate_id = ${candidate_id:int} AND kind IN ('candidate', 'reading') AND destroyed_us = 0
RETURNING id

-- name: record_key_destroy
UPDATE record_key SET wrapped = ${nothing:blob}, destroyed_us = ${now_us:int} WHERE id = ${id:int} AND destroyed_us = 0
