-- Readings of identity cards: kept whatever they led to.

-- name: reading_insert
-- returns: id int
-- No row: the jti was used.
INSERT INTO reading (season_id, org_id, org_path, candidate_id, jti, purpose, verdict, key_id, body, record_key_id,
                     taken_us, received_by, received_us, device_id, seq, flags, digest)
SELECT ${season_id:int}, o.id, o.path, ${candidate_id:int?}, ${jti:text}, ${purpose:text}, ${verdict:text},
       ${key_id:text}, ${body:blob}, ${record_key_id:int}, ${taken_us:int}, ${received_by:int?}, ${now:int},
       ${device_id:int?}, ${seq:int}, ${flags:text}, ${digest:text}
  FROM org o
 WHERE o.id = ${org_id:int} AND o.path >= ${scope_lo:text} AND o.path < ${scope_hi:text}
ON CONFLICT (season_id, jti) DO NOTHING
RETURNING id

-- name: reading_get
-- returns: id int, org_id int, org_path text, org_name text, candidate_id int, jti text, purpose text, verdict text, key_id text, body blob, record_key int, wrap_key text, wrapped blob, taken_us int, received_by int, received_us int, device_id int, seq int, flags text, digest text
SELECT r.id, r.org_id, r.org_path, o.name, r.candidate_id, r.jti, r.purpose, r.verdict, r.key_id, r.body, k.id, k.key_id, k.wrapped, r.taken_us,
       r.received_by, r.received_us, r.device_id, r.seq, r.flags, r.digest
  FROM reading r JOIN org o ON o.id = r.org_id LEFT JOIN record_key k ON k.id = r.record_key_id
 WHERE r.id = ${id:int} AND r.season_id = ${season_id:int}
   AND r.org_path >= ${scope_lo:text} AND r.org_path < ${scope_hi:text}

-- name: reading_by_jti
-- returns: id int, org_id int, org_path text, org_name text, candidate_id int, jti text, purpose text, verdict text, key_id text, body blob, record_key int, wrap_key text, wrapped blob, taken_us int, received_by int, received_us int, device_id int, seq int, flags text, digest text
-- Beyond the scope: a jti is used once in the season. The domain refuses what lies elsewhere.
SELECT r.id, r.org_id, r.org_path, o.name, r.candidate_id, r.jti, r.purpose, r.verdict, r.key_id, r.body, k.id, k.key_id, k.wrapped, r.taken_us,
       r.received_by, r.received_us, r.device_id, r.seq, r.flags, r.digest
  FROM reading r JOIN org o ON o.id = r.org_id LEFT JOIN record_key k ON k.id = r.record_key_id
 WHERE r.season_id = ${season_id:int} AND r.jti = ${jti:text}

-- name: reading_list
-- returns: id int, org_id int, org_path text, org_name text, candidate_id int, jti text, purpose text, verdict text, key_id text, body blob, record_key int, wrap_key text, wrapped blob, taken_us int, received_by int, received_us int, device_id int, seq int, flags text, digest text
SELECT r.id, r.org_id, r.org_path, o.name, r.candidate_id, r.jti, r.purpose, r.verdict, r.key_id, r.body, k.id, k.key_id, k.wrapped, r.taken_us,
       r.received_by, r.received_us, r.device_id, r.seq, r.flags, r.digest
  FROM reading r JOIN org o ON o.id = r.org_id LEFT JOIN record_key k ON k.id = r.record_key_id
 WHERE r.season_id = ${season_id:int} AND r.org_path >= ${scope_lo:text} AND r.org_path < ${scope_hi:text}
   AND r.id < ${before_id:int} AND r.id > ${since_id:int} AND (${verdict:text} IS NULL OR r.verdict = ${verdict})
   AND (${flag:text} IS NULL OR r.flags LIKE ${flag})
 ORDER BY r.id DESC LIMIT ${limit:int}

-- name: reading_list_device
-- returns: id int, org_id int, org_path text, org_name text, candidate_id int, jti text, purpose text, verdict text, key_id text, body blob, record_key int, wrap_key text, wrapped blob, taken_us int, received_by int, received_us int, device_id int, seq int, flags text, digest text
SELECT r.id, r.org_id, r.org_path, o.name, r.candidate_id, r.jti, r.purpose, r.verdict, r.key_id, r.body, k.id, k.key_id, k.wrapped, r.taken_us,
       r.received_by, r.received_us, r.device_id, r.seq, r.flags, r.digest
  FROM reading r JOIN org o ON o.id = r.org_id LEFT JOIN record_key k ON k.id = r.record_key_id
 WHERE r.device_id = ${device_id:int} AND r.season_id = ${season_id:int}
   AND r.org_path >= ${scope_lo:text} AND r.org_path < ${scope_hi:text}
   AND r.id < ${before_id:int} AND (${verdict:text} IS NULL OR r.verdict = ${verdict})
   AND (${flag:text} IS NULL OR r.flags LIKE ${flag})
 ORDER BY r.id DESC LIMIT ${limit:int}

-- name: reading_list_candidate
-- returns: id int, org_id int, org_path text, org_name text, candidate_id int, jti text, purpose text, verdict text, key_id text, body blob, record_key int, wrap_key text, wrapped blob, taken_us int, received_by int, received_us int, device_id int, seq int, flags text, digest text
SELECT r.id, r.org_id, r.org_path, o.name, r.candidate_id, r.jti, r.purpose, r.verdict, r.key_id, r.body, k.id, k.key_id, k.wrapped, r.taken_us,
       r.received_by, r.received_us, r.device_id, r.seq, r.flags, r.digest
  FROM reading r JOIN org o ON o.id = r.org_id LEFT JOIN record_key k ON k.id = r.record_key_id
 WHERE r.candidate_id = ${candidate_id:int} AND r.season_id = ${season_id:int}
   AND r.org_path >= ${scope_lo:text} AND r.org_path < ${scope_hi:text}
   AND r.id < ${before_id:int} AND (${verdict:text} IS NULL OR r.verdict = ${verdict})
 ORDER BY r.id DESC LIMIT ${limit:int}

-- name: reading_set
UPDATE reading SET verdict = ${verdict:text}, candidate_id = ${candidate_id:int?}, key_id = ${key_id:text},
       body = ${body:blob}, record_key_id = ${record_key_id:int}
 WHERE id = ${id:int} AND season_id = ${season_id:int}
   AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}

-- name: reading_raw_insert
INSERT INTO reading_raw (reading_id, org_path, key_id, body, record_key_id)
VALUES (${reading_id:int}, ${org_path:text}, ${key_id:text}, ${body:blob}, ${record_key_id:int})

-- name: reading_raw_get
-- returns: key_id text, body blob, record_key int, wrap_key text, wrapped blob
SELECT w.key_id, w.body, k.id, k.key_id, k.wrapped
  FROM reading_raw w LEFT JOIN record_key k ON k.id = w.record_key_id
 WHERE w.reading_id = ${reading_id:int} AND w.org_path >= ${scope_lo:text} AND w.org_path < ${scope_hi:text}
