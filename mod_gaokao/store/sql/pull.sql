-- Pulls of the province (jobs/pull.h): what was asked for, what its snapshot saw, its parts.

-- name: pull_insert
-- returns: id int
INSERT INTO export_pull (season_id, account_id, org_path, org_code, state, since_id, art, states, encoding, compression,
                         part_records, token, created_us, photos)
SELECT ${season_id:int}, ${account_id:int}, o.path, o.code, 'writing', ${since_id:int}, ${art:int}, ${states:text},
       ${encoding:text}, ${compression:text}, ${part_records:int}, ${token:text}, ${now_us:int}, ${photos:int}
  FROM org o
 WHERE o.code = ${org_code:text} AND o.path >= ${scope_lo:text} AND o.path < ${scope_hi:text}
RETURNING id;

-- name: pull_job
UPDATE export_pull SET job_id = ${job_id:int}
 WHERE id = ${id:int} AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text};

-- A pull whose job came to no good end is failed.
-- name: pull_get
-- returns: id int, season_id int, account_id int, org_path text, org_code text, state text, since_id int, art int, states text, encoding text, compression text, part_records int, job_id int, done int, total int, fault text, pack_id int, token text, mark text, snapshot text, owner text, record_key int, records int, withdrawn int, bytes int, parts int, manifest text, digest text, accepted int, passed_over int, version int, created_us int, ready_us int, ended_us int, photos int, photo_count int
SELECT p.id, p.season_id, p.account_id, p.org_path, p.org_code,
       CASE WHEN p.state = 'writing' AND j.state IN ('failed', 'cancelled') THEN 'failed' ELSE p.state END,
       p.since_id, p.art, p.states, p.encoding, p.compression, p.part_records, p.job_id, coalesce(j.done, 0),
       coalesce(j.total, 0), j.error, p.pack_id, p.token, p.mark, p.snapshot, p.owner, p.record_key, p.records, p.withdrawn,
       p.bytes, p.parts, p.manifest, p.digest, p.accepted, p.passed_over, p.version, p.created_us, p.ready_us, p.ended_us, p.photos, p.photo_count
  FROM export_pull p LEFT JOIN job j ON j.id = p.job_id
 WHERE p.id = ${id:int} AND p.org_path >= ${scope_lo:text} AND p.org_path < ${scope_hi:text};

-- name: pull_list
-- returns: id int, season_id int, account_id int, org_path text, org_code text, state text, since_id int, art int, states text, encoding text, compression text, part_records int, job_id int, done int, total int, fault text, pack_id int, token text, mark text, snapshot text, owner text, record_key int, records int, withdrawn int, bytes int, parts int, manifest text, digest text, accepted int, passed_over int, version int, created_us int, ready_us int, ended_us int, photos int, photo_count int
SELECT p.id, p.season_id, p.account_id, p.org_path, p.org_code,
       CASE WHEN p.state = 'writing' AND j.state IN ('failed', 'cancelled') THEN 'failed' ELSE p.state END,
       p.since_id, p.art, p.states, p.encoding, p.compression, p.part_records, p.job_id, coalesce(j.done, 0),
       coalesce(j.total, 0), j.error, p.pack_id, p.token, p.mark, p.snapshot, p.owner, p.record_key, p.records, p.withdrawn,
       p.bytes, p.parts, p.manifest, p.digest, p.accepted, p.passed_over, p.version, p.created_us, p.ready_us, p.ended_us, p.photos, p.photo_count
  FROM export_pull p LEFT JOIN job j ON j.id = p.job_id
 WHERE p.season_id = ${season_id:int} AND p.id < ${before:int}
   AND p.org_path >= ${scope_lo:text} AND p.org_path < ${scope_hi:text}
 ORDER BY p.id DESC LIMIT ${limit:int};

-- The newest number that was given, for marks that name a later one.
-- name: pull_newest
-- returns: id int
SELECT coalesce(max(id), 0) FROM export_pull;

-- name: pull_parts
-- returns: n int, records int, withdrawn int, photos int, bytes int, digest text
SELECT e.n, e.records, e.withdrawn, e.photos, e.bytes, e.digest
  FROM export_part e JOIN export_pull p ON p.id = e.pull_id
 WHERE e.pull_id = ${pull_id:int} AND p.org_path >= ${scope_lo:text} AND p.org_path < ${scope_hi:text}
 ORDER BY e.n;

-- ---- writing one -------------------------------------------------------------------------------------------

-- name: pull_part_insert
INSERT INTO export_part (pull_id, n, records, withdrawn, photos, bytes, digest)
SELECT p.id, ${n:int}, ${records:int}, ${withdrawn:int}, ${photos:int}, ${bytes:int}, ${digest:text} FROM export_pull p
 WHERE p.id = ${pull_id:int} AND p.org_path >= ${scope_lo:text} AND p.org_path < ${scope_hi:text};

-- Accepted photos of a point's candidates that the pull holds, in their order, without the pictures.
-- name: pull_photos
-- returns: number text, candidate_id int, id int
SELECT c.number, c.id, p.id
  FROM candidate c JOIN photo p ON p.candidate_id = c.id AND p.state = 'accepted'
 WHERE c.season_id = ${season_id:int} AND c.org_path = ${org_path:text} AND c.org_path >= ${scope_lo:text}
   AND c.org_path < ${scope_hi:text} AND c.number IS NOT NULL AND (${art:int} = 0 OR c.art = 1)
   AND (c.state = ${state_1:text} OR c.state = ${state_2:text} OR (${any:int} = 1 AND c.state <> 'withdrawn'))
 ORDER BY c.number;

-- The same for a bundle, which may be narrower.
-- name: bundle_photos
-- returns: number text, id int
SELECT c.number, p.id
  FROM candidate c JOIN photo p ON p.candidate_id = c.id AND p.state = 'accepted'
 WHERE c.season_id = ${season_id:int} AND c.org_path = ${org_path:text} AND c.org_path >= ${scope_lo:text}
   AND c.org_path < ${scope_hi:text} AND c.number IS NOT NULL AND (${art:int} = 0 OR c.art = 1)
   AND (c.state = ${state_1:text} OR c.state = ${state_2:text} OR (${any:int} = 1 AND c.state <> 'withdrawn'))
   AND (${subject:text} IS NULL OR c.subject = ${subject}) AND (${class:text} IS NULL OR c.class = ${class})
 ORDER BY c.number;

-- name: pull_photo
-- returns: candidate_id int, digest text, key_id text, record_key int, wrap_key text, wrapped blob, picture blob
SELECT p.candidate_id, p.digest, p.key_id, k.id, k.key_id, k.wrapped, p.picture
  FROM photo p LEFT JOIN record_key k ON k.candidate_id = p.candidate_id AND k.kind = 'candidate'
 WHERE p.id = ${id:int} AND p.org_path >= ${scope_lo:text} AND p.org_path < ${scope_hi:text};

-- name: pull_photo_ids
-- returns: photo_ids blob
SELECT photo_ids FROM export_pull
 WHERE id = ${id:int} AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text};

-- name: pull_raise
UPDATE export_epoch SET n = n + 1;

-- What this transaction sees, and in which database. PostgreSQL: the timeline is that of the WAL being written, the identity
-- that of the cluster and of the database in it too.
-- name: pull_sight
-- returns: snapshot text, database text, timeline int
SELECT CAST(e.n AS TEXT), s.value, 1 FROM export_epoch e, setting s WHERE s.name = 'database_id';

-- name: pull_sight [pgsql]
SELECT CAST(pg_current_snapshot() AS TEXT),
       s.value || '-' || (SELECT CAST(system_identifier AS TEXT) FROM pg_control_system())
               || '-' || (SELECT CAST(oid AS TEXT) FROM pg_database WHERE datname = current_database()),
       CAST(CAST('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) AS bit(32)) AS BIGINT)
  FROM setting s WHERE s.name = 'database_id';

-- name: pull_ready
UPDATE export_pull
   SET state = 'ready', pack_id = ${pack_id:int}, mark = ${mark:text}, snapshot = ${snapshot:text}, owner = ${owner:text},
       record_key = ${record_key:int}, records = ${records:int}, withdrawn = ${withdrawn:int}, bytes = ${bytes:int},
       parts = ${parts:int}, manifest = ${manifest:text}, digest = ${digest:text}, ready_us = ${now_us:int}, version = version + 1,
       photo_count = ${photo_count:int}, photo_ids = ${photo_ids:blob}
 WHERE id = ${id:int} AND state = 'writing' AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text};

-- Candidates of the pull's kind that are there, by point and subject.
-- name: pull_counts
-- returns: org_path text, subject text, state text, n int
SELECT org_path, subject, state, count(*) FROM candidate
 WHERE season_id = ${season_id:int} AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}
   AND number IS NOT NULL AND (${art:int} = 0 OR art = 1)
   AND (state = ${state_1:text} OR state = ${state_2:text} OR (${any:int} = 1 AND state <> 'withdrawn'))
 GROUP BY org_path, subject, state ORDER BY org_path, subject, state;

-- What points have handed in and nobody returned.
-- name: pull_submissions
-- returns: org_path text, kind text, counts text
SELECT org_path, kind, counts FROM submission
 WHERE season_id = ${season_id:int} AND level = 'point' AND state <> 'returned'
   AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}
 ORDER BY org_path, kind;

-- ---- its end -----------------------------------------------------------------------------------------------

-- name: pull_acknowledge
UPDATE export_pull SET state = 'acknowledged', accepted = ${accepted:int}, passed_over = ${passed_over:int},
       ended_us = ${now_us:int}, record_key = 0, version = version + 1
 WHERE id = ${id:int} AND version = ${version:int} AND state = 'ready'
   AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text};

-- rows is [[id, version], ...]: those still as they were exported become accepted. SQLite: as submission_lock.
-- name: pull_accept
UPDATE candidate SET state = 'accepted', version = candidate.version + 1, updated_us = ${now_us:int}
  FROM json_each(${rows:text}) AS j
 WHERE candidate.id = json_extract(j.value, '$[0]') AND candidate.version = json_extract(j.value, '$[1]')
   AND +candidate.state = 'submitted' AND +candidate.season_id = ${season_id:int}
   AND +candidate.org_path >= ${scope_lo:text} AND +candidate.org_path < ${scope_hi:text};

-- name: pull_accept [pgsql]
UPDATE candidate AS c SET state = 'accepted', version = c.version + 1, updated_us = ${now_us:int}
  FROM json_array_elements(CAST(${rows:text} AS json)) AS j (v)
 WHERE c.id = CAST(j.v ->> 0 AS BIGINT) AND c.version = CAST(j.v ->> 1 AS BIGINT)
   AND c.state = 'submitted' AND c.season_id = ${season_id:int}
   AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text};

-- Those of the same rows that were changed since.
-- name: pull_changed
-- returns: id int, number text, state text, version int, was int
SELECT candidate.id, candidate.number, candidate.state, candidate.version, json_extract(j.value, '$[1]')
  FROM json_each(${rows:text}) AS j JOIN candidate ON candidate.id = json_extract(j.value, '$[0]')
 WHERE candidate.version <> json_extract(j.value, '$[1]') AND +candidate.season_id = ${season_id:int}
   AND +candidate.org_path >= ${scope_lo:text} AND +candidate.org_path < ${scope_hi:text};

-- name: pull_changed [pgsql]
SELECT c.id, c.number, c.state, c.version, CAST(j.v ->> 1 AS BIGINT)
  FROM json_array_elements(CAST(${rows:text} AS json)) AS j (v) JOIN candidate c ON c.id = CAST(j.v ->> 0 AS BIGINT)
 WHERE c.version <> CAST(j.v ->> 1 AS BIGINT) AND c.season_id = ${season_id:int}
   AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text};

-- Pulls nobody came back for, and the keys of files whose pull never got ready.
-- name: pull_expire
UPDATE export_pull SET state = 'gone', record_key = 0, ended_us = ${now_us:int}, version = version + 1
 WHERE (state = 'ready' AND ready_us < ${ready_before_us:int}) OR (state = 'writing' AND created_us < ${writing_before_us:int});

-- name: pull_live
-- returns: id int, owner text
SELECT id, coalesce(owner, '') FROM export_pull WHERE id > ${after:int} AND state IN ('ready', 'writing') ORDER BY id LIMIT ${limit:int};
