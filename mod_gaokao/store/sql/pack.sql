-- Policy packs of all seasons, and options of plugins that were changed at run time.

-- name: pack_list
-- returns: id int, season_id int, year int, name text, version text, digest text, state text, active int, created_by int, created_us int
SELECT p.id, p.season_id, s.year, p.name, p.version, p.digest, p.state,
       CASE WHEN s.active = 1 AND s.pack_id = p.id THEN 1 ELSE 0 END, coalesce(p.created_by, 0), p.created_us
  FROM pack p JOIN season s ON s.id = p.season_id
 WHERE p.id > ${after:int} ORDER BY p.id LIMIT ${limit:int};

-- name: pack_get
-- returns: id int, season_id int, year int, name text, version text, digest text, state text, active int, created_by int, created_us int
SELECT p.id, p.season_id, s.year, p.name, p.version, p.digest, p.state,
       CASE WHEN s.active = 1 AND s.pack_id = p.id THEN 1 ELSE 0 END, coalesce(p.created_by, 0), p.created_us
  FROM pack p JOIN season s ON s.id = p.season_id
 WHERE p.id = ${id:int};

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
