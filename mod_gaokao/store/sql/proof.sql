-- Papers and review (parts of a record), proof sheets, confirmations.

-- name: review_part_get
-- returns: state text, key_id text, body blob, record_key int, wrap_key text, wrapped blob, updated_by int, updated_us int
SELECT p.state, p.key_id, p.body, k.id, k.key_id, k.wrapped, p.updated_by, p.updated_us
  FROM candidate_part p JOIN candidate c ON c.id = p.candidate_id
  LEFT JOIN record_key k ON k.candidate_id = p.candidate_id AND k.kind = 'candidate'
 WHERE p.candidate_id = ${candidate_id:int} AND p.kind = ${kind:text}
   AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text}

-- name: review_part_put
INSERT INTO candidate_part (candidate_id, kind, state, key_id, body, updated_by, updated_us)
SELECT c.id, ${kind:text}, ${state:text}, ${key_id:text}, ${body:blob}, ${updated_by:int}, ${now:int}
  FROM candidate c
 WHERE c.id = ${candidate_id:int} AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text}
ON CONFLICT (candidate_id, kind) DO UPDATE SET state = excluded.state, key_id = excluded.key_id,
   body = excluded.body, updated_by = excluded.updated_by, updated_us = excluded.updated_us,
   version = candidate_part.version + 1

-- name: proof_insert
-- returns: id int
INSERT INTO proof (candidate_id, version, key_id, doc, digest, pack_id, printed_by, printed_us)
SELECT c.id, ${version:int}, ${key_id:text}, ${doc:blob}, ${digest:text}, ${pack_id:int}, ${printed_by:int}, ${now:int}
  FROM candidate c
 WHERE c.id = ${candidate_id:int} AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text}
RETURNING id

-- name: proof_get
-- returns: id int, candidate_id int, version int, key_id text, doc blob, record_key int, wrap_key text, wrapped blob, digest text, pack_id int, printed_by int, printed_us int
SELECT p.id, p.candidate_id, p.version, p.key_id, p.doc, k.id, k.key_id, k.wrapped, p.digest, p.pack_id, p.printed_by,
       p.printed_us
  FROM proof p JOIN candidate c ON c.id = p.candidate_id
  LEFT JOIN record_key k ON k.candidate_id = p.candidate_id AND k.kind = 'candidate'
 WHERE p.candidate_id = ${candidate_id:int} AND p.version = ${version:int} AND c.season_id = ${season_id:int}
   AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text}

-- name: confirmation_insert
-- returns: id int
INSERT INTO confirmation (candidate_id, version, proof_id, reading_id, digest, pack_id, confirmed_by, confirmed_us)
SELECT c.id, ${version:int}, ${proof_id:int}, ${reading_id:int?}, ${digest:text}, ${pack_id:int}, ${confirmed_by:int},
       ${now:int}
  FROM candidate c
 WHERE c.id = ${candidate_id:int} AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text}
RETURNING id

-- name: confirmation_void
UPDATE confirmation SET voided_by = ${voided_by:int}, voided_us = ${now:int}, void_reason = ${reason:text}
 WHERE voided_us = 0 AND candidate_id IN (SELECT c.id FROM candidate c WHERE c.id = ${candidate_id:int}
   AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text})

-- The sheet before this one: what changed since is said on paper.
-- name: proof_before
-- returns: id int, candidate_id int, version int, key_id text, doc blob, record_key int, wrap_key text, wrapped blob, digest text, pack_id int, printed_by int, printed_us int
SELECT p.id, p.candidate_id, p.version, p.key_id, p.doc, k.id, k.key_id, k.wrapped, p.digest, p.pack_id, p.printed_by,
       p.printed_us
  FROM proof p JOIN candidate c ON c.id = p.candidate_id
  LEFT JOIN record_key k ON k.candidate_id = p.candidate_id AND k.kind = 'candidate'
 WHERE p.candidate_id = ${candidate_id:int} AND p.version < ${version:int} AND c.season_id = ${season_id:int}
   AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text}
 ORDER BY p.version DESC LIMIT 1

-- name: paper_people
-- returns: id int, version int, proof_version int, confirmed_version int, number text, name text, class text, subject text, state text, org_code text, org_name text
SELECT c.id, c.version, c.proof_version, c.confirmed_version, c.number, c.name, c.class, c.subject, c.state, o.code, o.name
  FROM candidate c JOIN org o ON o.id = c.org_id
 WHERE c.season_id = ${season_id:int} AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text}
   AND c.number IS NOT NULL AND c.state <> 'withdrawn' AND (${org_id:int?} IS NULL OR c.org_id = ${org_id})
   AND (${from:text} IS NULL OR c.number >= ${from}) AND (${to:text} IS NULL OR c.number <= ${to})
   AND (${class:text} IS NULL OR c.class = ${class})
 ORDER BY c.number LIMIT ${limit:int}

-- name: paper_person
-- returns: id int, version int, proof_version int, confirmed_version int, number text, name text, class text, subject text, state text, org_code text, org_name text
SELECT c.id, c.version, c.proof_version, c.confirmed_version, c.number, c.name, c.class, c.subject, c.state, o.code, o.name
  FROM candidate c JOIN org o ON o.id = c.org_id
 WHERE c.id = ${id:int} AND c.season_id = ${season_id:int} AND c.number IS NOT NULL
   AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text}

-- Whoever signed for a paper stands on it, also where the account lies above the reader.
-- name: paper_who
-- returns: login text, display_name text
SELECT a.login, a.display_name FROM account a WHERE a.id = ${id:int} AND a.realm = 'staff'
