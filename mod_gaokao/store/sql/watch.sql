-- What is counted and watched (domain/watch.h).

-- name: watch_count
-- returns: n int
INSERT INTO watch_count (kind, account_id, slot, n) VALUES (${kind:text}, ${account_id:int}, ${slot:int}, 1)
ON CONFLICT (kind, account_id, slot) DO UPDATE SET n = watch_count.n + 1
RETURNING n

-- No row: this account looked at this record in this slot already.
-- name: watch_look
-- returns: candidate_id int
INSERT INTO watch_seen (account_id, slot, candidate_id) VALUES (${account_id:int}, ${slot:int}, ${candidate_id:int})
ON CONFLICT (account_id, slot, candidate_id) DO NOTHING
RETURNING candidate_id

-- Mean of the hours in which the account did it at all.
-- name: watch_usual
-- returns: mean int
SELECT coalesce(CAST(avg(n) AS BIGINT), 0) FROM watch_count
 WHERE kind = ${kind:text} AND account_id = ${account_id:int} AND slot >= ${from_slot:int} AND slot < ${slot:int}

-- name: watch_forget_seen
DELETE FROM watch_seen WHERE account_id = ${account_id:int} AND slot < ${slot:int}

-- name: watch_forget_counts
DELETE FROM watch_count WHERE kind = ${kind:text} AND account_id = ${account_id:int} AND slot < ${slot:int}

-- No row: it was raised for this slot already. org_path '': the province's.
-- name: alarm_raise
-- returns: id int, org_path text
INSERT INTO alarm (kind, org_path, account_id, slot, n, bound, raised_us)
SELECT ${kind:text}, o.path, ${account_id:int}, ${slot:int}, ${n:int}, ${bound:int}, ${now_us:int}
  FROM org o
 WHERE o.path = ${org_path:text} OR (${org_path} = '' AND o.level = 'province' AND o.parent_id IS NULL)
 ORDER BY o.id LIMIT 1
ON CONFLICT (kind, account_id, slot) DO NOTHING
RETURNING id, org_path

-- name: alarm_list
-- returns: id int, kind text, org_path text, org_name text, account_id int, login text, display_name text, n int, bound int, raised_us int, seen_by int, seen_login text, seen_us int, note text, version int
SELECT a.id, a.kind, a.org_path, o.name, a.account_id, coalesce(c.login, ''), coalesce(c.display_name, ''), a.n, a.bound,
       a.raised_us, coalesce(a.seen_by, 0), coalesce(s.login, ''), a.seen_us, a.note, a.version
  FROM alarm a JOIN org o ON o.path = a.org_path
       LEFT JOIN account c ON c.id = a.account_id
       LEFT JOIN account s ON s.id = a.seen_by
 WHERE a.org_path >= ${scope_lo:text} AND a.org_path < ${scope_hi:text} AND a.id < ${before:int}
   AND (${open:int} = 0 OR a.seen_us = 0) AND (${id:int} = 0 OR a.id = ${id})
 ORDER BY a.id DESC LIMIT ${limit:int}

-- name: alarm_seen
UPDATE alarm SET seen_by = ${seen_by:int}, seen_us = ${now_us:int}, note = ${note:text}, version = version + 1
 WHERE id = ${id:int} AND version = ${version:int} AND seen_us = 0
   AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}

-- name: alarm_open_count
-- returns: kind text, n int
SELECT kind, count(*) FROM alarm WHERE seen_us = 0 GROUP BY kind ORDER BY kind
