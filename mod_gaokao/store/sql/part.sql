-- Appraisal, examination, grades, bonus of candidates (domain/part.h).

-- name: part_list
-- returns: kind text, state text, key_id text, body blob, record_key int, wrap_key text, wrapped blob, version int, updated_by int, updated_us int
SELECT p.kind, p.state, p.key_id, p.body, k.id, k.key_id, k.wrapped, p.version, p.updated_by, p.updated_us
  FROM candidate c JOIN candidate_part p ON p.candidate_id = c.id
  LEFT JOIN record_key k ON k.candidate_id = c.id AND k.kind = 'candidate'
 WHERE c.id = ${candidate_id:int} AND c.season_id = ${season_id:int}
   AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text}
   AND p.kind IN ('appraisal', 'examination', 'grades', 'bonus')

-- name: part_mark
UPDATE candidate
   SET appraisal_state = CASE WHEN ${kind:text} = 'appraisal' THEN ${state:text} ELSE appraisal_state END,
       examination_state = CASE WHEN ${kind} = 'examination' THEN ${state} ELSE examination_state END,
       grades_state = CASE WHEN ${kind} = 'grades' THEN ${state} ELSE grades_state END,
       bonus_state = CASE WHEN ${kind} = 'bonus' THEN ${state} ELSE bonus_state END,
       version = version + 1, updated_us = ${now_us:int}
 WHERE id = ${candidate_id:int} AND version = ${version:int} AND season_id = ${season_id:int}
   AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}

-- Follows part_mark, which judged the scope, in the same transaction.
-- name: part_put
INSERT INTO candidate_part (candidate_id, kind, state, key_id, body, version, updated_by, updated_us)
SELECT c.id, ${kind:text}, ${state:text}, ${key_id:text}, ${body:blob}, 1, ${updated_by:int}, ${now_us:int}
  FROM candidate c
 WHERE c.id = ${candidate_id:int} AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text}
ON CONFLICT (candidate_id, kind) DO UPDATE SET state = excluded.state, key_id = excluded.key_id, body = excluded.body,
   version = candidate_part.version + 1, updated_by = excluded.updated_by, updated_us = excluded.updated_us

-- Has the point of this path submitted everybody?
-- name: part_closed
-- returns: id int
SELECT s.id FROM submission s JOIN org o ON o.id = s.org_id
 WHERE o.path = ${org_path:text} AND s.season_id = ${season_id:int} AND s.kind = 'all' AND s.state <> 'returned'
   AND s.org_path >= ${scope_lo:text} AND s.org_path < ${scope_hi:text}
