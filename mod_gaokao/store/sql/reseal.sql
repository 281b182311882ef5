-- Values written again: under the active data key after another became active, or sealed when they are plain text from before
-- (store/reseal_store.c). The whole instance, no scope. A row that somebody changed meanwhile is right already.

-- name: reseal_record_keys
-- returns: id int, key_id text, wrapped blob
SELECT id, key_id, wrapped FROM record_key
 WHERE id > ${after:int} AND destroyed_us = 0 AND key_id <> ${active:text} ORDER BY id LIMIT ${limit:int}

-- name: reseal_record_key_put
UPDATE record_key SET key_id = ${key_id:text}, wrapped = ${wrapped:blob}
 WHERE id = ${id:int} AND key_id = ${before:text} AND destroyed_us = 0

-- name: reseal_totps
-- returns: id int, totp blob
SELECT id, totp FROM account
 WHERE id > ${after:int} AND totp IS NOT NULL AND substr(totp, 1, CAST(${n:int} AS INTEGER)) <> ${prefix:blob}
 ORDER BY id LIMIT ${limit:int}

-- name: reseal_totp_put
UPDATE account SET totp = ${totp:blob} WHERE id = ${id:int} AND totp = ${before:blob}

-- name: reseal_answers
-- returns: account_id int, idempotency_key text, request_digest text, key_id text, answer blob
SELECT account_id, idempotency_key, request_digest, key_id, answer FROM idempotency
 WHERE key_id <> ${active:text} AND account_id IN
       (SELECT DISTINCT account_id FROM idempotency WHERE account_id > ${after:int} AND key_id <> ${active}
         ORDER BY account_id LIMIT ${accounts:int})
 ORDER BY account_id

-- name: reseal_answer_put
UPDATE idempotency SET request_digest = '', key_id = ${key_id:text}, answer = ${answer:blob}
 WHERE account_id = ${account_id:int} AND idempotency_key = ${idempotency_key:text} AND key_id = ${before:text}

-- name: reseal_options
-- returns: plugin text, option_key text, value text, key_id text
SELECT plugin, option_key, value, key_id FROM plugin_option WHERE key_id <> ${active:text}

-- name: reseal_option_put
UPDATE plugin_option SET value = ${value:text}, key_id = ${key_id:text}
 WHERE plugin = ${plugin:text} AND option_key = ${option_key:text} AND key_id = ${before:text}

-- name: reseal_candidates
-- returns: id int, season_id int, version int, doc blob
SELECT id, season_id, version, doc FROM candidate WHERE id > ${after:int} AND key_id = '' ORDER BY id LIMIT ${limit:int}

-- name: reseal_candidate_put
UPDATE candidate SET key_id = ${key_id:text}, doc = ${doc:blob} WHERE id = ${id:int} AND version = ${version:int} AND key_id = ''

-- name: reseal_parts
-- returns: candidate_id int, kind text, season_id int, version int, body blob
SELECT p.candidate_id, p.kind, c.season_id, p.version, p.body
  FROM candidate_part p JOIN candidate c ON c.id = p.candidate_id
 WHERE p.key_id = '' AND p.candidate_id IN
       (SELECT DISTINCT candidate_id FROM candidate_part WHERE candidate_id > ${after:int} AND key_id = ''
         ORDER BY candidate_id LIMIT ${candidates:int})
 ORDER BY p.candidate_id

-- name: reseal_part_put
UPDATE candidate_part SET key_id = ${key_id:text}, body = ${body:blob}
 WHERE candidate_id = ${candidate_id:int} AND kind = ${kind:text} AND version = ${version:int} AND key_id = ''

-- name: reseal_proofs
-- returns: id int, candidate_id int, season_id int, version int, doc blob
SELECT p.id, p.candidate_id, c.season_id, p.version, p.doc FROM proof p JOIN candidate c ON c.id = p.candidate_id
 WHERE p.id > ${after:int} AND p.key_id = '' ORDER BY p.id LIMIT ${limit:int}

-- name: reseal_proof_put
UPDATE proof SET key_id = ${key_id:text}, doc = ${doc:blob} WHERE id = ${id:int} AND key_id = ''

-- name: reseal_readings
-- returns: id int, candidate_id int, season_id int, jti text, body blob
SELECT id, candidate_id, season_id, jti, body FROM reading
 WHERE id > ${after:int} AND key_id = '' ORDER BY id LIMIT ${limit:int}

-- name: reseal_reading_put
UPDATE reading SET key_id = ${key_id:text}, body = ${body:blob}, record_key_id = ${record_key_id:int}
 WHERE id = ${id:int} AND key_id = ''

-- name: reseal_uses
-- returns: n int
SELECT (SELECT count(*) FROM record_key WHERE key_id = ${key_id:text} AND destroyed_us = 0)
     + (SELECT count(*) FROM account WHERE totp IS NOT NULL AND substr(totp, 1, CAST(${n:int} AS INTEGER)) = ${prefix:blob})
     + (SELECT count(*) FROM idempotency WHERE key_id = ${key_id})
     + (SELECT count(*) FROM plugin_option WHERE key_id = ${key_id}) AS n

-- name: reseal_plain
-- returns: n int
SELECT (SELECT count(*) FROM candidate WHERE key_id = '') + (SELECT count(*) FROM candidate_part WHERE key_id = '')
     + (SELECT count(*) FROM proof WHERE key_id = '') + (SELECT count(*) FROM reading WHERE key_id = '') AS n
