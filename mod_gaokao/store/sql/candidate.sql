-- Candidates. All lists give the same columns as candidate_get, in the same order: store/candidate_store.c reads them with
-- one function. A page begins behind (after_path, after_number); the caller narrows scope_lo to after_path.

-- name: candidate_get
-- returns: id int, season_id int, org_id int, org_path text, org_code text, org_name text, number text, candidate_number text, range_id int, subject text, art int, state text, version int, name text, school text, class text, id_index text, tail_index text, twin_index text, twin_flag int, identified int, approval text, key_id text, doc blob, record_key int, wrap_key text, wrapped blob, pack_id int, pledged_us int, proof_version int, confirmed_version int, papers_state text, fee_state text, fee_fen int, review_state text, photo_state text, appraisal_state text, examination_state text, grades_state text, bonus_state text, created_us int, updated_us int, returned_us int
SELECT c.id, c.season_id, c.org_id, c.org_path, o.code, o.name, c.number, c.candidate_number, c.range_id,
       c.subject, c.art, c.state, c.version, c.name, c.school, c.class, c.id_index, c.tail_index,
       c.twin_index, c.twin_flag, c.identified, c.approval, c.key_id, c.doc, k.id, k.key_id, k.wrapped, c.pack_id, c.pledged_us,
       c.proof_version, c.confirmed_version, c.papers_state, c.fee_state, c.fee_fen, c.review_state,
       c.photo_state, c.appraisal_state, c.examination_state, c.grades_state, c.bonus_state, c.created_us,
       c.updated_us, c.returned_us
 FROM candidate c JOIN org o ON o.id = c.org_id
  LEFT JOIN record_key k ON k.candidate_id = c.id AND k.kind = 'candidate'
 WHERE c.id = ${id:int} AND c.season_id = ${season_id:int} AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text}

-- One's own record, by the account of the session: the account is the scope.
-- name: candidate_own
-- returns: id int, season_id int, org_id int, org_path text, org_code text, org_name text, number text, candidate_number text, range_id int, subject text, art int, state text, version int, name text, school text, class text, id_index text, tail_index text, twin_index text, twin_flag int, identified int, approval text, key_id text, doc blob, record_key int, wrap_key text, wrapped blob, pack_id int, pledged_us int, proof_version int, confirmed_version int, papers_state text, fee_state text, fee_fen int, review_state text, photo_state text, appraisal_state text, examination_state text, grades_state text, bonus_state text, created_us int, updated_us int, returned_us int
SELECT c.id, c.season_id, c.org_id, c.org_path, o.code, o.name, c.number, c.candidate_number, c.range_id,
       c.subject, c.art, c.state, c.version, c.name, c.school, c.class, c.id_index, c.tail_index,
       c.twin_index, c.twin_flag, c.identified, c.approval, c.key_id, c.doc, k.id, k.key_id, k.wrapped, c.pack_id, c.pledged_us,
       c.proof_version, c.confirmed_version, c.papers_state, c.fee_state, c.fee_fen, c.review_state,
       c.photo_state, c.appraisal_state, c.examination_state, c.grades_state, c.bonus_state, c.created_us,
       c.updated_us, c.returned_us
 FROM account a JOIN candidate c ON c.id = a.candidate_id AND c.season_id = a.season_id JOIN org o ON o.id = c.org_id
  LEFT JOIN record_key k ON k.candidate_id = c.id AND k.kind = 'candidate'
 WHERE a.id = ${account_id:int} AND a.realm = 'candidate'

-- name: candidate_list
-- returns: id int, season_id int, org_id int, org_path text, org_code text, org_name text, number text, candidate_number text, range_id int, subject text, art int, state text, version int, name text, school text, class text, id_index text, tail_index text, twin_index text, twin_flag int, identified int, approval text, key_id text, doc blob, record_key int, wrap_key text, wrapped blob, pack_id int, pledged_us int, proof_version int, confirmed_version int, papers_state text, fee_state text, fee_fen int, review_state text, photo_state text, appraisal_state text, examination_state text, grades_state text, bonus_state text, created_us int, updated_us int, returned_us int
SELECT c.id, c.season_id, c.org_id, c.org_path, o.code, o.name, c.number, c.candidate_number, c.range_id,
       c.subject, c.art, c.state, c.version, c.name, c.school, c.class, c.id_index, c.tail_index,
       c.twin_index, c.twin_flag, c.identified, c.approval, c.key_id, c.doc, k.id, k.key_id, k.wrapped, c.pack_id, c.pledged_us,
       c.proof_version, c.confirmed_version, c.papers_state, c.fee_state, c.fee_fen, c.review_state,
       c.photo_state, c.appraisal_state, c.examination_state, c.grades_state, c.bonus_state, c.created_us,
       c.updated_us, c.returned_us
 FROM candidate c JOIN org o ON o.id = c.org_id
  LEFT JOIN record_key k ON k.candidate_id = c.id AND k.kind = 'candidate'
 WHERE c.season_id = ${season_id:int} AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text}
   AND (c.org_path, c.number) > (${after_path:text}, ${after_number:text})
   AND (${subject:text} IS NULL OR c.subject = ${subject})
   AND (${class:text} IS NULL OR c.class = ${class})
   AND (${school:text} IS NULL OR c.school = ${school})
   AND c.twin_flag >= ${flagged:int}
 ORDER BY c.org_path, c.number LIMIT ${limit:int}

-- name: candidate_list_state
-- returns: id int, season_id int, org_id int, org_path text, org_code text, org_name text, number text, candidate_number text, range_id int, subject text, art int, state text, version int, name text, school text, class text, id_index text, tail_index text, twin_index text, twin_flag int, identified int, approval text, key_id text, doc blob, record_key int, wrap_key text, wrapped blob, pack_id int, pledged_us int, proof_version int, confirmed_version int, papers_state text, fee_state text, fee_fen int, review_state text, photo_state text, appraisal_state text, examination_state text, grades_state text, bonus_state text, created_us int, updated_us int, returned_us int
SELECT c.id, c.season_id, c.org_id, c.org_path, o.code, o.name, c.number, c.candidate_number, c.range_id,
       c.subject, c.art, c.state, c.version, c.name, c.school, c.class, c.id_index, c.tail_index,
       c.twin_index, c.twin_flag, c.identified, c.approval, c.key_id, c.doc, k.id, k.key_id, k.wrapped, c.pack_id, c.pledged_us,
       c.proof_version, c.confirmed_version, c.papers_state, c.fee_state, c.fee_fen, c.review_state,
       c.photo_state, c.appraisal_state, c.examination_state, c.grades_state, c.bonus_state, c.created_us,
       c.updated_us, c.returned_us
 FROM candidate c JOIN org o ON o.id = c.org_id
  LEFT JOIN record_key k ON k.candidate_id = c.id AND k.kind = 'candidate'
 WHERE c.season_id = ${season_id:int} AND c.state = ${state:text} AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text}
   AND (c.org_path, c.number) > (${after_path:text}, ${after_number:text})
   AND (${subject:text} IS NULL OR c.subject = ${subject})
   AND (${class:text} IS NULL OR c.class = ${class})
   AND (${school:text} IS NULL OR c.school = ${school})
   AND c.twin_flag >= ${flagged:int}
 ORDER BY c.org_path, c.number LIMIT ${limit:int}

-- name: candidate_list_waiting
-- returns: id int, season_id int, org_id int, org_path text, org_code text, org_name text, number text, candidate_number text, range_id int, subject text, art int, state text, version int, name text, school text, class text, id_index text, tail_index text, twin_index text, twin_flag int, identified int, approval text, key_id text, doc blob, record_key int, wrap_key text, wrapped blob, pack_id int, pledged_us int, proof_version int, confirmed_version int, papers_state text, fee_state text, fee_fen int, review_state text, photo_state text, appraisal_state text, examination_state text, grades_state text, bonus_state text, created_us int, updated_us int, returned_us int
SELECT c.id, c.season_id, c.org_id, c.org_path, o.code, o.name, c.number, c.candidate_number, c.range_id,
       c.subject, c.art, c.state, c.version, c.name, c.school, c.class, c.id_index, c.tail_index,
       c.twin_index, c.twin_flag, c.identified, c.approval, c.key_id, c.doc, k.id, k.key_id, k.wrapped, c.pack_id, c.pledged_us,
       c.proof_version, c.confirmed_version, c.papers_state, c.fee_state, c.fee_fen, c.review_state,
       c.photo_state, c.appraisal_state, c.examination_state, c.grades_state, c.bonus_state, c.created_us,
       c.updated_us, c.returned_us
 FROM candidate c JOIN org o ON o.id = c.org_id
  LEFT JOIN record_key k ON k.candidate_id = c.id AND k.kind = 'candidate'
 WHERE c.season_id = ${season_id:int} AND c.state = 'waiting' AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text}
   AND c.id > ${after_id:int}
   AND (${subject:text} IS NULL OR c.subject = ${subject})
   AND (${class:text} IS NULL OR c.class = ${class})
   AND (${school:text} IS NULL OR c.school = ${school})
   AND c.twin_flag >= ${flagged:int}
 ORDER BY c.id LIMIT ${limit:int}

-- name: candidate_list_name
-- returns: id int, season_id int, org_id int, org_path text, org_code text, org_name text, number text, candidate_number text, range_id int, subject text, art int, state text, version int, name text, school text, class text, id_index text, tail_index text, twin_index text, twin_flag int, identified int, approval text, key_id text, doc blob, record_key int, wrap_key text, wrapped blob, pack_id int, pledged_us int, proof_version int, confirmed_version int, papers_state text, fee_state text, fee_fen int, review_state text, photo_state text, appraisal_state text, examination_state text, grades_state text, bonus_state text, created_us int, updated_us int, returned_us int
SELECT c.id, c.season_id, c.org_id, c.org_path, o.code, o.name, c.number, c.candidate_number, c.range_id,
       c.subject, c.art, c.state, c.version, c.name, c.school, c.class, c.id_index, c.tail_index,
       c.twin_index, c.twin_flag, c.identified, c.approval, c.key_id, c.doc, k.id, k.key_id, k.wrapped, c.pack_id, c.pledged_us,
       c.proof_version, c.confirmed_version, c.papers_state, c.fee_state, c.fee_fen, c.review_state,
       c.photo_state, c.appraisal_state, c.examination_state, c.grades_state, c.bonus_state, c.created_us,
       c.updated_us, c.returned_us
 FROM candidate c JOIN org o ON o.id = c.org_id
  LEFT JOIN record_key k ON k.candidate_id = c.id AND k.kind = 'candidate'
 WHERE c.season_id = ${season_id:int} AND c.name = ${name:text} AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text}
   AND c.id > ${after_id:int} AND (${state:text} IS NULL OR c.state = ${state})
   AND (${subject:text} IS NULL OR c.subject = ${subject})
   AND (${class:text} IS NULL OR c.class = ${class})
   AND (${school:text} IS NULL OR c.school = ${school})
   AND c.twin_flag >= ${flagged:int}
 ORDER BY c.id LIMIT ${limit:int}

-- name: candidate_list_number
-- returns: id int, season_id int, org_id int, org_path text, org_code text, org_name text, number text, candidate_number text, range_id int, subject text, art int, state text, version int, name text, school text, class text, id_index text, tail_index text, twin_index text, twin_flag int, identified int, approval text, key_id text, doc blob, record_key int, wrap_key text, wrapped blob, pack_id int, pledged_us int, proof_version int, confirmed_version int, papers_state text, fee_state text, fee_fen int, review_state text, photo_state text, appraisal_state text, examination_state text, grades_state text, bonus_state text, created_us int, updated_us int, returned_us int
SELECT c.id, c.season_id, c.org_id, c.org_path, o.code, o.name, c.number, c.candidate_number, c.range_id,
       c.subject, c.art, c.state, c.version, c.name, c.school, c.class, c.id_index, c.tail_index,
       c.twin_index, c.twin_flag, c.identified, c.approval, c.key_id, c.doc, k.id, k.key_id, k.wrapped, c.pack_id, c.pledged_us,
       c.proof_version, c.confirmed_version, c.papers_state, c.fee_state, c.fee_fen, c.review_state,
       c.photo_state, c.appraisal_state, c.examination_state, c.grades_state, c.bonus_state, c.created_us,
       c.updated_us, c.returned_us
 FROM candidate c JOIN org o ON o.id = c.org_id
  LEFT JOIN record_key k ON k.candidate_id = c.id AND k.kind = 'candidate'
 WHERE c.season_id = ${season_id:int} AND c.number >= ${from:text} AND c.number < ${to:text} AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text}
   AND c.number > ${after_number:text} AND (${state:text} IS NULL OR c.state = ${state})
   AND (${subject:text} IS NULL OR c.subject = ${subject})
   AND (${class:text} IS NULL OR c.class = ${class})
   AND (${school:text} IS NULL OR c.school = ${school})
   AND c.twin_flag >= ${flagged:int}
 ORDER BY c.number LIMIT ${limit:int}

-- name: candidate_list_tail
-- returns: id int, season_id int, org_id int, org_path text, org_code text, org_name text, number text, candidate_number text, range_id int, subject text, art int, state text, version int, name text, school text, class text, id_index text, tail_index text, twin_index text, twin_flag int, identified int, approval text, key_id text, doc blob, record_key int, wrap_key text, wrapped blob, pack_id int, pledged_us int, proof_version int, confirmed_version int, papers_state text, fee_state text, fee_fen int, review_state text, photo_state text, appraisal_state text, examination_state text, grades_state text, bonus_state text, created_us int, updated_us int, returned_us int
SELECT c.id, c.season_id, c.org_id, c.org_path, o.code, o.name, c.number, c.candidate_number, c.range_id,
       c.subject, c.art, c.state, c.version, c.name, c.school, c.class, c.id_index, c.tail_index,
       c.twin_index, c.twin_flag, c.identified, c.approval, c.key_id, c.doc, k.id, k.key_id, k.wrapped, c.pack_id, c.pledged_us,
       c.proof_version, c.confirmed_version, c.papers_state, c.fee_state, c.fee_fen, c.review_state,
       c.photo_state, c.appraisal_state, c.examination_state, c.grades_state, c.bonus_state, c.created_us,
       c.updated_us, c.returned_us
 FROM candidate c JOIN org o ON o.id = c.org_id
  LEFT JOIN record_key k ON k.candidate_id = c.id AND k.kind = 'candidate'
 WHERE c.season_id = ${season_id:int} AND c.tail_index IN (${tail_index:text}, ${other:text}) AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text}
   AND c.id > ${after_id:int} AND (${state:text} IS NULL OR c.state = ${state})
   AND (${subject:text} IS NULL OR c.subject = ${subject})
   AND (${class:text} IS NULL OR c.class = ${class})
   AND (${school:text} IS NULL OR c.school = ${school})
   AND c.twin_flag >= ${flagged:int}
 ORDER BY c.id LIMIT ${limit:int}

-- name: candidate_card_get
-- returns: id int, season_id int, org_id int, org_path text, org_code text, org_name text, number text, candidate_number text, range_id int, subject text, art int, state text, version int, name text, school text, class text, id_index text, tail_index text, twin_index text, twin_flag int, identified int, approval text, key_id text, doc blob, record_key int, wrap_key text, wrapped blob, pack_id int, pledged_us int, proof_version int, confirmed_version int, papers_state text, fee_state text, fee_fen int, review_state text, photo_state text, appraisal_state text, examination_state text, grades_state text, bonus_state text, created_us int, updated_us int, returned_us int, account_id int, slip_generation int, own_password int
SELECT c.id, c.season_id, c.org_id, c.org_path, o.code, o.name, c.number, c.candidate_number, c.range_id,
       c.subject, c.art, c.state, c.version, c.name, c.school, c.class, c.id_index, c.tail_index,
       c.twin_index, c.twin_flag, c.identified, c.approval, c.key_id, c.doc, k.id, k.key_id, k.wrapped, c.pack_id, c.pledged_us,
       c.proof_version, c.confirmed_version, c.papers_state, c.fee_state, c.fee_fen, c.review_state,
       c.photo_state, c.appraisal_state, c.examination_state, c.grades_state, c.bonus_state, c.created_us,
       c.updated_us, c.returned_us,
       a.id, a.slip_generation, CASE WHEN a.password IS NULL THEN 0 ELSE 1 END
 FROM candidate c JOIN org o ON o.id = c.org_id
  LEFT JOIN record_key k ON k.candidate_id = c.id AND k.kind = 'candidate'
  LEFT JOIN account a ON a.candidate_id = c.id AND a.realm = 'candidate'
 WHERE c.id = ${id:int} AND c.season_id = ${season_id:int} AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text}

-- name: candidate_card_list
-- returns: id int, season_id int, org_id int, org_path text, org_code text, org_name text, number text, candidate_number text, range_id int, subject text, art int, state text, version int, name text, school text, class text, id_index text, tail_index text, twin_index text, twin_flag int, identified int, approval text, key_id text, doc blob, record_key int, wrap_key text, wrapped blob, pack_id int, pledged_us int, proof_version int, confirmed_version int, papers_state text, fee_state text, fee_fen int, review_state text, photo_state text, appraisal_state text, examination_state text, grades_state text, bonus_state text, created_us int, updated_us int, returned_us int, account_id int, slip_generation int, own_password int
SELECT c.id, c.season_id, c.org_id, c.org_path, o.code, o.name, c.number, c.candidate_number, c.range_id,
       c.subject, c.art, c.state, c.version, c.name, c.school, c.class, c.id_index, c.tail_index,
       c.twin_index, c.twin_flag, c.identified, c.approval, c.key_id, c.doc, k.id, k.key_id, k.wrapped, c.pack_id, c.pledged_us,
       c.proof_version, c.confirmed_version, c.papers_state, c.fee_state, c.fee_fen, c.review_state,
       c.photo_state, c.appraisal_state, c.examination_state, c.grades_state, c.bonus_state, c.created_us,
       c.updated_us, c.returned_us,
       a.id, a.slip_generation, CASE WHEN a.password IS NULL THEN 0 ELSE 1 END
 FROM candidate c JOIN org o ON o.id = c.org_id
  LEFT JOIN record_key k ON k.candidate_id = c.id AND k.kind = 'candidate'
  LEFT JOIN account a ON a.candidate_id = c.id AND a.realm = 'candidate'
 WHERE c.season_id = ${season_id:int} AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text} AND c.number IS NOT NULL AND c.state <> 'withdrawn'
   AND (${from:text} IS NULL OR c.number >= ${from}) AND (${to:text} IS NULL OR c.number <= ${to})
   AND (${class:text} IS NULL OR c.class = ${class})
 ORDER BY c.number LIMIT ${limit:int}

-- name: candidate_place
-- returns: id int, org_id int, org_path text, org_name text, county_name text, number text, name text, state text
-- Beyond the scope: an ID number is unique in the season, whoever asks.
SELECT c.id, c.org_id, c.org_path, o.name, p.name, c.number, c.name, c.state
  FROM candidate c JOIN org o ON o.id = c.org_id LEFT JOIN org p ON p.id = o.parent_id
 WHERE c.season_id = ${season_id:int} AND c.id_index IN (${id_index:text}, ${other:text})

-- name: candidate_former_place
-- returns: id int, org_id int, org_path text, org_name text, county_name text, number text, name text, state text
-- Beyond the scope, likewise: numbers that a record had before a correction stay taken.
SELECT c.id, c.org_id, c.org_path, o.name, p.name, c.number, c.name, c.state
  FROM candidate_former f JOIN candidate c ON c.id = f.candidate_id
  JOIN org o ON o.id = c.org_id LEFT JOIN org p ON p.id = o.parent_id
 WHERE f.season_id = ${season_id:int} AND f.id_index IN (${id_index:text}, ${other:text})

-- name: candidate_former_put
INSERT INTO candidate_former (season_id, id_index, candidate_id, created_us, index_key, key_id, body)
SELECT c.season_id, ${id_index:text}, c.id, ${now:int}, ${index_key:text}, ${key_id:text}, ${body:blob} FROM candidate c
 WHERE c.id = ${id:int} AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text}
ON CONFLICT (season_id, id_index) DO NOTHING

-- name: candidate_former_clear
DELETE FROM candidate_former WHERE candidate_id IN (SELECT c.id FROM candidate c WHERE c.id = ${id:int}
   AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text})

-- name: candidate_insert
-- returns: id int
-- The unit is read again here, in scope and switched on. No row: the ID number is taken.
INSERT INTO candidate (season_id, org_id, org_path, subject, art, state, name, school, class, id_index, tail_index,
                       twin_index, identified, approval, doc, pack_id, created_us, updated_us)
SELECT ${season_id:int}, o.id, o.path, ${subject:text}, ${art:int}, ${state:text}, ${name:text}, ${school:text},
       ${class:text}, ${id_index:text}, ${tail_index:text}, ${twin_index:text}, ${identified:int}, ${approval:text},
       ${doc:blob}, ${pack_id:int}, ${now:int}, ${now}
  FROM org o
 WHERE o.id = ${org_id:int} AND o.level = 'point' AND o.enabled = 1
   AND o.path >= ${scope_lo:text} AND o.path < ${scope_hi:text}
ON CONFLICT (season_id, id_index) DO NOTHING
RETURNING id

-- name: candidate_admit
-- Completes a row of the running transaction: number and document, the version stays 1.
UPDATE candidate SET number = ${number:text}, range_id = ${range_id:int?}, key_id = ${key_id:text}, doc = ${doc:blob}
 WHERE id = ${id:int} AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}

-- name: candidate_put
UPDATE candidate SET number = ${number:text}, range_id = ${range_id:int?}, subject = ${subject:text}, art = ${art:int},
       state = ${state:text}, name = ${name:text}, school = ${school:text}, class = ${class:text},
       id_index = ${id_index:text}, tail_index = ${tail_index:text}, twin_index = ${twin_index:text},
       identified = ${identified:int}, approval = ${approval:text}, key_id = ${key_id:text}, doc = ${doc:blob},
       pack_id = ${pack_id:int}, pledged_us = ${pledged_us:int}, proof_version = ${proof_version:int},
       confirmed_version = ${confirmed_version:int}, papers_state = ${papers_state:text},
       fee_state = ${fee_state:text}, fee_fen = ${fee_fen:int}, review_state = ${review_state:text},
       updated_us = ${now:int}, version = version + 1
 WHERE id = ${id:int} AND season_id = ${season_id:int} AND version = ${version:int}
   AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}

-- name: candidate_put_narrow
-- The same for a change that touches no indexed column (the candidate's saves): SQLite would write all indexes again.
UPDATE candidate SET subject = ${subject:text}, art = ${art:int}, school = ${school:text},
       identified = ${identified:int}, approval = ${approval:text}, key_id = ${key_id:text}, doc = ${doc:blob},
       pack_id = ${pack_id:int}, pledged_us = ${pledged_us:int}, proof_version = ${proof_version:int},
       confirmed_version = ${confirmed_version:int}, papers_state = ${papers_state:text},
       fee_state = ${fee_state:text}, fee_fen = ${fee_fen:int}, review_state = ${review_state:text},
       updated_us = ${now:int}, version = version + 1
 WHERE id = ${id:int} AND season_id = ${season_id:int} AND version = ${version:int}
   AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}

-- name: candidate_twin_count
-- returns: n int
-- Beyond the scope: namesakes are looked for in the whole season.
SELECT count(*) FROM candidate
 WHERE season_id = ${season_id:int} AND twin_index IN (${twin_index:text}, ${other:text}) AND state <> 'withdrawn'

-- name: candidate_twin_mark
-- A mark that others cause, not a change of the record: its version stays.
UPDATE candidate SET twin_flag = 1
 WHERE season_id = ${season_id:int} AND twin_index IN (${twin_index:text}, ${other:text}) AND twin_flag = 0
