-- Return lists of the province (domain/returns.h).

-- rows is [[place, number], ...]: candidates by registration number.
-- name: return_by_number
-- returns: place int, id int, version int, number text, candidate_number text, name text, subject text, art int, state text, org_id int, org_path text, org_code text, org_name text
SELECT json_extract(j.value, '$[0]'), c.id, c.version, c.number, c.candidate_number, c.name, c.subject, c.art, c.state,
       c.org_id, c.org_path, o.code, o.name
  FROM json_each(${rows:text}) AS j
  JOIN candidate c ON c.season_id = ${season_id:int} AND c.number = json_extract(j.value, '$[1]')
  JOIN org o ON o.id = c.org_id
 WHERE c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text}

-- name: return_by_number [pgsql]
SELECT CAST(j.v ->> 0 AS BIGINT), c.id, c.version, c.number, c.candidate_number, c.name, c.subject, c.art, c.state,
       c.org_id, c.org_path, o.code, o.name
  FROM json_array_elements(CAST(${rows:text} AS json)) AS j (v)
  JOIN candidate c ON c.season_id = ${season_id:int} AND c.number = j.v ->> 1
  JOIN org o ON o.id = c.org_id
 WHERE c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text}

-- The same by candidate number.
-- name: return_by_candidate_number
-- returns: place int, id int, version int, number text, candidate_number text, name text, subject text, art int, state text, org_id int, org_path text, org_code text, org_name text
SELECT json_extract(j.value, '$[0]'), c.id, c.version, c.number, c.candidate_number, c.name, c.subject, c.art, c.state,
       c.org_id, c.org_path, o.code, o.name
  FROM json_each(${rows:text}) AS j
  JOIN candidate c ON c.season_id = ${season_id:int} AND c.candidate_number = json_extract(j.value, '$[1]')
  JOIN org o ON o.id = c.org_id
 WHERE c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text}

-- name: return_by_candidate_number [pgsql]
SELECT CAST(j.v ->> 0 AS BIGINT), c.id, c.version, c.number, c.candidate_number, c.name, c.subject, c.art, c.state,
       c.org_id, c.org_path, o.code, o.name
  FROM json_array_elements(CAST(${rows:text} AS json)) AS j (v)
  JOIN candidate c ON c.season_id = ${season_id:int} AND c.candidate_number = j.v ->> 1
  JOIN org o ON o.id = c.org_id
 WHERE c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text}

-- rows is [[id, version], ...]. SQLite: as submission_lock.
-- name: return_unlock
UPDATE candidate SET state = 'filling', proof_version = 0, confirmed_version = 0, returned_us = ${now_us:int},
       version = candidate.version + 1, updated_us = ${now_us}
  FROM json_each(${rows:text}) AS j
 WHERE candidate.id = json_extract(j.value, '$[0]') AND candidate.version = json_extract(j.value, '$[1]')
   AND +candidate.state IN ('submitted', 'accepted') AND +candidate.season_id = ${season_id:int}
   AND +candidate.org_path >= ${scope_lo:text} AND +candidate.org_path < ${scope_hi:text}

-- name: return_unlock [pgsql]
UPDATE candidate AS c SET state = 'filling', proof_version = 0, confirmed_version = 0, returned_us = ${now_us:int},
       version = c.version + 1, updated_us = ${now_us}
  FROM json_array_elements(CAST(${rows:text} AS json)) AS j (v)
 WHERE c.id = CAST(j.v ->> 0 AS BIGINT) AND c.version = CAST(j.v ->> 1 AS BIGINT)
   AND c.state IN ('submitted', 'accepted') AND c.season_id = ${season_id:int}
   AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text}

-- paths is [path, ...]: the open submissions of these units. They are those of records in scope and of the units above them: a
-- point that hands in again raises what stands above it. In the order in which a submission is returned, upper units first; held
-- until the end, so that two of one county wait for each other.
-- name: return_units
-- returns: id int, version int, org_path text, kind text, total int, counts text, state text
SELECT s.id, s.version, s.org_path, s.kind, s.total, s.counts, s.state
  FROM json_each(${paths:text}) AS j JOIN org o ON o.path = j.value
  JOIN submission s ON s.season_id = ${season_id:int} AND s.org_id = o.id AND s.state <> 'returned'
 ORDER BY s.id DESC

-- name: return_units [pgsql]
SELECT s.id, s.version, s.org_path, s.kind, s.total, s.counts, s.state
  FROM json_array_elements_text(CAST(${paths:text} AS json)) AS j (path) JOIN org o ON o.path = j.path
  JOIN submission s ON s.season_id = ${season_id:int} AND s.org_id = o.id AND s.state <> 'returned'
 ORDER BY s.id DESC FOR UPDATE OF s

-- Follows return_units.
-- name: return_recount
UPDATE submission SET total = ${total:int}, counts = ${counts:text}, version = version + 1
 WHERE id = ${id:int} AND version = ${version:int} AND state <> 'returned' AND season_id = ${season_id:int}

-- name: return_list
-- returns: id int, number text, candidate_number text, name text, subject text, state text, version int, returned_us int, org_id int, org_code text, org_name text, key_id text, body blob, record_key int, wrap_key text, wrapped blob
SELECT c.id, c.number, c.candidate_number, c.name, c.subject, c.state, c.version, c.returned_us, c.org_id, o.code, o.name,
       p.key_id, p.body, k.id, k.key_id, k.wrapped
  FROM candidate c JOIN org o ON o.id = c.org_id
  JOIN candidate_part p ON p.candidate_id = c.id AND p.kind = 'return'
  LEFT JOIN record_key k ON k.candidate_id = c.id AND k.kind = 'candidate'
 WHERE c.season_id = ${season_id:int} AND c.returned_us > 0 AND c.state <> 'withdrawn'
   AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text}
   AND c.id > ${after:int}
 ORDER BY c.id LIMIT ${limit:int}
