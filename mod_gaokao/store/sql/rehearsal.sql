-- Dry runs of packs (domain/rehearsal.h).

-- name: rehearsal_insert
-- returns: id int
INSERT INTO rehearsal (season_id, pack_id, pack_digest, base_id, job_id, state, created_us)
VALUES (${season_id:int}, ${pack_id:int}, ${pack_digest:text}, ${base_id:int}, ${job_id:int}, 'running', ${now_us:int})
RETURNING id

-- Where a run that was stopped goes on.
-- name: rehearsal_of_job
-- returns: id int, pack_id int, pack_digest text, base_id int, job_id int, state text, after_id int, done int, failing int, passing int, other int, counts text, created_us int, finished_us int
SELECT id, pack_id, pack_digest, base_id, job_id, state, after_id, done, failing, passing, other, counts, created_us, finished_us
  FROM rehearsal WHERE job_id = ${job_id:int} AND pack_id = ${pack_id:int} ORDER BY id DESC LIMIT 1

-- The newest of a pack; done 1: the newest that is whole. base 0: against whatever was active.
-- name: rehearsal_last
-- returns: id int, pack_id int, pack_digest text, base_id int, job_id int, state text, after_id int, done int, failing int, passing int, other int, counts text, created_us int, finished_us int
SELECT id, pack_id, pack_digest, base_id, job_id, state, after_id, done, failing, passing, other, counts, created_us, finished_us
  FROM rehearsal
 WHERE pack_id = ${pack_id:int} AND (${whole:int} = 0 OR state = 'done') AND (${base_id:int} = 0 OR base_id = ${base_id})
 ORDER BY id DESC LIMIT 1

-- name: rehearsal_advance
UPDATE rehearsal SET after_id = ${after_id:int}, done = ${done:int}, failing = ${failing:int}, passing = ${passing:int},
       other = ${other:int}, counts = ${counts:text}, state = ${state:text}, finished_us = ${finished_us:int}
 WHERE id = ${id:int} AND state = 'running'

-- name: rehearsal_job
-- returns: state text, done int, total int, account_id int
SELECT state, done, total, account_id FROM job WHERE id = ${id:int} AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}

-- name: rehearsal_total
-- returns: n int
SELECT count(*) FROM candidate
 WHERE season_id = ${season_id:int} AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}

-- name: rehearsal_candidates
-- returns: id int, org_path text, org_code text, number text, candidate_number text, state text, version int, key_id text, doc blob, record_key int, wrap_key text, wrapped blob
SELECT c.id, c.org_path, o.code, c.number, c.candidate_number, c.state, c.version, c.key_id, c.doc, k.id, k.key_id, k.wrapped
  FROM candidate c JOIN org o ON o.id = c.org_id LEFT JOIN record_key k ON k.candidate_id = c.id AND k.kind = 'candidate'
 WHERE c.id > ${after_id:int} AND c.season_id = ${season_id:int}
   AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text}
 ORDER BY c.id LIMIT ${limit:int}

-- A batch that is done again after a stop leaves the same rows.
-- name: rehearsal_put
INSERT INTO rehearsal_record (rehearsal_id, candidate_id, org_path, outcome, confirmed, rules)
VALUES (${rehearsal_id:int}, ${candidate_id:int}, ${org_path:text}, ${outcome:text}, ${confirmed:int}, ${rules:text})
ON CONFLICT (rehearsal_id, candidate_id) DO NOTHING

-- name: rehearsal_records
-- returns: candidate_id int, number text, name text, school text, state text, org_path text, outcome text, confirmed int, rules text, decision text
SELECT r.candidate_id, c.number, c.name, c.school, c.state, r.org_path, r.outcome, r.confirmed, r.rules, r.decision
  FROM rehearsal_record r JOIN candidate c ON c.id = r.candidate_id
 WHERE r.rehearsal_id = ${rehearsal_id:int} AND r.candidate_id > ${after_id:int}
   AND r.org_path >= ${scope_lo:text} AND r.org_path < ${scope_hi:text}
   AND (${outcome:text} = '' OR r.outcome = ${outcome}) AND r.confirmed >= ${confirmed:int}
   AND (${rule:text} = '' OR r.rules LIKE ${pattern:text} ESCAPE '\')
 ORDER BY r.candidate_id LIMIT ${limit:int}

-- What is to become of signed records that the pack judges otherwise.
-- name: rehearsal_decide
UPDATE rehearsal_record SET decision = ${decision:text}
 WHERE rehearsal_id = ${rehearsal_id:int} AND outcome = 'failing' AND confirmed = 1
   AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}
   AND (${rule:text} = '' OR rules LIKE ${pattern:text} ESCAPE '\')

