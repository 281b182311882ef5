-- Pictures of candidates (domain/photo.h). All that give a picture's row give the same columns in the same order, pictures
-- last: store/photo_store.c reads them with one function.

-- name: photo_insert
-- returns: id int
INSERT INTO photo (season_id, candidate_id, org_path, state, source, verdict, width_px, height_px, bytes, digest, measures,
                   key_id, picture, cut, report, made_from, taken_by, taken_us, decided_by, decided_us)
SELECT c.season_id, c.id, c.org_path, ${state:text}, ${source:text}, ${verdict:text}, ${width_px:int}, ${height_px:int},
       ${bytes:int}, ${digest:text}, ${measures:text}, ${key_id:text}, ${picture:blob}, ${cut:blob}, ${report:blob},
       ${made_from:int}, ${taken_by:int}, ${taken_us:int}, ${decided_by:int}, ${decided_us:int}
  FROM candidate c
 WHERE c.id = ${candidate_id:int} AND c.season_id = ${season_id:int}
   AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text}
RETURNING id

-- The record's part of a change: what all changes of photos begin with.
-- name: photo_mark
UPDATE candidate SET photo_state = ${photo_state:text}, state = ${state:text}, proof_version = ${proof_version:int},
       version = version + 1, updated_us = ${now_us:int}
 WHERE id = ${candidate_id:int} AND version = ${version:int} AND season_id = ${season_id:int}
   AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}

-- A later picture takes the place of one that was waiting, accepted or from a chip.
-- name: photo_replace
UPDATE photo SET state = 'replaced'
 WHERE candidate_id = ${candidate_id:int} AND state = ${state:text}
   AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}

-- name: photo_decide
UPDATE photo SET state = ${state:text}, key_id = ${key_id:text}, report = ${report:blob}, decided_by = ${decided_by:int},
       decided_us = ${now_us:int}
 WHERE id = ${id:int} AND candidate_id = ${candidate_id:int} AND state = ${from:text}
   AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}

-- name: photo_list
-- returns: id int, candidate_id int, state text, source text, verdict text, width_px int, height_px int, bytes int, digest text, key_id text, report blob, made_from int, taken_by int, taken_us int, decided_by int, decided_us int, record_key int, wrap_key text, wrapped blob
SELECT p.id, p.candidate_id, p.state, p.source, p.verdict, p.width_px, p.height_px, p.bytes, p.digest, p.key_id, p.report,
       p.made_from, p.taken_by, p.taken_us, p.decided_by, p.decided_us, k.id, k.key_id, k.wrapped
  FROM photo p LEFT JOIN record_key k ON k.candidate_id = p.candidate_id AND k.kind = 'candidate'
 WHERE p.candidate_id = ${candidate_id:int} AND p.season_id = ${season_id:int}
   AND p.org_path >= ${scope_lo:text} AND p.org_path < ${scope_hi:text}
 ORDER BY p.id DESC LIMIT ${limit:int}

-- name: photo_get
-- returns: id int, candidate_id int, state text, source text, verdict text, width_px int, height_px int, bytes int, digest text, key_id text, report blob, made_from int, taken_by int, taken_us int, decided_by int, decided_us int, record_key int, wrap_key text, wrapped blob, picture blob, cut blob
SELECT p.id, p.candidate_id, p.state, p.source, p.verdict, p.width_px, p.height_px, p.bytes, p.digest, p.key_id, p.report,
       p.made_from, p.taken_by, p.taken_us, p.decided_by, p.decided_us, k.id, k.key_id, k.wrapped, p.picture, p.cut
  FROM photo p LEFT JOIN record_key k ON k.candidate_id = p.candidate_id AND k.kind = 'candidate'
 WHERE p.id = ${id:int} AND p.candidate_id = ${candidate_id:int} AND p.season_id = ${season_id:int}
   AND p.org_path >= ${scope_lo:text} AND p.org_path < ${scope_hi:text}

-- name: photo_present
-- returns: id int, candidate_id int, state text, source text, verdict text, width_px int, height_px int, bytes int, digest text, key_id text, report blob, made_from int, taken_by int, taken_us int, decided_by int, decided_us int, record_key int, wrap_key text, wrapped blob, picture blob, cut blob
SELECT p.id, p.candidate_id, p.state, p.source, p.verdict, p.width_px, p.height_px, p.bytes, p.digest, p.key_id, p.report,
       p.made_from, p.taken_by, p.taken_us, p.decided_by, p.decided_us, k.id, k.key_id, k.wrapped, p.picture, p.cut
  FROM photo p LEFT JOIN record_key k ON k.candidate_id = p.candidate_id AND k.kind = 'candidate'
 WHERE p.candidate_id = ${candidate_id:int} AND p.state = 'accepted' AND p.season_id = ${season_id:int}
   AND p.org_path >= ${scope_lo:text} AND p.org_path < ${scope_hi:text}

-- name: photo_present_digest
-- returns: digest text
SELECT digest FROM photo
 WHERE candidate_id = ${candidate_id:int} AND state = 'accepted' AND season_id = ${season_id:int}
   AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}

-- The candidate's own, by the account of the session: the account is the scope.
-- name: photo_own_list
-- returns: id int, candidate_id int, state text, source text, verdict text, width_px int, height_px int, bytes int, digest text, key_id text, report blob, made_from int, taken_by int, taken_us int, decided_by int, decided_us int, record_key int, wrap_key text, wrapped blob
SELECT p.id, p.candidate_id, p.state, p.source, p.verdict, p.width_px, p.height_px, p.bytes, p.digest, p.key_id, p.report,
       p.made_from, p.taken_by, p.taken_us, p.decided_by, p.decided_us, k.id, k.key_id, k.wrapped
  FROM account a JOIN photo p ON p.candidate_id = a.candidate_id
  LEFT JOIN record_key k ON k.candidate_id = p.candidate_id AND k.kind = 'candidate'
 WHERE a.id = ${account_id:int} AND a.realm = 'candidate'
 ORDER BY p.id DESC LIMIT ${limit:int}

-- name: photo_own_get
-- returns: id int, candidate_id int, state text, source text, verdict text, width_px int, height_px int, bytes int, digest text, key_id text, report blob, made_from int, taken_by int, taken_us int, decided_by int, decided_us int, record_key int, wrap_key text, wrapped blob, picture blob, cut blob
SELECT p.id, p.candidate_id, p.state, p.source, p.verdict, p.width_px, p.height_px, p.bytes, p.digest, p.key_id, p.report,
       p.made_from, p.taken_by, p.taken_us, p.decided_by, p.decided_us, k.id, k.key_id, k.wrapped, p.picture, p.cut
  FROM account a JOIN photo p ON p.candidate_id = a.candidate_id
  LEFT JOIN record_key k ON k.candidate_id = p.candidate_id AND k.kind = 'candidate'
 WHERE a.id = ${account_id:int} AND a.realm = 'candidate' AND p.id = ${id:int}

-- Pictures that wait for somebody, oldest first.
-- name: photo_queue
-- returns: id int, candidate_id int, state text, source text, verdict text, width_px int, height_px int, bytes int, digest text, key_id text, report blob, made_from int, taken_by int, taken_us int, decided_by int, decided_us int, record_key int, wrap_key text, wrapped blob, number text, name text, class text, version int
SELECT p.id, p.candidate_id, p.state, p.source, p.verdict, p.width_px, p.height_px, p.bytes, p.digest, p.key_id, p.report,
       p.made_from, p.taken_by, p.taken_us, p.decided_by, p.decided_us, k.id, k.key_id, k.wrapped, c.number, c.name, c.class, c.version
  FROM photo p JOIN candidate c ON c.id = p.candidate_id
  LEFT JOIN record_key k ON k.candidate_id = p.candidate_id AND k.kind = 'candidate'
 WHERE p.season_id = ${season_id:int} AND p.state = ${state:text} AND p.id > ${after:int} AND c.state <> 'withdrawn'
   AND p.org_path >= ${scope_lo:text} AND p.org_path < ${scope_hi:text}
 ORDER BY p.id LIMIT ${limit:int}

-- name: photo_waiting
-- returns: n int
SELECT count(*) FROM photo p JOIN candidate c ON c.id = p.candidate_id
 WHERE p.season_id = ${season_id:int} AND p.state = 'look' AND c.state <> 'withdrawn'
   AND p.org_path >= ${scope_lo:text} AND p.org_path < ${scope_hi:text}

-- name: photo_waiting_all
-- returns: n int
SELECT count(*) FROM photo WHERE season_id = ${season_id:int} AND state = 'look'

-- The bytes of pictures that are history; what is told about them stays.
-- name: photo_expire
UPDATE photo SET picture = ${nothing:blob}, cut = ${nothing}, bytes = 0
 WHERE season_id IN (SELECT id FROM season) AND state IN ('refused', 'retake', 'replaced') AND bytes > 0
   AND taken_us < ${before_us:int}

-- name: photo_measures
-- returns: id int, state text, verdict text, measures text
SELECT id, state, verdict, measures FROM photo
 WHERE season_id = ${season_id:int} AND source <> 'chip' AND source <> 'crop' AND measures <> ''
   AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}
 ORDER BY id DESC LIMIT ${limit:int}
