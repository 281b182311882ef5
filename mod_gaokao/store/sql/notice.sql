-- The notice board (P5). A reader sees notices of the own unit and those above it (p1..p4), by audience; a writer also
-- those of the own unit that are not out yet. province: the province's, for who is not signed in.

-- name: notice_list
-- returns: id int, org_id int, org_path text, org_code text, org_name text, org_level text, audience text, title text, body text, published_us int, version int, created_by int, created_us int, updated_us int
SELECT n.id, n.org_id, n.org_path, o.code, o.name, o.level, n.audience, n.title, n.body, n.published_us, n.version,
       n.created_by, n.created_us, n.updated_us
  FROM notice n JOIN org o ON o.id = n.org_id
 WHERE (n.org_path IN (${p1:text}, ${p2:text}, ${p3:text}, ${p4:text}) OR ${province:int} = 1 AND o.level = 'province')
   AND n.withdrawn_us = 0 AND n.id < ${before:int}
   AND (n.audience = 'public' OR n.audience = 'candidates' AND ${candidates:int} = 1
        OR n.audience = 'points' AND ${points:int} = 1 OR n.audience = 'staff' AND ${staff:int} = 1)
   AND (n.published_us <= ${now:int} OR n.org_path = ${writer_path:text})
 ORDER BY n.id DESC LIMIT ${limit:int};

-- name: notice_get
-- returns: id int, org_id int, org_path text, org_code text, org_name text, org_level text, audience text, title text, body text, published_us int, version int, created_by int, created_us int, updated_us int
SELECT n.id, n.org_id, n.org_path, o.code, o.name, o.level, n.audience, n.title, n.body, n.published_us, n.version,
       n.created_by, n.created_us, n.updated_us
  FROM notice n JOIN org o ON o.id = n.org_id
 WHERE n.id = ${id:int} AND n.withdrawn_us = 0
   AND (n.org_path IN (${p1:text}, ${p2:text}, ${p3:text}, ${p4:text}) OR ${province:int} = 1 AND o.level = 'province')
   AND (n.audience = 'public' OR n.audience = 'candidates' AND ${candidates:int} = 1
        OR n.audience = 'points' AND ${points:int} = 1 OR n.audience = 'staff' AND ${staff:int} = 1)
   AND (n.published_us <= ${now:int} OR n.org_path = ${writer_path:text});

-- name: notice_insert
-- returns: id int
INSERT INTO notice (org_id, org_path, audience, title, body, published_us, created_by, created_us, updated_us)
SELECT o.id, o.path, ${audience:text}, ${title:text}, ${body:text}, ${published_us:int}, ${created_by:int}, ${now:int}, ${now}
  FROM org o
 WHERE o.id = ${org_id:int} AND o.path >= ${scope_lo:text} AND o.path < ${scope_hi:text}
RETURNING id;

-- name: notice_update
UPDATE notice SET audience = ${audience:text}, title = ${title:text}, body = ${body:text},
       published_us = ${published_us:int}, withdrawn_us = ${withdrawn_us:int}, updated_us = ${now:int},
       version = version + 1
 WHERE id = ${id:int} AND version = ${version:int} AND org_path = ${org_path:text} AND withdrawn_us = 0
   AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text};

-- name: notice_files
-- returns: id int, name text, media_type text, bytes int, digest text, created_us int
SELECT id, name, media_type, bytes, digest, created_us FROM notice_file WHERE notice_id = ${notice_id:int} ORDER BY id;

-- name: notice_file_get
-- returns: id int, name text, media_type text, bytes int, digest text, body blob, created_us int
SELECT id, name, media_type, bytes, digest, body, created_us FROM notice_file
 WHERE id = ${id:int} AND notice_id = ${notice_id:int};

-- name: notice_file_insert
-- returns: id int
INSERT INTO notice_file (notice_id, name, media_type, bytes, digest, body, created_us)
SELECT n.id, ${name:text}, ${media_type:text}, ${bytes:int}, ${digest:text}, ${body:blob}, ${now:int}
  FROM notice n
 WHERE n.id = ${notice_id:int} AND n.org_path >= ${scope_lo:text} AND n.org_path < ${scope_hi:text}
RETURNING id;

-- name: notice_file_delete
DELETE FROM notice_file WHERE id = ${id:int} AND notice_id IN (SELECT n.id FROM notice n
   WHERE n.id = ${notice_id:int} AND n.org_path >= ${scope_lo:text} AND n.org_path < ${scope_hi:text});
