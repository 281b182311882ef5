-- Rows of a demonstration (gaokaoctl demo): whole records at once, by the operator of the instance and only into a season
-- that has no candidates, so without scope.

-- name: demo_candidates_count
-- returns: n int
SELECT count(*) FROM candidate WHERE season_id = ${season_id:int};

-- Ids for n new records: a document is sealed under its record's id.
-- name: demo_candidate_ids
-- returns: id int
WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < ${n:int})
SELECT i + coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'candidate'), 0) FROM s;
-- name: demo_candidate_ids [pgsql]
SELECT nextval(pg_get_serial_sequence('candidate', 'id')) FROM generate_series(1, ${n:int});

-- name: demo_candidate_insert
INSERT INTO candidate (id, season_id, org_id, org_path, number, range_id, subject, art, state, version, name, school, class,
                       id_index, tail_index, twin_index, identified, approval, key_id, doc, pack_id, pledged_us, proof_version,
                       confirmed_version, papers_state, fee_state, fee_fen, review_state, appraisal_state, examination_state,
                       grades_state, bonus_state, photo_state, created_us, updated_us)
VALUES (${id:int}, ${season_id:int}, ${org_id:int}, ${org_path:text}, ${number:text}, ${range_id:int?}, ${subject:text}, ${art:int},
        ${state:text}, ${version:int}, ${name:text}, ${school:text}, ${class:text}, ${id_index:text}, ${tail_index:text},
        ${twin_index:text}, ${identified:int}, ${approval:text}, ${key_id:text}, ${doc:blob}, ${pack_id:int}, ${pledged_us:int},
        ${proof_version:int}, ${confirmed_version:int}, ${papers_state:text}, ${fee_state:text}, ${fee_fen:int},
        ${review_state:text}, ${appraisal_state:text}, ${examination_state:text}, ${grades_state:text}, ${bonus_state:text},
        ${photo_state:text}, ${created_us:int}, ${updated_us:int});

-- name: demo_account_insert
-- returns: id int
INSERT INTO account (realm, season_id, login, role, org_id, org_path, candidate_id, display_name, enabled, created_us, updated_us)
VALUES ('candidate', ${season_id:int}, ${login:text}, 'candidate', ${org_id:int}, ${org_path:text}, ${candidate_id:int},
        ${display_name:text}, ${enabled:int}, ${created_us:int}, ${created_us})
RETURNING id;

-- name: demo_part_insert
INSERT INTO candidate_part (candidate_id, kind, state, key_id, body, updated_by, updated_us)
VALUES (${candidate_id:int}, ${kind:text}, ${state:text}, ${key_id:text}, ${body:blob}, ${updated_by:int}, ${now_us:int});

-- name: demo_fee_insert
INSERT INTO fee (season_id, candidate_id, org_path, fen, receipt, paid_by, paid_us)
VALUES (${season_id:int}, ${candidate_id:int}, ${org_path:text}, ${fen:int}, ${receipt:text}, ${paid_by:int}, ${now_us:int});

-- name: demo_range_insert
-- returns: id int
INSERT INTO number_range (season_id, org_id, org_path, county_code, subject, first, last, next, created_us, updated_us)
VALUES (${season_id:int}, ${org_id:int}, ${org_path:text}, ${county_code:text}, ${subject:text}, ${first:int}, ${last:int},
        ${next:int}, ${now_us:int}, ${now_us})
RETURNING id;

-- name: demo_range_next
UPDATE number_range SET next = ${next:int} WHERE id = ${id:int};

-- name: demo_twins_mark
UPDATE candidate SET twin_flag = 1
 WHERE season_id = ${season_id:int} AND twin_index IN
       (SELECT twin_index FROM candidate WHERE season_id = ${season_id} AND twin_index IS NOT NULL
         GROUP BY twin_index HAVING count(*) > 1);

-- name: demo_notice_insert
-- returns: id int
INSERT INTO notice (org_id, org_path, audience, title, body, published_us, created_by, created_us, updated_us)
VALUES (${org_id:int}, ${org_path:text}, ${audience:text}, ${title:text}, ${body:text}, ${now_us:int}, ${created_by:int},
        ${now_us}, ${now_us})
RETURNING id;

-- name: demo_notice_file_insert
INSERT INTO notice_file (notice_id, name, media_type, bytes, digest, body, created_us)
VALUES (${notice_id:int}, ${name:text}, ${media_type:text}, ${bytes:int}, ${digest:text}, ${body:blob}, ${now_us:int});

-- name: demo_candidate_login
-- returns: id int, login text
SELECT a.id, a.login FROM account a JOIN candidate c ON c.id = a.candidate_id
 WHERE c.season_id = ${season_id:int} AND c.org_id = ${org_id:int} AND c.state = 'filling' ORDER BY c.number LIMIT 1;
