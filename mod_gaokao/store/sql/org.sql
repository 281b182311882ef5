-- The tree of units (domain/org.h). open: neither the unit nor one above it is switched off.

-- name: org_get
-- returns: id int, parent_id int, level text, code text, name text, path text, profile text, enabled int, is_open int, version int, created_us int, updated_us int
SELECT o.id, coalesce(o.parent_id, 0), o.level, o.code, o.name, o.path, o.profile, o.enabled,
       CASE WHEN EXISTS (SELECT 1 FROM org c WHERE c.enabled = 0 AND substr(o.path, 1, length(c.path)) = c.path)
            THEN 0 ELSE 1 END,
       o.version, o.created_us, o.updated_us
  FROM org o
 WHERE o.id = ${id:int} AND o.path >= ${scope_lo:text} AND o.path < ${scope_hi:text}

-- name: org_by_code
-- returns: id int, parent_id int, level text, code text, name text, path text, profile text, enabled int, is_open int, version int, created_us int, updated_us int
SELECT o.id, coalesce(o.parent_id, 0), o.level, o.code, o.name, o.path, o.profile, o.enabled,
       CASE WHEN EXISTS (SELECT 1 FROM org c WHERE c.enabled = 0 AND substr(o.path, 1, length(c.path)) = c.path)
            THEN 0 ELSE 1 END,
       o.version, o.created_us, o.updated_us
  FROM org o
 WHERE o.code = ${code:text} AND o.path >= ${scope_lo:text} AND o.path < ${scope_hi:text}

-- Names and phones of units are no secret: the unit above stands in sentences.
-- name: org_any
-- returns: id int, parent_id int, level text, code text, name text, path text, profile text, enabled int, is_open int, version int, created_us int, updated_us int
SELECT o.id, coalesce(o.parent_id, 0), o.level, o.code, o.name, o.path, o.profile, o.enabled, o.enabled, o.version,
       o.created_us, o.updated_us
  FROM org o WHERE o.id = ${id:int}

-- name: org_list
-- returns: id int, parent_id int, level text, code text, name text, path text, profile text, enabled int, is_open int, version int, created_us int, updated_us int
SELECT o.id, coalesce(o.parent_id, 0), o.level, o.code, o.name, o.path, o.profile, o.enabled,
       CASE WHEN EXISTS (SELECT 1 FROM org c WHERE c.enabled = 0 AND substr(o.path, 1, length(c.path)) = c.path)
            THEN 0 ELSE 1 END,
       o.version, o.created_us, o.updated_us
  FROM org o
 WHERE o.path >= ${scope_lo:text} AND o.path < ${scope_hi:text} AND o.path > ${after:text}
   AND (${parent_id:int} = 0 OR o.parent_id = ${parent_id})
   AND (${level:text} IS NULL OR o.level = ${level})
   AND (${q:text} IS NULL OR substr(o.code, 1, length(${q})) = ${q} OR o.name LIKE ${pattern:text} ESCAPE '\')
   AND (${enabled:int} = -1 OR o.enabled = ${enabled})
 ORDER BY o.path LIMIT ${limit:int}

-- name: org_last_code
-- returns: code text
SELECT max(o.code) FROM org o
 WHERE o.parent_id = ${parent_id:int} AND o.path >= ${scope_lo:text} AND o.path < ${scope_hi:text}

-- name: org_insert
-- returns: id int
INSERT INTO org (parent_id, level, code, name, path, profile, created_us, updated_us)
SELECT p.id, ${level:text}, ${code:text}, ${name:text}, p.path || ${code} || '/', ${profile:text}, ${now_us:int}, ${now_us}
  FROM org p
 WHERE p.id = ${parent_id:int} AND p.path >= ${scope_lo:text} AND p.path < ${scope_hi:text}
ON CONFLICT DO NOTHING
RETURNING id

-- name: org_insert_root
-- returns: id int
INSERT INTO org (level, code, name, path, profile, created_us, updated_us)
VALUES ('province', ${code:text}, ${name:text}, ${path:text}, ${profile:text}, ${now_us:int}, ${now_us})
ON CONFLICT DO NOTHING
RETURNING id

-- name: org_update
UPDATE org SET name = ${name:text}, profile = ${profile:text}, enabled = ${enabled:int}, updated_us = ${now_us:int},
       version = version + 1
 WHERE id = ${id:int} AND version = ${version:int} AND path >= ${scope_lo:text} AND path < ${scope_hi:text}

-- name: org_means
-- returns: operators int, numbers_left int
SELECT (SELECT count(*) FROM account a
         WHERE a.org_path = o.path AND a.realm = 'staff' AND a.role = 'point' AND a.enabled = 1),
       (SELECT CAST(coalesce(sum(r.last - r.next + 1), 0) AS BIGINT) FROM number_range r
         WHERE r.season_id = ${season_id:int} AND r.org_id = o.id)
  FROM org o
 WHERE o.id = ${id:int} AND o.path >= ${scope_lo:text} AND o.path < ${scope_hi:text}
