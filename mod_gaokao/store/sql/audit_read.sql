-- Reading the audit (domain/audit_view.h), newest first. One statement an index: by object, by candidate, by actor, by unit.

-- name: audit_by_object
-- returns: seq int, at_us int, actor_id int, actor_name text, org_path text, action text, object_kind text, object_id int, object_version int, request_id text, key_id text, body blob, record_key int, wrap_key text, wrapped blob, season_id int
SELECT d.seq, d.at_us, d.actor_id, a.display_name, d.org_path, d.action, d.object_kind, d.object_id, d.object_version,
       d.request_id, d.key_id, d.body, k.id, k.key_id, k.wrapped, d.season_id
  FROM audit d LEFT JOIN account a ON a.id = d.actor_id LEFT JOIN record_key k ON k.id = d.record_key_id
 WHERE d.object_kind = ${object_kind:text} AND d.object_id = ${object_id:int} AND d.seq < ${before_seq:int}
   AND d.org_path >= ${scope_lo:text} AND d.org_path < ${scope_hi:text}
   AND d.org_path >= ${org_lo:text} AND d.org_path < ${org_hi:text}
   AND (${actor_id:int} = 0 OR d.actor_id = ${actor_id})
   AND substr(d.action, 1, length(${action:text})) = ${action}
   AND d.at_us >= ${from_us:int} AND d.at_us < ${to_us:int}
 ORDER BY d.seq DESC LIMIT ${limit:int}

-- All that concerns one candidate: the record, its readings, its account. What moved it together with others (submissions)
-- stands with the unit.
-- name: audit_by_candidate
-- returns: seq int, at_us int, actor_id int, actor_name text, org_path text, action text, object_kind text, object_id int, object_version int, request_id text, key_id text, body blob, record_key int, wrap_key text, wrapped blob, season_id int
SELECT d.seq, d.at_us, d.actor_id, a.display_name, d.org_path, d.action, d.object_kind, d.object_id, d.object_version,
       d.request_id, d.key_id, d.body, y.id, y.key_id, y.wrapped, d.season_id
  FROM (SELECT 'candidate' AS kind, ${candidate_id:int} AS id
        UNION ALL SELECT 'account', k.id FROM account k WHERE k.candidate_id = ${candidate_id}
        UNION ALL SELECT 'reading', r.id FROM reading r WHERE r.candidate_id = ${candidate_id}) AS o
  JOIN audit d ON d.object_kind = o.kind AND d.object_id = o.id
  LEFT JOIN account a ON a.id = d.actor_id LEFT JOIN record_key y ON y.id = d.record_key_id
 WHERE d.seq < ${before_seq:int}
   AND d.org_path >= ${scope_lo:text} AND d.org_path < ${scope_hi:text}
   AND d.org_path >= ${org_lo:text} AND d.org_path < ${org_hi:text}
   AND (${object_kind:text} = '' OR d.object_kind = ${object_kind})
   AND (${actor_id:int} = 0 OR d.actor_id = ${actor_id})
   AND substr(d.action, 1, length(${action:text})) = ${action}
   AND d.at_us >= ${from_us:int} AND d.at_us < ${to_us:int}
 ORDER BY d.seq DESC LIMIT ${limit:int}

-- name: audit_candidate
-- returns: id int
SELECT id FROM candidate
 WHERE season_id = ${season_id:int} AND number = ${number:text}
   AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}

-- name: audit_actor
-- returns: id int
SELECT id FROM account
 WHERE realm = 'staff' AND login = ${login:text} AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}

-- name: audit_by_actor
-- returns: seq int, at_us int, actor_id int, actor_name text, org_path text, action text, object_kind text, object_id int, object_version int, request_id text, key_id text, body blob, record_key int, wrap_key text, wrapped blob, season_id int
SELECT d.seq, d.at_us, d.actor_id, a.display_name, d.org_path, d.action, d.object_kind, d.object_id, d.object_version,
       d.request_id, d.key_id, d.body, k.id, k.key_id, k.wrapped, d.season_id
  FROM audit d LEFT JOIN account a ON a.id = d.actor_id LEFT JOIN record_key k ON k.id = d.record_key_id
 WHERE d.actor_id = ${actor_id:int} AND d.seq < ${before_seq:int}
   AND d.org_path >= ${scope_lo:text} AND d.org_path < ${scope_hi:text}
   AND d.org_path >= ${org_lo:text} AND d.org_path < ${org_hi:text}
   AND (${object_kind:text} = '' OR d.object_kind = ${object_kind})
   AND substr(d.action, 1, length(${action:text})) = ${action}
   AND d.at_us >= ${from_us:int} AND d.at_us < ${to_us:int}
 ORDER BY d.seq DESC LIMIT ${limit:int}

-- name: audit_by_scope
-- returns: seq int, at_us int, actor_id int, actor_name text, org_path text, action text, object_kind text, object_id int, object_version int, request_id text, key_id text, body blob, record_key int, wrap_key text, wrapped blob, season_id int
SELECT d.seq, d.at_us, d.actor_id, a.display_name, d.org_path, d.action, d.object_kind, d.object_id, d.object_version,
       d.request_id, d.key_id, d.body, k.id, k.key_id, k.wrapped, d.season_id
  FROM audit d LEFT JOIN account a ON a.id = d.actor_id LEFT JOIN record_key k ON k.id = d.record_key_id
 WHERE d.seq < ${before_seq:int}
   AND d.org_path >= ${scope_lo:text} AND d.org_path < ${scope_hi:text}
   AND d.org_path >= ${org_lo:text} AND d.org_path < ${org_hi:text}
   AND (${object_kind:text} = '' OR d.object_kind = ${object_kind})
   AND substr(d.action, 1, length(${action:text})) = ${action}
   AND d.at_us >= ${from_us:int} AND d.at_us < ${to_us:int}
 ORDER BY d.seq DESC LIMIT ${limit:int}
