-- Long work (jobs/job.h). The queue is the instance's: what a worker does carries no scope. Leases are judged by the
-- database's clock, inside the statement.

-- name: job_insert
-- returns: id int
INSERT INTO job (season_id, kind, account_id, org_path, state, args, created_us)
VALUES (${season_id:int}, ${kind:text}, ${account_id:int}, ${org_path:text}, 'queued', ${args:text}, ${now_us:int})
RETURNING id;

-- name: job_get
-- returns: id int, season_id int, kind text, account_id int, org_path text, state text, args text, done int, total int, cancel int, attempts int, result text, error text, version int, created_us int, started_us int, finished_us int
SELECT id, season_id, kind, account_id, org_path, state, args, done, total, cancel, attempts, result, error, version,
       created_us, started_us, finished_us
  FROM job
 WHERE id = ${id:int} AND account_id = ${account_id:int} AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text};

-- name: job_list
-- returns: id int, season_id int, kind text, account_id int, org_path text, state text, args text, done int, total int, cancel int, attempts int, result text, error text, version int, created_us int, started_us int, finished_us int
SELECT id, season_id, kind, account_id, org_path, state, args, done, total, cancel, attempts, result, error, version,
       created_us, started_us, finished_us
  FROM job
 WHERE account_id = ${account_id:int} AND id < ${before:int} AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}
   AND (${state:text} = '' OR state = ${state})
 ORDER BY id DESC LIMIT ${limit:int};

-- name: job_open_count
-- returns: n int
SELECT count(*) FROM job WHERE account_id = ${account_id:int} AND state IN ('queued', 'running');

-- name: job_cancel_queued
UPDATE job SET state = 'cancelled', cancel = 1, finished_us = ${now_us:int}, version = version + 1
 WHERE id = ${id:int} AND account_id = ${account_id:int} AND state = 'queued'
   AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text};

-- name: job_cancel_running
UPDATE job SET cancel = 1, version = version + 1
 WHERE id = ${id:int} AND account_id = ${account_id:int} AND state = 'running'
   AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text};

-- Is there anything to do? Asked without a lock before a lease is tried.
-- name: job_waiting
-- returns: id int
SELECT id FROM job
 WHERE state = 'queued' OR (state = 'running' AND lease_until_us < @NOW_US@)
 ORDER BY id LIMIT 1;

-- name: job_lease
-- returns: id int, season_id int, kind text, account_id int, org_path text, state text, args text, done int, total int, cancel int, attempts int, result text, error text, version int, created_us int, started_us int, finished_us int
UPDATE job
   SET state = 'running', lease_owner = ${owner:text}, lease_until_us = @NOW_US@ + ${lease_us:int}, attempts = attempts + 1,
       started_us = CASE WHEN started_us = 0 THEN ${now_us:int} ELSE started_us END, version = version + 1
 WHERE id = (SELECT q.id FROM job q
              WHERE q.cancel = 0 AND q.attempts < ${max_attempts:int}
                AND (q.state = 'queued' OR (q.state = 'running' AND q.lease_until_us < @NOW_US@))
              ORDER BY q.id LIMIT 1 @SKIP@)
RETURNING id, season_id, kind, account_id, org_path, state, args, done, total, cancel, attempts, result, error, version,
          created_us, started_us, finished_us;

-- Jobs whose worker died: cancelled if somebody asked for it, failed when it died too often.
-- name: job_give_up
UPDATE job
   SET state = CASE WHEN cancel = 1 THEN 'cancelled' ELSE 'failed' END,
       error = CASE WHEN cancel = 1 THEN NULL ELSE ${error:text} END,
       finished_us = ${now_us:int}, lease_owner = NULL, version = version + 1
 WHERE state = 'running' AND lease_until_us < @NOW_US@ AND (cancel = 1 OR attempts >= ${max_attempts:int});

-- No row: the lease was lost.
-- name: job_beat
-- returns: cancel int
UPDATE job SET lease_until_us = @NOW_US@ + ${lease_us:int}, done = ${done:int}, total = ${total:int}
 WHERE id = ${id:int} AND lease_owner = ${owner:text} AND state = 'running'
RETURNING CASE WHEN cancel = 1
            OR EXISTS (SELECT 1 FROM account a WHERE a.id = job.account_id AND (a.enabled = 0 OR a.org_path <> job.org_path))
            OR EXISTS (SELECT 1 FROM org c WHERE c.enabled = 0 AND substr(job.org_path, 1, length(c.path)) = c.path)
          THEN 1 ELSE 0 END;

-- Whoever was switched off or moved meanwhile gets nothing any more: state done changes no row (ID-9).
-- name: job_finish
UPDATE job
   SET state = ${state:text}, done = ${done:int}, total = ${total:int}, result = ${result:text}, error = ${error:text},
       finished_us = ${now_us:int}, lease_owner = NULL, version = version + 1
 WHERE id = ${id:int} AND lease_owner = ${owner:text} AND state = 'running'
   AND (${state} <> 'done'
        OR (NOT EXISTS (SELECT 1 FROM account a WHERE a.id = job.account_id AND (a.enabled = 0 OR a.org_path <> job.org_path))
            AND NOT EXISTS (SELECT 1 FROM org c WHERE c.enabled = 0 AND substr(job.org_path, 1, length(c.path)) = c.path)));

-- Given back unfinished by a worker that ends: the next one begins at once, and the try doesn't count.
-- name: job_release
UPDATE job SET state = 'queued', lease_owner = NULL, lease_until_us = 0, attempts = attempts - 1, version = version + 1
 WHERE id = ${id:int} AND lease_owner = ${owner:text} AND state = 'running';

-- name: job_actor
-- returns: login text, role text, display_name text, org_id int, org_path text, enabled int, level text
SELECT a.login, a.role, a.display_name, a.org_id, a.org_path, a.enabled, o.level
  FROM account a JOIN org o ON o.id = a.org_id WHERE a.id = ${id:int};

-- name: job_results_old
-- returns: id int, result text
SELECT id, result FROM job
 WHERE state = 'done' AND finished_us < ${before_us:int} AND result LIKE '%"file":"%' ORDER BY id LIMIT 100;

-- name: job_result_gone
UPDATE job SET result = ${result:text}, version = version + 1 WHERE id = ${id:int};

-- The file itself may lie on a disk that forgets nothing.
-- name: job_file_keys_gone
DELETE FROM record_key
 WHERE kind = 'file' AND created_us < ${before_us:int}
   AND NOT EXISTS (SELECT 1 FROM export_pull p WHERE p.state = 'ready' AND p.record_key = record_key.id)
   AND NOT EXISTS (SELECT 1 FROM import i WHERE i.record_key = record_key.id);
