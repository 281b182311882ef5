-- Gateways of points (domain/device.h).

-- name: device_insert
-- returns: id int
INSERT INTO device (season_id, org_id, org_path, name, kinds, state, audience, code, code_until_us, created_by, created_us)
SELECT ${season_id:int}, o.id, o.path, ${name:text}, ${kinds:text}, 'waiting', ${audience:text}, ${code:text},
       ${code_until_us:int}, ${created_by:int?}, ${now_us:int}
  FROM org o
 WHERE o.id = ${org_id:int} AND o.path >= ${scope_lo:text} AND o.path < ${scope_hi:text}
RETURNING id

-- name: device_get
-- returns: id int, season_id int, org_id int, org_path text, org_code text, org_name text, name text, kinds text, state text, version int, audience text, code_until_us int, code_key text, received text, highest_seq int, readings int, software text, reader_module text, reader_state text, last_error text, waiting int, skew_ms int, enrolled_us int, seen_us int, revoked_us int, stolen_us int, reason text, changed int, created_us int, open int
SELECT d.id, d.season_id, d.org_id, d.org_path, o.code, o.name, d.name, d.kinds, d.state, d.version, d.audience, d.code_until_us,
       d.code_key, d.received, d.highest_seq, d.readings, d.software, d.reader_module, d.reader_state, d.last_error, d.waiting,
       d.skew_ms, d.enrolled_us, d.seen_us, d.revoked_us, d.stolen_us, d.reason, d.changed, d.created_us, o.enabled
  FROM device d JOIN org o ON o.id = d.org_id
 WHERE d.id = ${id:int} AND d.season_id = ${season_id:int}
   AND d.org_path >= ${scope_lo:text} AND d.org_path < ${scope_hi:text}

-- name: device_list
-- returns: id int, season_id int, org_id int, org_path text, org_code text, org_name text, name text, kinds text, state text, version int, audience text, code_until_us int, code_key text, received text, highest_seq int, readings int, software text, reader_module text, reader_state text, last_error text, waiting int, skew_ms int, enrolled_us int, seen_us int, revoked_us int, stolen_us int, reason text, changed int, created_us int, open int
SELECT d.id, d.season_id, d.org_id, d.org_path, o.code, o.name, d.name, d.kinds, d.state, d.version, d.audience, d.code_until_us,
       d.code_key, d.received, d.highest_seq, d.readings, d.software, d.reader_module, d.reader_state, d.last_error, d.waiting,
       d.skew_ms, d.enrolled_us, d.seen_us, d.revoked_us, d.stolen_us, d.reason, d.changed, d.created_us, o.enabled
  FROM device d JOIN org o ON o.id = d.org_id
 WHERE d.season_id = ${season_id:int} AND d.org_path >= ${scope_lo:text} AND d.org_path < ${scope_hi:text}
   AND d.id > ${after_id:int} AND (${state:text} IS NULL OR d.state = ${state})
 ORDER BY d.id LIMIT ${limit:int}

-- Whoever posts has no scope of its own yet: the device makes it.
-- name: device_any
-- returns: id int, season_id int, org_id int, org_path text, org_code text, org_name text, name text, kinds text, state text, version int, audience text, code_until_us int, code_key text, received text, highest_seq int, readings int, software text, reader_module text, reader_state text, last_error text, waiting int, skew_ms int, enrolled_us int, seen_us int, revoked_us int, stolen_us int, reason text, changed int, created_us int, open int
SELECT d.id, d.season_id, d.org_id, d.org_path, o.code, o.name, d.name, d.kinds, d.state, d.version, d.audience, d.code_until_us,
       d.code_key, d.received, d.highest_seq, d.readings, d.software, d.reader_module, d.reader_state, d.last_error, d.waiting,
       d.skew_ms, d.enrolled_us, d.seen_us, d.revoked_us, d.stolen_us, d.reason, d.changed, d.created_us, o.enabled
  FROM device d JOIN org o ON o.id = d.org_id
 WHERE d.id = ${id:int} AND d.season_id = ${season_id:int}

-- name: device_by_code
-- returns: id int, season_id int, org_id int, org_path text, org_code text, org_name text, name text, kinds text, state text, version int, audience text, code_until_us int, code_key text, received text, highest_seq int, readings int, software text, reader_module text, reader_state text, last_error text, waiting int, skew_ms int, enrolled_us int, seen_us int, revoked_us int, stolen_us int, reason text, changed int, created_us int, open int
SELECT d.id, d.season_id, d.org_id, d.org_path, o.code, o.name, d.name, d.kinds, d.state, d.version, d.audience, d.code_until_us,
       d.code_key, d.received, d.highest_seq, d.readings, d.software, d.reader_module, d.reader_state, d.last_error, d.waiting,
       d.skew_ms, d.enrolled_us, d.seen_us, d.revoked_us, d.stolen_us, d.reason, d.changed, d.created_us, o.enabled
  FROM device d JOIN org o ON o.id = d.org_id
 WHERE d.code = ${code:text} AND d.season_id = ${season_id:int}

-- name: device_keys
-- returns: id int, public_key text, until_iat int
SELECT id, public_key, until_iat FROM device_key WHERE device_id = ${device_id:int} ORDER BY id DESC LIMIT 20

-- name: device_key_insert
INSERT INTO device_key (device_id, public_key, since_us) VALUES (${device_id:int}, ${public_key:text}, ${now_us:int})
ON CONFLICT (device_id, public_key) DO UPDATE SET until_iat = 0, since_us = ${now_us} WHERE device_key.until_iat >= 0

-- Those in use end; those that ended before keep their end, unless nothing of theirs counts any more.
-- name: device_keys_end
UPDATE device_key SET until_iat = ${until_iat:int} WHERE device_id = ${device_id:int} AND (until_iat = 0 OR ${until_iat} < 0)

-- name: device_update
UPDATE device SET name = ${name:text}, state = ${state:text}, code = coalesce(${code:text}, code), code_until_us = ${code_until_us:int},
       code_key = ${code_key:text}, revoked_us = ${revoked_us:int}, stolen_us = ${stolen_us:int}, reason = ${reason:text},
       version = version + 1
 WHERE id = ${id:int} AND version = ${version:int} AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}

-- name: device_enrolled
UPDATE device SET state = 'active', code_key = ${code_key:text}, software = ${software:text}, reader_module = ${reader_module:text},
       enrolled_us = ${now_us:int}, seen_us = ${now_us}, revoked_us = 0, version = version + 1
 WHERE id = ${id:int} AND version = ${version:int} AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}

-- name: device_state_seen
UPDATE device SET software = ${software:text}, reader_module = ${reader_module:text}, reader_state = ${reader_state:text},
       last_error = ${last_error:text}, waiting = ${waiting:int}, skew_ms = ${skew_ms:int}, seen_us = ${now_us:int}
 WHERE id = ${id:int} AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}

-- No row changed: another post of the device was counted meanwhile, or it was revoked.
-- name: device_received
UPDATE device SET received = ${received:text}, highest_seq = ${highest_seq:int}, readings = readings + ${stored:int},
       seen_us = ${now_us:int}, changed = changed + 1
 WHERE id = ${id:int} AND changed = ${changed:int} AND state = 'active'
   AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}

-- name: device_stolen_readings
UPDATE reading SET flags = CASE WHEN flags = '' THEN 'after-theft' ELSE flags || ' after-theft' END
 WHERE device_id = ${device_id:int} AND season_id = ${season_id:int} AND taken_us >= ${stolen_us:int}
   AND flags NOT LIKE '%after-theft%' AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}

-- name: live_bump
INSERT INTO live (org_id, generation, changed_us) VALUES (${org_id:int}, 1, ${now_us:int})
ON CONFLICT (org_id) DO UPDATE SET generation = live.generation + 1, changed_us = ${now_us}

-- name: live_since
-- returns: org_id int, generation int, changed_us int
SELECT org_id, generation, changed_us FROM live WHERE changed_us >= ${since_us:int} ORDER BY changed_us LIMIT 5000
