-- Progress (domain/progress.h): sums of the tally.

-- One row a unit directly below org_id (a point: itself), subject, measure and state.
-- name: progress_units
-- returns: path text, measure text, subject text, state text, n int, fen int
SELECT substr(org_path, 1, coalesce((SELECT length(d.path) FROM org d WHERE d.parent_id = ${org_id:int} LIMIT 1), 200)),
       measure, a, b, CAST(SUM(n) AS BIGINT), CAST(SUM(fen) AS BIGINT)
  FROM tally
 WHERE season_id = ${season_id:int} AND measure IN ('state', 'review', 'fee')
   AND org_path >= ${lo:text} AND org_path < ${hi:text}
   AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}
   AND (${subject:text} = '' OR a = ${subject})
 GROUP BY 1, 2, 3, 4
 ORDER BY 1

-- The units directly below, with the candidates expected at the points in each.
-- name: progress_children
-- returns: id int, code text, name text, level text, path text, enabled int, estimated int
SELECT o.id, o.code, o.name, o.level, o.path, o.enabled,
       CAST(coalesce(SUM(CAST(json_extract(p.profile, '$.estimated') AS INTEGER)), 0) AS BIGINT)
  FROM org o LEFT JOIN org p ON p.level = 'point' AND p.path >= o.path
                            AND p.path < substr(o.path, 1, length(o.path) - 1) || '0'
 WHERE o.parent_id = ${org_id:int} AND o.path >= ${scope_lo:text} AND o.path < ${scope_hi:text}
 GROUP BY o.id, o.code, o.name, o.level, o.path, o.enabled
 ORDER BY o.code

-- name: progress_children [pgsql]
SELECT o.id, o.code, o.name, o.level, o.path, o.enabled,
       CAST(coalesce(SUM(CAST(CAST(p.profile AS json) ->> 'estimated' AS BIGINT)), 0) AS BIGINT)
  FROM org o LEFT JOIN org p ON p.level = 'point' AND p.path >= o.path
                            AND p.path < substr(o.path, 1, length(o.path) - 1) || '0'
 WHERE o.parent_id = ${org_id:int} AND o.path >= ${scope_lo:text} AND o.path < ${scope_hi:text}
 GROUP BY o.id, o.code, o.name, o.level, o.path, o.enabled
 ORDER BY o.code

-- name: progress_org
-- returns: id int, code text, name text, level text, path text, profile text
SELECT id, code, name, level, path, profile FROM org
 WHERE id = ${id:int} AND path >= ${scope_lo:text} AND path < ${scope_hi:text}

-- Schools and classes of a unit; key is school, tab, class.
-- name: progress_classes
-- returns: class_key text, state text, n int
WITH page AS (
  SELECT DISTINCT a FROM tally
   WHERE season_id = ${season_id:int} AND measure = 'class' AND org_path >= ${lo:text} AND org_path < ${hi:text}
     AND a > ${after:text} AND n > 0
   ORDER BY a LIMIT ${limit:int})
SELECT t.a, t.b, CAST(SUM(t.n) AS BIGINT)
  FROM tally t JOIN page ON page.a = t.a
 WHERE t.season_id = ${season_id} AND t.measure = 'class' AND t.org_path >= ${lo} AND t.org_path < ${hi}
   AND t.org_path >= ${scope_lo:text} AND t.org_path < ${scope_hi:text}
 GROUP BY t.a, t.b
HAVING SUM(t.n) > 0
 ORDER BY t.a, t.b
