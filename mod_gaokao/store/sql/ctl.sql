-- gaokaoctl's own statements. They serve the operator of the whole instance, so they carry no scope; what people see
-- through httpd never uses them.

-- name: ctl_org_by_code
-- returns: id int, level text, code text, name text, path text, version int
SELECT id, level, code, name, path, version FROM org WHERE code = ${code:text};

-- name: ctl_org_insert
-- returns: id int
INSERT INTO org (parent_id, level, code, name, path, profile, created_us, updated_us)
VALUES (${parent_id:int?}, ${level:text}, ${code:text}, ${name:text}, ${path:text}, ${profile:text}, ${now_us:int}, ${now_us})
RETURNING id;

-- name: ctl_org_rename
UPDATE org SET name = ${name:text}, version = version + 1, updated_us = ${now_us:int}
 WHERE id = ${id:int} AND version = ${version:int};

-- name: ctl_orgs
-- returns: id int, parent_id int, level text, code text, name text, path text
SELECT id, coalesce(parent_id, 0), level, code, name, path FROM org
 WHERE level = ${level:text} ORDER BY code;

-- name: ctl_season_by_year
-- returns: id int, year int, name text, is_real int, active int, pack_id int
SELECT id, year, name, is_real, active, coalesce(pack_id, 0) FROM season WHERE year = ${year:int};

-- name: ctl_season_insert
-- returns: id int
INSERT INTO season (year, name, is_real, active, created_us)
VALUES (${year:int}, ${name:text}, ${is_real:int}, 0, ${now_us:int})
RETURNING id;

-- name: ctl_season_update
UPDATE season SET name = ${name:text}, is_real = ${is_real:int}, pack_id = ${pack_id:int?} WHERE id = ${id:int};

-- name: ctl_season_deactivate
UPDATE season SET active = 0 WHERE active = 1 AND id <> ${id:int};

-- name: ctl_season_activate
UPDATE season SET active = 1 WHERE id = ${id:int};

-- name: ctl_seasons
-- returns: id int, year int, name text, is_real int, active int, pack_name text, pack_version text
SELECT s.id, s.year, s.name, s.is_real, s.active, coalesce(p.name, ''), coalesce(p.version, '')
  FROM season s LEFT JOIN pack p ON p.id = s.pack_id ORDER BY s.year DESC;

-- name: ctl_pack_find
-- returns: id int, digest text, state text
SELECT id, digest, state FROM pack
 WHERE season_id = ${season_id:int} AND name = ${name:text} AND version = ${version:text};

-- name: ctl_pack_newest
-- returns: id int, season_id int, year int, name text, version text
SELECT p.id, p.season_id, s.year, p.name, p.version FROM pack p JOIN season s ON s.id = p.season_id
 WHERE p.unit = '' ORDER BY s.year DESC, p.id DESC LIMIT 1;

-- name: ctl_pack_named
-- returns: id int, season_id int, year int, name text, version text
SELECT p.id, p.season_id, s.year, p.name, p.version FROM pack p JOIN season s ON s.id = p.season_id
 WHERE p.unit = '' AND p.name = ${name:text} AND (p.version = ${version:text} OR ${version} = '')
 ORDER BY s.year DESC, p.id DESC LIMIT 1;

-- name: ctl_pack_insert
-- returns: id int
INSERT INTO pack (season_id, name, version, digest, body, state, created_us)
VALUES (${season_id:int}, ${name:text}, ${version:text}, ${digest:text}, ${body:blob}, 'checked', ${now_us:int})
RETURNING id;

-- name: ctl_pack_supersede
UPDATE pack SET state = 'superseded' WHERE season_id = ${season_id:int} AND state = 'active' AND id <> ${id:int} AND unit = '';

-- name: ctl_pack_activate
UPDATE pack SET state = 'active' WHERE id = ${id:int};

-- name: ctl_windows_count
-- returns: n int
SELECT count(*) FROM open_window WHERE season_id = ${season_id:int} AND kind = 'window';

-- name: ctl_windows_clear
DELETE FROM open_window
 WHERE season_id = ${season_id:int} AND kind = 'window' AND candidate_id IS NULL AND org_path = ${org_path:text};

-- name: ctl_window_insert
INSERT INTO open_window (season_id, action, kind, org_path, opens_us, closes_us, created_us, updated_us)
VALUES (${season_id:int}, ${action:text}, 'window', ${org_path:text}, ${opens_us:int}, ${closes_us:int},
        ${now_us:int}, ${now_us});

-- name: ctl_accounts
-- returns: id int, login text, role text, org_path text, display_name text, enabled int, own_password int, totp int, signed_in_us int
SELECT id, login, role, org_path, display_name, enabled, CASE WHEN password IS NULL THEN 0 ELSE 1 END,
       CASE WHEN totp IS NULL THEN 0 ELSE 1 END, signed_in_us
  FROM account
 WHERE realm = 'staff' AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}
   AND (role = ${role:text} OR ${role} = '') AND login > ${after:text}
 ORDER BY login LIMIT ${limit:int};

-- name: ctl_ranges
-- returns: id int, county_code text, subject text, first int, last int, next int, point_code text, point_name text
SELECT r.id, r.county_code, r.subject, r.first, r.last, r.next, o.code, o.name
  FROM number_range r JOIN org o ON o.id = r.org_id
 WHERE r.season_id = ${season_id:int} AND r.org_path >= ${scope_lo:text} AND r.org_path < ${scope_hi:text}
   AND r.id > ${after:int}
 ORDER BY r.id LIMIT ${limit:int};

-- name: ctl_candidate_by_number
-- returns: id int, number text, candidate_number text, subject text, state text, version int, name text, school text, class text, org_path text, key_id text, doc blob, record_key int, wrap_key text, wrapped blob, created_us int, updated_us int
SELECT c.id, c.number, c.candidate_number, c.subject, c.state, c.version, c.name, c.school, c.class, c.org_path, c.key_id, c.doc,
       k.id, k.key_id, k.wrapped, c.created_us, c.updated_us
  FROM candidate c LEFT JOIN record_key k ON k.candidate_id = c.id AND k.kind = 'candidate'
 WHERE c.season_id = ${season_id:int} AND c.number = ${number:text};

-- name: ctl_jobs
-- returns: id int, kind text, state text, done int, total int, attempts int, created_us int, finished_us int
SELECT id, kind, state, done, total, attempts, created_us, finished_us FROM job ORDER BY id DESC LIMIT ${limit:int};

-- name: ctl_job
-- returns: id int, state text, result text, version int, org_path text
SELECT id, state, result, version, org_path FROM job WHERE id = ${id:int};

-- name: ctl_range_faults
-- returns: county_code text, first int, last int, other_first int, other_last int
SELECT a.county_code, a.first, a.last, b.first, b.last
  FROM number_range a JOIN number_range b
    ON b.season_id = a.season_id AND b.county_code = a.county_code AND b.id > a.id AND b.first <= a.last AND b.last >= a.first
 WHERE a.season_id = ${season_id:int} LIMIT 20;

-- name: ctl_tally_faults
-- returns: org_path text, a text, b text, counted int, kept int
SELECT c.org_path, c.subject, c.state, c.n, coalesce(c.kept, 0)
  FROM (SELECT k.org_path, k.subject, k.state, k.n,
               CASE k.state WHEN 'waiting' THEN t.waiting WHEN 'allocated' THEN t.allocated WHEN 'identified' THEN t.identified
                   WHEN 'card_printed' THEN t.card_printed WHEN 'reviewed' THEN t.reviewed WHEN 'filling' THEN t.filling
                   WHEN 'proofed' THEN t.proofed WHEN 'confirmed' THEN t.confirmed WHEN 'submitted' THEN t.submitted
                   WHEN 'accepted' THEN t.accepted WHEN 'withdrawn' THEN t.withdrawn END AS kept
          FROM (SELECT org_path, subject, state, count(*) AS n FROM candidate WHERE season_id = ${season_id:int}
                 GROUP BY org_path, subject, state) k
          LEFT JOIN tally t ON t.season_id = ${season_id} AND t.org_path = k.org_path AND t.subject = k.subject) c
 WHERE c.kept IS NULL OR c.kept <> c.n LIMIT 20;

-- name: ctl_tally_totals
-- returns: counted int, kept int
SELECT (SELECT count(*) FROM candidate WHERE season_id = ${season_id:int}),
       (SELECT CAST(coalesce(sum(n), 0) AS BIGINT) FROM tally WHERE season_id = ${season_id});

-- name: ctl_setting_write
INSERT INTO setting (name, value) VALUES (${name:text}, ${value:text})
ON CONFLICT (name) DO UPDATE SET value = excluded.value;
