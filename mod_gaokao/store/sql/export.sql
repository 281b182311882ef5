-- The province's export (domain/export.h): point by point in the order of paths, so that nothing has to be sorted before
-- the first byte and the order is the same each time.

-- name: export_points
-- returns: path text, code text
SELECT path, code FROM org
 WHERE level = 'point' AND path >= ${scope_lo:text} AND path < ${scope_hi:text} AND path > ${after:text}
 ORDER BY path LIMIT ${limit:int};

-- name: export_count
-- returns: n int
SELECT count(*) FROM candidate
 WHERE season_id = ${season_id:int} AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}
   AND number IS NOT NULL AND (${art:int} = 0 OR art = 1)
   AND (state = ${state_1:text} OR state = ${state_2:text} OR (${any:int} = 1 AND state <> 'withdrawn'))
   AND (${subject:text} IS NULL OR subject = ${subject}) AND (${class:text} IS NULL OR class = ${class});

-- name: export_candidates
-- returns: id int, number text, candidate_number text, state text, version int, present int, key_id text, doc blob, record_key int, wrap_key text, wrapped blob
SELECT c.id, c.number, c.candidate_number, c.state, c.version, 1, c.key_id, c.doc, k.id, k.key_id, k.wrapped
  FROM candidate c LEFT JOIN record_key k ON k.candidate_id = c.id AND k.kind = 'candidate'
 WHERE c.season_id = ${season_id:int} AND c.org_path = ${org_path:text} AND c.org_path >= ${scope_lo:text}
   AND c.org_path < ${scope_hi:text} AND number IS NOT NULL AND (${art:int} = 0 OR art = 1)
   AND (state = ${state_1:text} OR state = ${state_2:text} OR (${any:int} = 1 AND state <> 'withdrawn'))
   AND (${subject:text} IS NULL OR subject = ${subject}) AND (${class:text} IS NULL OR class = ${class})
 ORDER BY number;

-- The same for what changed after a mark (013_export_pull.sql). What is not in the export now is there without its document,
-- unless it never can have been. The full number of a transaction is its 32 bits below the newest one's.
-- name: export_changes
-- returns: id int, number text, candidate_number text, state text, version int, present int, key_id text, doc blob, record_key int, wrap_key text, wrapped blob
SELECT id, number, candidate_number, state, version, present, key_id, CASE WHEN present = 1 THEN doc ELSE CAST('' AS BLOB) END,
       record_key, wrap_key, wrapped
  FROM (SELECT c.id, c.number, c.candidate_number, c.state, c.version,
               CASE WHEN (${art:int} = 0 OR c.art = 1)
                     AND (c.state = ${state_1:text} OR c.state = ${state_2:text} OR (${any:int} = 1 AND c.state <> 'withdrawn'))
                    THEN 1 ELSE 0 END AS present,
               c.key_id, c.doc, k.id AS record_key, k.key_id AS wrap_key, k.wrapped
          FROM candidate c LEFT JOIN record_key k ON k.candidate_id = c.id AND k.kind = 'candidate'
         WHERE c.season_id = ${season_id:int} AND c.org_path = ${org_path:text} AND c.org_path >= ${scope_lo:text}
           AND c.org_path < ${scope_hi:text} AND c.number IS NOT NULL AND c.changed >= CAST(${since:text} AS INTEGER)) AS x
 WHERE present = 1 OR candidate_number IS NOT NULL OR ${any} = 1
 ORDER BY number;

-- name: export_changes [pgsql]
SELECT id, number, candidate_number, state, version, present, key_id, CASE WHEN present = 1 THEN doc ELSE CAST('' AS bytea) END,
       record_key, wrap_key, wrapped
  FROM (SELECT c.id, c.number, c.candidate_number, c.state, c.version,
               CASE WHEN (${art:int} = 0 OR c.art = 1)
                     AND (c.state = ${state_1:text} OR c.state = ${state_2:text} OR (${any:int} = 1 AND c.state <> 'withdrawn'))
                    THEN 1 ELSE 0 END AS present,
               c.key_id, c.doc, k.id AS record_key, k.key_id AS wrap_key, k.wrapped
          FROM (SELECT CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS TEXT) AS BIGINT) AS newest) t
          CROSS JOIN candidate c LEFT JOIN record_key k ON k.candidate_id = c.id AND k.kind = 'candidate'
         WHERE c.season_id = ${season_id:int} AND c.org_path = ${org_path:text} AND c.org_path >= ${scope_lo:text}
           AND c.org_path < ${scope_hi:text} AND c.number IS NOT NULL
           AND NOT pg_visible_in_snapshot(
                 CAST(CAST(t.newest - ((t.newest - CAST(CAST(c.xmin AS TEXT) AS BIGINT)) & 4294967295) AS TEXT) AS xid8),
                 CAST(${since:text} AS pg_snapshot))) AS x
 WHERE present = 1 OR candidate_number IS NOT NULL OR ${any} = 1
 ORDER BY number;

-- Parts of the same candidates, when the pack's mapping names fields of parts.
-- name: export_parts
-- returns: candidate_id int, kind text, key_id text, body blob, record_key int, wrap_key text, wrapped blob
SELECT p.candidate_id, p.kind, p.key_id, p.body, k.id, k.key_id, k.wrapped
  FROM candidate c JOIN candidate_part p ON p.candidate_id = c.id
  LEFT JOIN record_key k ON k.candidate_id = c.id AND k.kind = 'candidate'
 WHERE c.season_id = ${season_id:int} AND c.org_path = ${org_path:text} AND c.org_path >= ${scope_lo:text}
   AND c.org_path < ${scope_hi:text} AND c.number IS NOT NULL
   AND p.kind IN ('appraisal', 'examination', 'grades', 'bonus');
