-- Seals over the audit (domain/audit_seal.h). They serve the whole instance and show no body, so they carry no scope.

-- name: seal_rows
-- returns: seq int, season_id int, at_us int, actor_id int, org_path text, action text, object_kind text, object_id int, object_version int, request_id text, key_id text, body blob, digest text, record_key_id int
SELECT seq, season_id, at_us, actor_id, org_path, action, object_kind, object_id, object_version, request_id, key_id, body,
       digest, record_key_id
  FROM audit WHERE seq >= ${first:int} AND seq <= ${last:int} ORDER BY seq LIMIT ${limit:int}

-- name: seal_last
-- returns: n int, format int, row_count int, numbers text, top int, open text, root text, previous text, sealed_us int, node text, key_id text, signature blob, digest text
SELECT n, format, row_count, numbers, top, open, root, previous, sealed_us, node, key_id, signature, digest
  FROM audit_seal ORDER BY n DESC LIMIT 1

-- name: seal_list
-- returns: n int, format int, row_count int, numbers text, top int, open text, root text, previous text, sealed_us int, node text, key_id text, signature blob, digest text, marks blob
SELECT n, format, row_count, numbers, top, open, root, previous, sealed_us, node, key_id, signature, digest, marks
  FROM audit_seal WHERE n >= ${from:int} ORDER BY n LIMIT ${limit:int}

-- name: seal_insert
-- returns: n int
INSERT INTO audit_seal (n, format, row_count, numbers, top, open, root, previous, sealed_us, node, key_id, signature,
                        digest, marks)
VALUES (${n:int}, ${format:int}, ${row_count:int}, ${numbers:text}, ${top:int}, ${open:text}, ${root:text},
        ${previous:text}, ${sealed_us:int}, ${node:text}, ${key_id:text}, ${signature:blob}, ${digest:text},
        ${marks:blob})
ON CONFLICT (n) DO NOTHING
RETURNING n

-- The primary key alone keeps seals apart; the lock spares other nodes the work.
-- name: seal_lock
-- returns: got int
SELECT 1 AS got

-- name: seal_lock [pgsql]
SELECT CASE WHEN pg_try_advisory_lock(824190553128) THEN 1 ELSE 0 END AS got

-- name: seal_unlock
-- returns: got int
SELECT 1 AS got

-- name: seal_unlock [pgsql]
SELECT CASE WHEN pg_advisory_unlock(824190553128) THEN 1 ELSE 0 END AS got

-- name: seal_writers
-- returns: writer text
SELECT '' AS writer WHERE 1 = 0

-- name: seal_writers [pgsql]
SELECT DISTINCT virtualtransaction AS writer FROM pg_locks
 WHERE locktype = 'relation' AND relation = CAST('audit' AS regclass)
   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND mode = 'RowExclusiveLock' AND granted AND pid IS DISTINCT FROM pg_backend_pid()

-- name: seal_waiting
-- returns: n int, oldest_us int
SELECT count(*) AS n, coalesce(min(at_us), 0) AS oldest_us
  FROM (SELECT at_us FROM audit WHERE seq > ${top:int} ORDER BY seq LIMIT 100000) AS w

-- name: seal_numbers
-- returns: seq int, at_us int
SELECT seq, at_us FROM audit WHERE seq >= ${first:int} ORDER BY seq

-- Changes of candidates' records: reads and refusals carry a version too, and are none. New passwords and papers printed again
-- are none either, and say which version stood.
-- name: seal_versions
-- returns: candidate_id int, version int, org_path text, row_version int, seq int, again int
SELECT c.id AS candidate_id, c.version, c.org_path, coalesce(d.object_version, 0) AS row_version,
       coalesce(d.seq, 0) AS seq,
       CASE WHEN d.action IN ('candidate.new_slip', 'candidate.card_again', 'candidate.proof_again') THEN 1 ELSE 0 END AS again
  FROM candidate c
  LEFT JOIN audit d ON d.object_kind = 'candidate' AND d.object_id = c.id
        AND d.action NOT LIKE '%.read' AND d.action <> 'candidate.refused'
 ORDER BY c.id, d.seq

-- Rows of records that are not there.
-- name: seal_orphans
-- returns: object_id int, seq int, org_path text, object_version int
SELECT d.object_id, d.seq, d.org_path, d.object_version FROM audit d
 WHERE d.object_kind = 'candidate'
   AND d.action NOT LIKE '%.read' AND d.action <> 'candidate.refused'
   AND NOT EXISTS (SELECT 1 FROM candidate c WHERE c.id = d.object_id)
 ORDER BY d.seq LIMIT 100

-- One row for all the records it moved.
-- name: seal_bulk
-- returns: org_path text, action text, seq int
SELECT org_path, action, seq FROM audit
 WHERE object_kind IN ('submission', 'org', 'export_pull')
   AND action IN ('submission.create', 'submission.accept', 'submission.return', 'demo.load', 'export.receipt')
 ORDER BY seq
