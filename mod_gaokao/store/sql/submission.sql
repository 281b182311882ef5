-- Submissions point -> county -> city -> province (domain/submission.h).

-- name: submission_org
-- returns: id int, code text, name text, level text, path text
SELECT id, code, name, level, path FROM org
 WHERE id = ${id:int} AND path >= ${scope_lo:text} AND path < ${scope_hi:text}

-- Live candidates of one point, by registration number; or just those the province returned.
-- name: submission_candidates
-- returns: id int, version int, number text, candidate_number text, name text, subject text, art int, state text, papers_state text, fee_state text, review_state text, photo_state text, appraisal_state text, examination_state text, grades_state text, bonus_state text, key_id text, doc blob, record_key int, wrap_key text, wrapped blob, confirmation text, returned_us int
SELECT c.id, c.version, c.number, c.candidate_number, c.name, c.subject, c.art, c.state, c.papers_state, c.fee_state,
       c.review_state, c.photo_state, c.appraisal_state, c.examination_state, c.grades_state, c.bonus_state, c.key_id, c.doc, k.id,
       k.key_id, k.wrapped, f.digest, c.returned_us
  FROM candidate c LEFT JOIN confirmation f ON f.candidate_id = c.id AND f.voided_us = 0
  LEFT JOIN record_key k ON k.candidate_id = c.id AND k.kind = 'candidate'
 WHERE c.season_id = ${season_id:int} AND c.org_path = ${org_path:text} AND c.state <> 'withdrawn'
   AND (${art_only:int} = 0 OR c.art = 1) AND (${returned_only:int} = 0 OR c.returned_us > 0)
   AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text}
 ORDER BY coalesce(c.number, ''), c.id

-- Units directly below one, with their live candidates (from the tally) and their open submission.
-- name: submission_children
-- returns: id int, code text, name text, level text, path text, enabled int, live int, submission_id int, state text, total int, counts text, digest text
WITH live AS (
  SELECT substr(t.org_path, 1, (SELECT length(d.path) FROM org d WHERE d.parent_id = ${org_id:int} LIMIT 1)) AS path,
         CAST(SUM(t.n - t.withdrawn) AS BIGINT) AS n
    FROM tally t
   WHERE t.season_id = ${season_id:int} AND t.org_path >= ${lo:text} AND t.org_path < ${hi:text}
     AND t.org_path >= ${scope_lo:text} AND t.org_path < ${scope_hi:text}
     AND (${subjects:text} = '' OR ${subjects} LIKE '%,' || t.subject || ',%')
   GROUP BY 1)
SELECT o.id, o.code, o.name, o.level, o.path, o.enabled, l.n, coalesce(s.id, 0), coalesce(s.state, 'none'),
       coalesce(s.total, 0), s.counts, s.digest
  FROM live l JOIN org o ON o.path = l.path AND o.parent_id = ${org_id}
  LEFT JOIN submission s ON s.season_id = ${season_id} AND s.org_id = o.id AND s.kind = ${kind:text}
                        AND s.state <> 'returned'
 WHERE l.n > 0
 ORDER BY o.code

-- SQLite: a transaction that writes is alone.
-- name: submission_hold
-- returns: id int
SELECT s.id FROM org o JOIN submission s ON s.org_id = o.id
 WHERE o.parent_id = ${org_id:int} AND s.season_id = ${season_id:int} AND s.kind = ${kind:text} AND s.state <> 'returned'
   AND s.org_path >= ${scope_lo:text} AND s.org_path < ${scope_hi:text}
 ORDER BY s.id DESC

-- name: submission_hold [pgsql]
SELECT s.id FROM org o JOIN submission s ON s.org_id = o.id
 WHERE o.parent_id = ${org_id:int} AND s.season_id = ${season_id:int} AND s.kind = ${kind:text} AND s.state <> 'returned'
   AND s.org_path >= ${scope_lo:text} AND s.org_path < ${scope_hi:text}
 ORDER BY s.id DESC FOR SHARE OF s

-- name: submission_list
-- returns: id int, version int, org_id int, org_code text, org_name text, level text, org_path text, kind text, state text, total int, counts text, digest text, submitted_by int, submitted_us int, decided_by int, decided_us int, reason text, audit_anchor text
SELECT s.id, s.version, s.org_id, o.code, o.name, s.level, s.org_path, s.kind, s.state, s.total, s.counts, s.digest,
       s.submitted_by, s.submitted_us, coalesce(s.decided_by, 0), s.decided_us, s.reason,
       s.audit_anchor
  FROM submission s JOIN org o ON o.id = s.org_id
 WHERE s.season_id = ${season_id:int} AND s.id < ${before_id:int}
   AND s.org_path >= ${scope_lo:text} AND s.org_path < ${scope_hi:text}
   AND (${kind:text} = '' OR s.kind = ${kind}) AND (${state:text} = '' OR s.state = ${state})
   AND (${level:text} = '' OR s.level = ${level}) AND (${org_id:int} = 0 OR s.org_id = ${org_id})
 ORDER BY s.id DESC LIMIT ${limit:int}

-- name: submission_get
-- returns: id int, version int, org_id int, org_code text, org_name text, level text, org_path text, kind text, state text, total int, counts text, digest text, submitted_by int, submitted_us int, decided_by int, decided_us int, reason text, audit_anchor text
SELECT s.id, s.version, s.org_id, o.code, o.name, s.level, s.org_path, s.kind, s.state, s.total, s.counts, s.digest,
       s.submitted_by, s.submitted_us, coalesce(s.decided_by, 0), s.decided_us, s.reason,
       s.audit_anchor
  FROM submission s JOIN org o ON o.id = s.org_id
 WHERE s.id = ${id:int} AND s.season_id = ${season_id:int}
   AND s.org_path >= ${scope_lo:text} AND s.org_path < ${scope_hi:text}

-- name: submission_open
-- returns: state text
SELECT state FROM submission
 WHERE season_id = ${season_id:int} AND org_path = ${org_path:text} AND kind = ${kind:text} AND state <> 'returned'
   AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}

-- name: submission_insert
-- returns: id int
INSERT INTO submission (season_id, org_id, org_path, level, kind, state, total, counts, digest, submitted_by,
                        submitted_us, audit_anchor)
SELECT ${season_id:int}, o.id, o.path, o.level, ${kind:text}, 'submitted', ${total:int}, ${counts:text}, ${digest:text},
       ${submitted_by:int}, ${now_us:int}, ${audit_anchor:text}
  FROM org o
 WHERE o.id = ${org_id:int} AND o.path >= ${scope_lo:text} AND o.path < ${scope_hi:text}
ON CONFLICT DO NOTHING
RETURNING id

-- name: submission_decide
UPDATE submission SET state = ${state:text}, decided_by = ${decided_by:int}, decided_us = ${now_us:int},
       reason = ${reason:text}, version = version + 1
 WHERE id = ${id:int} AND version = ${version:int} AND season_id = ${season_id:int}
   AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}

-- name: submission_return_paths
-- returns: id int, version int, org_path text
UPDATE submission SET state = 'returned', decided_by = ${decided_by:int}, decided_us = ${now_us:int},
       reason = ${reason:text}, version = version + 1
 WHERE season_id = ${season_id:int} AND kind = ${kind:text} AND state <> 'returned'
   AND org_path IN (${p1:text}, ${p2:text}, ${p3:text})
   AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}
RETURNING id, version, org_path

-- name: submission_serials
-- returns: next int
INSERT INTO candidate_number_counter (season_id, county_code, subject, next)
VALUES (${season_id:int}, ${county_code:text}, ${subject:text}, ${start:int} + ${n:int})
ON CONFLICT (season_id, county_code, subject) DO UPDATE SET next = candidate_number_counter.next + ${n}
RETURNING next

-- rows is [[id, version, candidate_number], ...]. SQLite: the plus signs keep its planner from going through all confirmed
-- candidates for each row.
-- name: submission_lock
UPDATE candidate SET state = 'submitted', candidate_number = json_extract(j.value, '$[2]'),
       returned_us = 0, version = candidate.version + 1, updated_us = ${now_us:int}
  FROM json_each(${rows:text}) AS j
 WHERE candidate.id = json_extract(j.value, '$[0]') AND candidate.version = json_extract(j.value, '$[1]')
   AND +candidate.state = 'confirmed' AND +candidate.season_id = ${season_id:int}
   AND +candidate.org_path >= ${scope_lo:text} AND +candidate.org_path < ${scope_hi:text}

-- name: submission_lock [pgsql]
UPDATE candidate AS c SET state = 'submitted', candidate_number = j.v ->> 2, returned_us = 0, version = c.version + 1,
       updated_us = ${now_us:int}
  FROM json_array_elements(CAST(${rows:text} AS json)) AS j (v)
 WHERE c.id = CAST(j.v ->> 0 AS BIGINT) AND c.version = CAST(j.v ->> 1 AS BIGINT)
   AND c.state = 'confirmed' AND c.season_id = ${season_id:int}
   AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text}

-- name: submission_rest
-- returns: n int
SELECT count(*) AS n FROM candidate
 WHERE season_id = ${season_id:int} AND org_path = ${org_path:text}
   AND state NOT IN ('submitted', 'accepted', 'withdrawn') AND (${art_only:int} = 0 OR art = 1)
   AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}

-- name: submission_move
UPDATE candidate SET state = ${to:text}, version = version + 1, updated_us = ${now_us:int}
 WHERE season_id = ${season_id:int} AND state = ${from:text} AND org_path >= ${lo:text} AND org_path < ${hi:text}
   AND (${art_only:int} = 0 OR art = 1) AND (${without_art:int} = 0 OR art = 0)
   AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}
