-- Imports of tables (domain/import.h, jobs/import.h).

-- Whose a number is, in the whole season: what a row says of somebody elsewhere is only that it is elsewhere.
-- name: import_find_number
-- returns: id int, org_path text
SELECT id, org_path FROM candidate WHERE season_id = ${season_id:int} AND number = ${number:text};

-- name: import_find_candidate_number
-- returns: id int, org_path text
SELECT id, org_path FROM candidate WHERE season_id = ${season_id:int} AND candidate_number = ${number:text};

-- name: import_insert
-- returns: id int
INSERT INTO import (season_id, account_id, org_path, kind, state, record_key, bytes, digest, key_id, head, created_us, changed_us)
SELECT ${season_id:int}, ${account_id:int}, o.path, ${kind:text}, 'reading', ${record_key:int}, ${bytes:int}, ${digest:text},
       ${key_id:text}, ${head:blob}, ${now_us:int}, ${now_us}
  FROM org o
 WHERE o.path = ${org_path:text} AND o.path >= ${scope_lo:text} AND o.path < ${scope_hi:text}
RETURNING id;

-- Follows import_insert in the same transaction.
-- name: import_file_insert
INSERT INTO import_file (import_id, n, key_id, body)
SELECT i.id, ${n:int}, ${key_id:text}, ${body:blob} FROM import i
 WHERE i.id = ${import_id:int} AND i.org_path >= ${scope_lo:text} AND i.org_path < ${scope_hi:text};

-- name: import_file_list
-- returns: n int, key_id text, body blob
SELECT f.n, f.key_id, f.body FROM import_file f JOIN import i ON i.id = f.import_id
 WHERE f.import_id = ${import_id:int} AND f.n = ${n:int} AND i.org_path >= ${scope_lo:text} AND i.org_path < ${scope_hi:text};

-- name: import_file_delete
DELETE FROM import_file WHERE import_id IN (SELECT i.id FROM import i
 WHERE i.id = ${import_id:int} AND i.org_path >= ${scope_lo:text} AND i.org_path < ${scope_hi:text});

-- name: import_get
-- returns: id int, season_id int, account_id int, org_path text, org_name text, kind text, state text, job_id int, job_state text, job_error text, done int, total int, record_key int, wrap_key text, wrapped blob, bytes int, digest text, key_id text, head blob, wish text, counts text, fault text, version int, created_us int, changed_us int, account text
SELECT i.id, i.season_id, i.account_id, i.org_path, o.name, i.kind, i.state, i.job_id, j.state, j.error, coalesce(j.done, 0),
       coalesce(j.total, 0), k.id, k.key_id, k.wrapped, i.bytes, i.digest, i.key_id, i.head, i.wish, i.counts, i.fault,
       i.version, i.created_us, i.changed_us, a.login
  FROM import i LEFT JOIN job j ON j.id = i.job_id LEFT JOIN record_key k ON k.id = i.record_key
  LEFT JOIN org o ON o.path = i.org_path LEFT JOIN account a ON a.id = i.account_id
 WHERE i.id = ${id:int} AND i.season_id = ${season_id:int} AND i.org_path >= ${scope_lo:text} AND i.org_path < ${scope_hi:text};

-- name: import_list
-- returns: id int, season_id int, account_id int, org_path text, org_name text, kind text, state text, job_id int, job_state text, job_error text, done int, total int, record_key int, wrap_key text, wrapped blob, bytes int, digest text, key_id text, head blob, wish text, counts text, fault text, version int, created_us int, changed_us int, account text
SELECT i.id, i.season_id, i.account_id, i.org_path, o.name, i.kind, i.state, i.job_id, j.state, j.error, coalesce(j.done, 0),
       coalesce(j.total, 0), k.id, k.key_id, k.wrapped, i.bytes, i.digest, i.key_id, i.head, i.wish, i.counts, i.fault,
       i.version, i.created_us, i.changed_us, a.login
  FROM import i LEFT JOIN job j ON j.id = i.job_id LEFT JOIN record_key k ON k.id = i.record_key
  LEFT JOIN org o ON o.path = i.org_path LEFT JOIN account a ON a.id = i.account_id
 WHERE i.season_id = ${season_id:int} AND i.id < ${before:int} AND i.org_path >= ${scope_lo:text} AND i.org_path < ${scope_hi:text}
 ORDER BY i.id DESC LIMIT ${limit:int};

-- A step somebody takes: `expected` is the version that was seen.
-- name: import_step
UPDATE import SET state = ${state:text}, job_id = ${job_id:int}, wish = ${wish:text}, fault = NULL, version = version + 1,
       changed_us = ${now_us:int}
 WHERE id = ${id:int} AND version = ${expected:int} AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text};

-- What the import's own job found; another job's is left alone.
-- name: import_settle
UPDATE import SET state = ${state:text}, key_id = ${key_id:text}, head = ${head:blob}, counts = ${counts:text}, fault = ${fault:text},
       version = version + 1, changed_us = ${now_us:int}
 WHERE id = ${id:int} AND job_id = ${job_id:int} AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text};

-- name: import_rows_delete
DELETE FROM import_row WHERE import_id IN (SELECT i.id FROM import i
 WHERE i.id = ${import_id:int} AND i.org_path >= ${scope_lo:text} AND i.org_path < ${scope_hi:text});

-- name: import_row_insert
INSERT INTO import_row (import_id, n, candidate_id, verdict, bad, record_key, key_id, body)
SELECT i.id, ${n:int}, ${candidate_id:int}, ${verdict:text}, ${bad:int}, ${record_key:int}, ${key_id:text}, ${body:blob}
  FROM import i
 WHERE i.id = ${import_id:int} AND i.org_path >= ${scope_lo:text} AND i.org_path < ${scope_hi:text};

-- `was` is what the row's outcome was: whoever comes second changes nothing.
-- name: import_row_put
UPDATE import_row SET candidate_id = ${candidate_id:int}, verdict = ${verdict:text}, bad = ${bad:int}, outcome = ${outcome:text},
       record_key = ${record_key:int}, key_id = ${key_id:text}, body = ${body:blob}
 WHERE import_id = ${import_id:int} AND n = ${n:int} AND outcome = ${was:text}
   AND import_id IN (SELECT i.id FROM import i WHERE i.id = ${import_id} AND i.org_path >= ${scope_lo:text} AND i.org_path < ${scope_hi:text});

-- name: import_row_get
-- returns: n int, candidate_id int, verdict text, outcome text, record_key int, wrap_key text, wrapped blob, key_id text, body blob
SELECT r.n, r.candidate_id, r.verdict, r.outcome, k.id, k.key_id, k.wrapped, r.key_id, r.body
  FROM import_row r JOIN import i ON i.id = r.import_id LEFT JOIN record_key k ON k.id = r.record_key
 WHERE r.import_id = ${import_id:int} AND r.n = ${n:int} AND i.org_path >= ${scope_lo:text} AND i.org_path < ${scope_hi:text};

-- verdict, outcome: '' for any; bad: -1 for any.
-- name: import_row_list
-- returns: n int, candidate_id int, verdict text, outcome text, record_key int, wrap_key text, wrapped blob, key_id text, body blob
SELECT r.n, r.candidate_id, r.verdict, r.outcome, k.id, k.key_id, k.wrapped, r.key_id, r.body
  FROM import_row r JOIN import i ON i.id = r.import_id LEFT JOIN record_key k ON k.id = r.record_key
 WHERE r.import_id = ${import_id:int} AND r.n > ${after:int}
   AND (${verdict:text} = '' OR r.verdict = ${verdict}) AND (${outcome:text} = '' OR r.outcome = ${outcome})
   AND (${bad:int} = 0 OR r.bad = 1 OR r.outcome IN ('failed', 'touched'))
   AND i.org_path >= ${scope_lo:text} AND i.org_path < ${scope_hi:text}
 ORDER BY r.n LIMIT ${limit:int};

-- Rows that wait to be done.
-- name: import_row_waiting
-- returns: n int
SELECT r.n FROM import_row r JOIN import i ON i.id = r.import_id
 WHERE r.import_id = ${import_id:int} AND r.n > ${after:int} AND r.bad = 0 AND r.outcome = ''
   AND i.org_path >= ${scope_lo:text} AND i.org_path < ${scope_hi:text}
 ORDER BY r.n LIMIT ${limit:int};

-- Rows that can be taken back.
-- name: import_row_applied
-- returns: n int
SELECT r.n FROM import_row r JOIN import i ON i.id = r.import_id
 WHERE r.import_id = ${import_id:int} AND r.n > ${after:int} AND r.outcome IN ('applied', 'touched')
   AND i.org_path >= ${scope_lo:text} AND i.org_path < ${scope_hi:text}
 ORDER BY r.n LIMIT ${limit:int};

-- name: import_counts
-- returns: verdict text, outcome text, n int
SELECT r.verdict, r.outcome, count(*) FROM import_row r JOIN import i ON i.id = r.import_id
 WHERE r.import_id = ${import_id:int} AND i.org_path >= ${scope_lo:text} AND i.org_path < ${scope_hi:text}
 GROUP BY r.verdict, r.outcome ORDER BY r.verdict, r.outcome;

-- name: import_heading_list
-- returns: heading text, target text
SELECT heading, target FROM import_heading
 WHERE org_path = ${org_path:text} AND kind = ${kind:text} AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}
 ORDER BY heading LIMIT 1000;

-- name: import_heading_put
INSERT INTO import_heading (org_path, kind, heading, target, changed_us)
SELECT o.path, ${kind:text}, ${heading:text}, ${target:text}, ${now_us:int} FROM org o
 WHERE o.path = ${org_path:text} AND o.path >= ${scope_lo:text} AND o.path < ${scope_hi:text}
ON CONFLICT (org_path, kind, heading) DO UPDATE SET target = excluded.target, changed_us = excluded.changed_us;

-- ---- its end: by the worker, in the whole instance ------------------------------------------------------------

-- Files nobody works on any more: done, or left lying.
-- name: import_files_gone
DELETE FROM import_file WHERE import_id IN (SELECT id FROM import WHERE created_us < ${before_us:int} AND state <> 'gone');

-- Rows after which nothing can be taken back.
-- name: import_rows_gone
DELETE FROM import_row WHERE import_id IN (SELECT id FROM import WHERE changed_us < ${before_us:int} AND state <> 'gone');

-- The key goes with the next round of job_file_keys_gone.
-- name: import_gone
UPDATE import SET state = 'gone', record_key = 0, version = version + 1 WHERE changed_us < ${before_us:int} AND state <> 'gone';
