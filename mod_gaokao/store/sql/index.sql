-- Indexes of candidates while index keys change (domain/rotation.h). They concern the whole instance; a record's own statement
-- carried the scope before these follow it.

-- name: index_next_delete
DELETE FROM candidate_next WHERE candidate_id = ${id:int}

-- name: index_next_put
-- No row: the ID number is taken, or the record was seen to by somebody else.
INSERT INTO candidate_next (candidate_id, season_id, id_index, tail_index, twin_index)
VALUES (${id:int}, ${season_id:int}, ${id_index:text}, ${tail_index:text}, ${twin_index:text})
ON CONFLICT DO NOTHING

-- name: index_next_release
UPDATE candidate_next SET id_index = NULL, twin_index = NULL WHERE candidate_id = ${id:int}

-- Records whose indexes under the newer key are not made yet. Indexes of ID numbers: once a season, beyond any scope.
-- name: index_unfilled
-- returns: id int, season_id int, org_id int, id_index text, tail_index text, twin_index text, key_id text, doc blob, record_key int, wrap_key text, wrapped blob
SELECT c.id, c.season_id, c.org_id, c.id_index, c.tail_index, c.twin_index, c.key_id, c.doc,
       coalesce(k.id, 0), coalesce(k.key_id, ''), k.wrapped
  FROM candidate c LEFT JOIN record_key k ON k.candidate_id = c.id AND k.kind = 'candidate'
 WHERE c.id > ${after:int} AND (c.id_index IS NOT NULL OR c.tail_index IS NOT NULL OR c.twin_index IS NOT NULL)
   AND NOT EXISTS (SELECT 1 FROM candidate_next n WHERE n.candidate_id = c.id)
 ORDER BY c.id LIMIT ${limit:int};

-- name: index_formers
-- returns: season_id int, id_index text, candidate_id int, created_us int, key_id text, body blob, record_key int, wrap_key text, wrapped blob
SELECT f.season_id, f.id_index, f.candidate_id, f.created_us, f.key_id, f.body,
       coalesce(k.id, 0), coalesce(k.key_id, ''), k.wrapped
  FROM candidate_former f LEFT JOIN record_key k ON k.candidate_id = f.candidate_id AND k.kind = 'candidate'
 WHERE f.index_key <> ${newer:text} AND f.body IS NOT NULL;

-- name: index_former_put
INSERT INTO candidate_former (season_id, id_index, candidate_id, created_us, index_key, key_id, body)
VALUES (${season_id:int}, ${id_index:text}, ${candidate_id:int}, ${created_us:int}, ${newer:text}, ${key_id:text}, ${body:blob})
ON CONFLICT (season_id, id_index) DO NOTHING;

-- name: index_former_drop
DELETE FROM candidate_former WHERE season_id = ${season_id:int} AND id_index = ${id_index:text};

-- name: index_unmoved
-- returns: n int, last_id int
SELECT count(*), coalesce(max(u.id), 0) FROM
  (SELECT c.id FROM candidate c JOIN candidate_next n ON n.candidate_id = c.id
    WHERE c.id > ${after:int}
      AND (c.id_index <> n.id_index OR c.tail_index <> n.tail_index OR c.twin_index <> n.twin_index)
    ORDER BY c.id LIMIT ${limit:int}) u;

-- name: index_move
UPDATE candidate SET
       id_index = (SELECT CASE WHEN candidate.id_index IS NULL THEN NULL ELSE coalesce(n.id_index, candidate.id_index) END
                     FROM candidate_next n WHERE n.candidate_id = candidate.id),
       tail_index = (SELECT CASE WHEN candidate.tail_index IS NULL THEN NULL ELSE coalesce(n.tail_index, candidate.tail_index) END
                       FROM candidate_next n WHERE n.candidate_id = candidate.id),
       twin_index = (SELECT CASE WHEN candidate.twin_index IS NULL THEN NULL ELSE coalesce(n.twin_index, candidate.twin_index) END
                       FROM candidate_next n WHERE n.candidate_id = candidate.id)
 WHERE id > ${after:int} AND id <= ${last_id:int}
   AND EXISTS (SELECT 1 FROM candidate_next n WHERE n.candidate_id = candidate.id
                  AND (candidate.id_index <> n.id_index OR candidate.tail_index <> n.tail_index
                       OR candidate.twin_index <> n.twin_index));

-- name: index_missing
-- returns: n int
SELECT (SELECT count(*) FROM candidate c
         WHERE (c.id_index IS NOT NULL OR c.tail_index IS NOT NULL OR c.twin_index IS NOT NULL)
           AND NOT EXISTS (SELECT 1 FROM candidate_next n WHERE n.candidate_id = c.id))
     + (SELECT count(*) FROM candidate_former f WHERE f.index_key <> ${newer:text} AND f.body IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM candidate_former g
                            WHERE g.candidate_id = f.candidate_id AND g.index_key = ${newer}));

-- name: index_uses
-- returns: n int
SELECT (SELECT count(*) FROM candidate c LEFT JOIN candidate_next n ON n.candidate_id = c.id
         WHERE (n.candidate_id IS NULL AND (c.id_index IS NOT NULL OR c.tail_index IS NOT NULL OR c.twin_index IS NOT NULL))
            OR c.id_index <> n.id_index OR c.tail_index <> n.tail_index OR c.twin_index <> n.twin_index)
     + (SELECT count(*) FROM candidate_former f WHERE f.index_key <> ${newer:text} AND f.body IS NOT NULL);

-- name: index_clear
DELETE FROM candidate_next WHERE candidate_id IN (SELECT candidate_id FROM candidate_next LIMIT ${limit:int});
