-- The calendar: windows, slots, extensions (domain/calendar.h). org_path is the unit a row is for; the paths p1..p4 are
-- those of a record's point and the units above it.

-- name: window_in_force
-- returns: id int, action text, kind text, org_path text, candidate_id int, opens_us int, closes_us int, setter_path text
SELECT w.id, w.action, w.kind, w.org_path, coalesce(w.candidate_id, 0), w.opens_us, w.closes_us, a.org_path
  FROM open_window w LEFT JOIN account a ON a.id = w.created_by
 WHERE w.season_id = ${season_id:int} AND w.action = ${action:text} AND w.candidate_id IS NULL
   AND w.org_path IN (${p1:text}, ${p2:text}, ${p3:text}, ${p4:text})
UNION ALL
SELECT w.id, w.action, w.kind, w.org_path, w.candidate_id, w.opens_us, w.closes_us, NULL
  FROM open_window w
 WHERE w.candidate_id = ${candidate_id:int} AND w.season_id = ${season_id} AND w.action = ${action}

-- name: window_in_force_all
-- returns: id int, action text, kind text, org_path text, candidate_id int, opens_us int, closes_us int
SELECT id, action, kind, org_path, coalesce(candidate_id, 0), opens_us, closes_us
  FROM open_window
 WHERE season_id = ${season_id:int} AND candidate_id IS NULL
   AND org_path IN (${p1:text}, ${p2:text}, ${p3:text}, ${p4:text})
UNION ALL
SELECT id, action, kind, org_path, candidate_id, opens_us, closes_us
  FROM open_window
 WHERE candidate_id = ${candidate_id:int} AND season_id = ${season_id}

-- What the public sees: the province's own rows.
-- name: window_in_force_public
-- returns: id int, action text, kind text, org_path text, opens_us int, closes_us int
SELECT w.id, w.action, w.kind, w.org_path, w.opens_us, w.closes_us
  FROM open_window w JOIN org o ON o.path = w.org_path AND o.level = 'province'
 WHERE w.season_id = ${season_id:int} AND w.candidate_id IS NULL

-- name: window_list
-- returns: id int, action text, kind text, org_path text, org_id int, org_name text, org_level text, candidate_id int, number text, opens_us int, closes_us int, reason text, setter_path text, created_by int, created_us int, updated_us int, version int
SELECT w.id, w.action, w.kind, w.org_path, coalesce(o.id, 0), o.name, o.level, coalesce(w.candidate_id, 0), c.number,
       w.opens_us, w.closes_us, w.reason, a.org_path, coalesce(w.created_by, 0), w.created_us, w.updated_us, w.version
  FROM open_window w
  LEFT JOIN org o ON o.path = w.org_path
  LEFT JOIN candidate c ON c.id = w.candidate_id
  LEFT JOIN account a ON a.id = w.created_by
 WHERE w.season_id = ${season_id:int} AND w.id > ${after:int}
   AND (w.org_path >= ${scope_lo:text} AND w.org_path < ${scope_hi:text}
        OR w.candidate_id IS NULL AND w.org_path IN (${p1:text}, ${p2:text}, ${p3:text}))
   AND (${action:text} IS NULL OR w.action = ${action})
   AND (${kind:text} IS NULL OR w.kind = ${kind})
 ORDER BY w.id LIMIT ${limit:int}

-- name: window_get
-- returns: id int, action text, kind text, org_path text, org_id int, org_name text, org_level text, candidate_id int, number text, opens_us int, closes_us int, reason text, setter_path text, created_by int, created_us int, updated_us int, version int
SELECT w.id, w.action, w.kind, w.org_path, coalesce(o.id, 0), o.name, o.level, coalesce(w.candidate_id, 0), c.number,
       w.opens_us, w.closes_us, w.reason, a.org_path, coalesce(w.created_by, 0), w.created_us, w.updated_us, w.version
  FROM open_window w
  LEFT JOIN org o ON o.path = w.org_path
  LEFT JOIN candidate c ON c.id = w.candidate_id
  LEFT JOIN account a ON a.id = w.created_by
 WHERE w.id = ${id:int} AND w.season_id = ${season_id:int}
   AND w.org_path >= ${scope_lo:text} AND w.org_path < ${scope_hi:text}

-- name: window_insert
-- returns: id int
INSERT INTO open_window (season_id, action, kind, org_path, candidate_id, opens_us, closes_us, reason, created_by,
                         created_us, updated_us)
SELECT ${season_id:int}, ${action:text}, ${kind:text}, o.path, ${candidate_id:int?}, ${opens_us:int}, ${closes_us:int},
       ${reason:text}, ${created_by:int?}, ${now_us:int}, ${now_us}
  FROM org o
 WHERE o.path = ${org_path:text} AND o.path >= ${scope_lo:text} AND o.path < ${scope_hi:text}
RETURNING id

-- name: window_update
UPDATE open_window SET opens_us = ${opens_us:int}, closes_us = ${closes_us:int}, reason = ${reason:text},
       updated_us = ${now_us:int}, version = version + 1
 WHERE id = ${id:int} AND version = ${version:int} AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}

-- name: window_delete
DELETE FROM open_window
 WHERE id = ${id:int} AND version = ${version:int} AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}

-- name: window_org
-- returns: path text, level text
SELECT path, level FROM org WHERE id = ${id:int} AND path >= ${scope_lo:text} AND path < ${scope_hi:text}

-- name: window_candidate
-- returns: org_path text
SELECT org_path FROM candidate
 WHERE id = ${id:int} AND season_id = ${season_id:int} AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}
