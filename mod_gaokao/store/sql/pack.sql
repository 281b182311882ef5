-- Policy packs of all seasons and their life (domain/pack_life.h), and options of plugins that were changed at run time.

-- The province's packs, and rules of units: those below, the own and those above, which count here.
-- name: pack_list
-- returns: id int, season_id int, year int, name text, version text, digest text, state text, active int, created_by int, created_us int, base_id int, note text, revision int, approved_by int, approved_us int, activate_us int, activated_by int, activated_us int, reason text, proposer text, approver text, activator text, unit text, unit_path text, unit_name text, unit_level text
SELECT p.id, p.season_id, s.year, p.name, p.version, p.digest, p.state,
       CASE WHEN s.active = 1 AND (s.pack_id = p.id OR (p.unit <> '' AND p.state = 'active')) THEN 1 ELSE 0 END, coalesce(p.created_by, 0), p.created_us,
       coalesce(p.base_id, 0), p.note, p.revision, coalesce(p.approved_by, 0), p.approved_us, p.activate_us,
       coalesce(p.activated_by, 0), p.activated_us, p.reason,
       CASE WHEN c.display_name <> '' THEN c.display_name ELSE coalesce(c.login, '') END,
       CASE WHEN a.display_name <> '' THEN a.display_name ELSE coalesce(a.login, '') END,
       CASE WHEN x.display_name <> '' THEN x.display_name ELSE coalesce(x.login, '') END,
       p.unit, coalesce(o.path, ''), coalesce(o.name, ''), coalesce(o.level, '')
  FROM pack p JOIN season s ON s.id = p.season_id LEFT JOIN account c ON c.id = p.created_by
  LEFT JOIN account a ON a.id = p.approved_by LEFT JOIN account x ON x.id = p.activated_by
  LEFT JOIN org o ON o.code = p.unit AND p.unit <> ''
 WHERE p.id > ${after:int} AND (p.unit = '' OR (o.path >= ${scope_lo:text} AND o.path < ${scope_hi:text}) OR
       substr(${scope_lo}, 1, length(o.path)) = o.path)
 ORDER BY p.id LIMIT ${limit:int};

-- name: pack_get
-- returns: id int, season_id int, year int, name text, version text, digest text, state text, active int, created_by int, created_us int, base_id int, note text, revision int, approved_by int, approved_us int, activate_us int, activated_by int, activated_us int, reason text, proposer text, approver text, activator text, unit text, unit_path text, unit_name text, unit_level text
SELECT p.id, p.season_id, s.year, p.name, p.version, p.digest, p.state,
       CASE WHEN s.active = 1 AND (s.pack_id = p.id OR (p.unit <> '' AND p.state = 'active')) THEN 1 ELSE 0 END, coalesce(p.created_by, 0), p.created_us,
       coalesce(p.base_id, 0), p.note, p.revision, coalesce(p.approved_by, 0), p.approved_us, p.activate_us,
       coalesce(p.activated_by, 0), p.activated_us, p.reason,
       CASE WHEN c.display_name <> '' THEN c.display_name ELSE coalesce(c.login, '') END,
       CASE WHEN a.display_name <> '' THEN a.display_name ELSE coalesce(a.login, '') END,
       CASE WHEN x.display_name <> '' THEN x.display_name ELSE coalesce(x.login, '') END,
       p.unit, coalesce(o.path, ''), coalesce(o.name, ''), coalesce(o.level, '')
  FROM pack p JOIN season s ON s.id = p.season_id LEFT JOIN account c ON c.id = p.created_by
  LEFT JOIN account a ON a.id = p.approved_by LEFT JOIN account x ON x.id = p.activated_by
  LEFT JOIN org o ON o.code = p.unit AND p.unit <> ''
 WHERE p.id = ${id:int} AND (p.unit = '' OR (o.path >= ${scope_lo:text} AND o.path < ${scope_hi:text}) OR
       substr(${scope_lo}, 1, length(o.path)) = o.path);

-- No row: the name has this version already.
-- name: pack_insert
-- returns: id int
INSERT INTO pack (season_id, name, version, digest, body, state, created_by, created_us, base_id, note, unit)
VALUES (${season_id:int}, ${name:text}, ${version:text}, ${digest:text}, ${body:blob}, 'draft', ${created_by:int},
        ${now_us:int}, ${base_id:int?}, ${note:text}, ${unit:text})
ON CONFLICT (season_id, name, version) DO NOTHING
RETURNING id;

-- The highest version of a name, for the next draft.
-- name: pack_version_last
-- returns: version int
SELECT coalesce(max(CAST(version AS BIGINT)), 0) FROM pack WHERE season_id = ${season_id:int} AND name = ${name:text};

-- A draft changed: whatever was found and approved is void.
-- name: pack_rewrite
UPDATE pack SET digest = ${digest:text}, body = ${body:blob}, note = ${note:text}, state = 'draft', approved_by = NULL,
       approved_us = 0, created_by = ${created_by:int}, revision = revision + 1
 WHERE id = ${id:int} AND revision = ${revision:int} AND state IN ('draft', 'checked', 'rehearsed', 'approved')

-- name: pack_step
UPDATE pack SET state = ${state:text}, revision = revision + 1
 WHERE id = ${id:int} AND revision = ${revision:int}

-- name: pack_approve
UPDATE pack SET state = 'approved', approved_by = ${approved_by:int}, approved_us = ${now_us:int}, revision = revision + 1
 WHERE id = ${id:int} AND revision = ${revision:int} AND state = 'rehearsed'

-- name: pack_schedule
UPDATE pack SET state = 'scheduled', activate_us = ${activate_us:int}, activated_by = ${activated_by:int}, reason = ${reason:text},
       revision = revision + 1
 WHERE id = ${id:int} AND revision = ${revision:int}

-- name: pack_unschedule
UPDATE pack SET state = ${state:text}, activate_us = 0, activated_by = NULL, reason = '', revision = revision + 1
 WHERE id = ${id:int} AND revision = ${revision:int} AND state = 'scheduled'

-- name: pack_activate
UPDATE pack SET state = 'active', activate_us = 0, activated_by = ${activated_by:int}, activated_us = ${now_us:int},
       reason = ${reason:text}, revision = revision + 1
 WHERE id = ${id:int} AND revision = ${revision:int}

-- name: pack_supersede
UPDATE pack SET state = 'superseded', revision = revision + 1
 WHERE season_id = ${season_id:int} AND state = 'active' AND id <> ${id:int} AND unit = ${unit:text}

-- Rules of a unit that are in force no more, and nothing in their place.
-- name: pack_withdraw
UPDATE pack SET state = 'superseded', reason = ${reason:text}, revision = revision + 1
 WHERE id = ${id:int} AND revision = ${revision:int} AND state = 'active' AND unit <> ''

-- Rules of units that are in force.
-- name: pack_local
-- returns: id int, version text, digest text, body blob, unit text, unit_name text, unit_level text
SELECT p.id, p.version, p.digest, p.body, p.unit, o.name, o.level FROM pack p JOIN org o ON o.code = p.unit
 WHERE p.season_id = ${season_id:int} AND p.state = 'active' AND p.unit <> '' ORDER BY p.unit;

-- The version of a unit that is in force.
-- name: pack_local_of
-- returns: id int
SELECT id FROM pack WHERE season_id = ${season_id:int} AND unit = ${unit:text} AND unit <> '' AND state = 'active';

-- No row: another activation was first, and what was rehearsed was rehearsed against a pack that is not active any more.
-- name: season_switch
UPDATE season SET pack_id = ${pack_id:int} WHERE id = ${id:int} AND active = 1 AND pack_id = ${base_id:int}

-- No row: the province's pack is another by now, and rules of a unit were rehearsed beside the one before.
-- name: season_rules_raise
UPDATE season SET rules_generation = rules_generation + 1 WHERE id = ${id:int} AND active = 1 AND pack_id = ${base_id:int}

-- name: pack_scheduled
-- returns: id int, activate_us int, activated_by int, season_id int
SELECT id, activate_us, coalesce(activated_by, 0), season_id FROM pack
 WHERE state = 'scheduled' AND season_id = (SELECT s.id FROM season s WHERE s.active = 1)

-- Who approves (ID-12): since when there is this account, and what the proposer did to it lately.
-- name: pack_approver
-- returns: created_us int, acts int
SELECT a.created_us,
       (SELECT count(*) FROM audit u WHERE u.object_kind = 'account' AND u.object_id = a.id AND u.actor_id = ${proposer:int}
           AND u.at_us >= ${since_us:int} AND u.action LIKE 'account.%')
  FROM account a WHERE a.id = ${id:int} AND a.org_path >= ${scope_lo:text} AND a.org_path < ${scope_hi:text}

-- Who asked for an activation that is due now, as they are by now.
-- name: pack_actor
-- returns: login text, role text, display_name text, org_id int, org_path text, level text
SELECT a.login, a.role, a.display_name, a.org_id, a.org_path, o.level
  FROM account a JOIN org o ON o.id = a.org_id WHERE a.id = ${id:int} AND a.enabled = 1

-- name: plugin_option_list
-- returns: plugin text, option_key text, value text, key_id text
SELECT plugin, option_key, value, key_id FROM plugin_option ORDER BY plugin, option_key;

-- name: plugin_option_put
INSERT INTO plugin_option (plugin, option_key, value, key_id, updated_by, updated_us)
VALUES (${plugin:text}, ${option_key:text}, ${value:text}, ${key_id:text}, ${updated_by:int}, ${now:int})
ON CONFLICT (plugin, option_key) DO UPDATE SET value = excluded.value, key_id = excluded.key_id, updated_by = excluded.updated_by,
  updated_us = excluded.updated_us, version = plugin_option.version + 1;

-- name: plugin_option_delete
DELETE FROM plugin_option WHERE plugin = ${plugin:text} AND option_key = ${option_key:text};
