-- Progress (domain/progress.h): sums of the tally.

-- One row a unit directly below org_id (a point: itself) and subject.
-- name: progress_units
-- returns: path text, subject text, waiting int, allocated int, identified int, card_printed int, reviewed int, filling int, proofed int, confirmed int, submitted int, accepted int, withdrawn int, review_none int, review_passed int, review_failed int, fee_none int, fee_paid int, fee_due int, fee_fen int
SELECT substr(org_path, 1, coalesce((SELECT length(d.path) FROM org d WHERE d.parent_id = ${org_id:int} LIMIT 1), 200)),
       subject,
       CAST(SUM(waiting) AS BIGINT), CAST(SUM(allocated) AS BIGINT), CAST(SUM(identified) AS BIGINT),
       CAST(SUM(card_printed) AS BIGINT), CAST(SUM(reviewed) AS BIGINT), CAST(SUM(filling) AS BIGINT),
       CAST(SUM(proofed) AS BIGINT), CAST(SUM(confirmed) AS BIGINT), CAST(SUM(submitted) AS BIGINT),
       CAST(SUM(accepted) AS BIGINT), CAST(SUM(withdrawn) AS BIGINT), CAST(SUM(review_none) AS BIGINT),
       CAST(SUM(review_passed) AS BIGINT), CAST(SUM(review_failed) AS BIGINT),
       CAST(SUM(fee_none) AS BIGINT), CAST(SUM(fee_paid) AS BIGINT), CAST(SUM(fee_due) AS BIGINT),
       CAST(SUM(fee_fen) AS BIGINT)
  FROM tally
 WHERE season_id = ${season_id:int} AND org_path >= ${lo:text} AND org_path < ${hi:text}
   AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}
   AND (${subject:text} = '' OR subject = ${subject})
 GROUP BY 1, 2

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

-- Schools and classes of a unit, and their states.
-- name: progress_classes
-- returns: school text, class text, state text, n int
WITH page AS (
  SELECT DISTINCT school, class FROM tally_class
   WHERE season_id = ${season_id:int} AND org_path >= ${lo:text} AND org_path < ${hi:text}
     AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}
     AND (school > ${after_school:text} OR school = ${after_school} AND class > ${after_class:text}) AND n > 0
   ORDER BY school, class LIMIT ${limit:int})
SELECT t.school, t.class, t.state, CAST(SUM(t.n) AS BIGINT)
  FROM tally_class t JOIN page ON page.school = t.school AND page.class = t.class
 WHERE t.season_id = ${season_id} AND t.org_path >= ${lo} AND t.org_path < ${hi}
   AND t.org_path >= ${scope_lo} AND t.org_path < ${scope_hi}
 GROUP BY t.school, t.class, t.state
HAVING SUM(t.n) > 0
 ORDER BY t.school, t.class, t.state
