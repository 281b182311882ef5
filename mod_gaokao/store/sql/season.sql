-- Season, pack and settings: what every process asks for.

-- name: season_active
-- returns: id int, year int, name text, is_real int, pack_id int, pack_name text, pack_version text, digest text, rules_generation int
SELECT s.id, s.year, s.name, s.is_real, coalesce(s.pack_id, 0), coalesce(p.name, ''), coalesce(p.version, ''),
       coalesce(p.digest, ''), s.rules_generation
  FROM season s LEFT JOIN pack p ON p.id = s.pack_id
 WHERE s.active = 1;

-- name: pack_body
-- returns: body blob, digest text
SELECT body, digest FROM pack WHERE id = ${id:int};

-- name: setting_get
-- returns: value text
SELECT value FROM setting WHERE name = ${name:text};

-- Nodes with the moment they were last asked whether they are ready (httpd/status.c); not those that have been away for long. The
-- prefix is compared as such: in a linguistic collation nothing lies between 'node:' and 'node;'.
-- name: node_list
-- returns: name text, value text
SELECT name, value FROM setting
 WHERE CASE WHEN substr(name, 1, 5) = 'node:' THEN CAST(value AS BIGINT) ELSE 0 END > ${since_us:int}
 ORDER BY name LIMIT 50;

-- name: setting_put
INSERT INTO setting (name, value) VALUES (${name:text}, ${value:text})
ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- Sent with COMMIT on PostgreSQL (gk_db_commit_by): past the moment it divides by zero, and the server commits nothing.
-- name: commit_guard
-- returns: one int
SELECT 1 / CASE WHEN @NOW_US@ > ${by_us:int} THEN 0 ELSE 1 END
