-- Accounts as they are managed (domain/account.h). totp_on: a secret is confirmed (a pending one leaves totp_step at -1).

-- name: account_get
-- returns: id int, realm text, season_id int, login text, role text, org_id int, org_path text, org_code text, org_name text, org_level text, candidate_id int, display_name text, enabled int, generation int, slip_generation int, own_password int, totp_on int, version int, created_by int, created_us int, updated_us int, signed_in_us int, dead_slip_us int
SELECT a.id, a.realm, a.season_id, a.login, a.role, a.org_id, a.org_path, o.code, o.name, o.level,
       coalesce(a.candidate_id, 0), a.display_name, a.enabled, a.generation, a.slip_generation,
       CASE WHEN a.password IS NULL THEN 0 ELSE 1 END, CASE WHEN a.totp IS NOT NULL AND a.totp_step >= 0 THEN 1 ELSE 0 END,
       a.version, coalesce(a.created_by, 0), a.created_us, a.updated_us, a.signed_in_us,
       a.dead_slip_us
  FROM account a JOIN org o ON o.id = a.org_id
 WHERE a.id = ${id:int} AND a.realm = 'staff' AND a.org_path >= ${scope_lo:text} AND a.org_path < ${scope_hi:text}

-- name: account_of_candidate
-- returns: id int, realm text, season_id int, login text, role text, org_id int, org_path text, org_code text, org_name text, org_level text, candidate_id int, display_name text, enabled int, generation int, slip_generation int, own_password int, totp_on int, version int, created_by int, created_us int, updated_us int, signed_in_us int, dead_slip_us int
SELECT a.id, a.realm, a.season_id, a.login, a.role, a.org_id, a.org_path, o.code, o.name, o.level,
       coalesce(a.candidate_id, 0), a.display_name, a.enabled, a.generation, a.slip_generation,
       CASE WHEN a.password IS NULL THEN 0 ELSE 1 END, CASE WHEN a.totp IS NOT NULL AND a.totp_step >= 0 THEN 1 ELSE 0 END,
       a.version, coalesce(a.created_by, 0), a.created_us, a.updated_us, a.signed_in_us,
       a.dead_slip_us
  FROM account a JOIN org o ON o.id = a.org_id
 WHERE a.candidate_id = ${candidate_id:int} AND a.realm = 'candidate'
   AND a.org_path >= ${scope_lo:text} AND a.org_path < ${scope_hi:text}

-- name: account_list
-- returns: id int, realm text, season_id int, login text, role text, org_id int, org_path text, org_code text, org_name text, org_level text, candidate_id int, display_name text, enabled int, generation int, slip_generation int, own_password int, totp_on int, version int, created_by int, created_us int, updated_us int, signed_in_us int, dead_slip_us int
SELECT a.id, a.realm, a.season_id, a.login, a.role, a.org_id, a.org_path, o.code, o.name, o.level,
       coalesce(a.candidate_id, 0), a.display_name, a.enabled, a.generation, a.slip_generation,
       CASE WHEN a.password IS NULL THEN 0 ELSE 1 END, CASE WHEN a.totp IS NOT NULL AND a.totp_step >= 0 THEN 1 ELSE 0 END,
       a.version, coalesce(a.created_by, 0), a.created_us, a.updated_us, a.signed_in_us,
       a.dead_slip_us
  FROM account a JOIN org o ON o.id = a.org_id
 WHERE a.org_path >= ${scope_lo:text} AND a.org_path < ${scope_hi:text} AND a.realm = 'staff'
   AND (a.org_path > ${after_path:text} OR (a.org_path = ${after_path} AND a.login > ${after_login:text}))
   AND (${role:text} IS NULL OR a.role = ${role})
   AND (${q:text} IS NULL OR substr(a.login, 1, length(${q})) = ${q} OR a.display_name LIKE ${pattern:text} ESCAPE '\')
   AND (${enabled:int} = -1 OR a.enabled = ${enabled})
   AND (${slips:int} = 0 OR (a.password IS NULL AND a.enabled = 1))
 ORDER BY a.org_path, a.login LIMIT ${limit:int}

-- name: account_count_at
-- returns: n int
SELECT count(*) FROM account a
 WHERE a.org_path = ${org_path:text} AND a.realm = 'staff' AND a.org_path >= ${scope_lo:text} AND a.org_path < ${scope_hi:text}

-- name: account_insert
-- returns: id int
INSERT INTO account (realm, season_id, login, role, org_id, org_path, display_name, created_by, created_us, updated_us)
SELECT 'staff', 0, ${login:text}, ${role:text}, o.id, o.path, ${display_name:text}, ${created_by:int?}, ${now_us:int}, ${now_us}
  FROM org o
 WHERE o.id = ${org_id:int} AND o.path >= ${scope_lo:text} AND o.path < ${scope_hi:text}
ON CONFLICT DO NOTHING
RETURNING id

-- name: account_insert_candidate
-- returns: id int
INSERT INTO account (realm, season_id, login, role, org_id, org_path, candidate_id, display_name, created_by, created_us,
                     updated_us)
SELECT 'candidate', ${season_id:int}, ${login:text}, 'candidate', o.id, o.path, ${candidate_id:int}, ${display_name:text},
       ${created_by:int?}, ${now_us:int}, ${now_us}
  FROM org o
 WHERE o.id = ${org_id:int} AND o.path >= ${scope_lo:text} AND o.path < ${scope_hi:text}
ON CONFLICT DO NOTHING
RETURNING id

-- end_sessions 1: everybody signed in with this account is signed out.
-- name: account_update
UPDATE account SET display_name = ${display_name:text}, enabled = ${enabled:int}, generation = generation + ${end_sessions:int},
       updated_us = ${now_us:int}, version = version + 1
 WHERE id = ${id:int} AND version = ${version:int} AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}

-- name: account_sign_out
UPDATE account SET generation = generation + 1, updated_us = ${now_us:int}, version = version + 1
 WHERE id = ${id:int} AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}

-- name: account_renew_slip
UPDATE account SET slip_generation = slip_generation + 1, generation = generation + 1, password = NULL, failures = 0,
       blocked_until_us = 0, totp = CASE WHEN ${reset_totp:int} = 1 THEN NULL ELSE totp END,
       totp_step = CASE WHEN ${reset_totp} = 1 THEN 0 ELSE totp_step END, updated_us = ${now_us:int}, version = version + 1
 WHERE id = ${id:int} AND version = ${version:int} AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}

-- name: account_set_password
UPDATE account SET password = ${password:text}, password_us = ${now_us:int}, generation = generation + 1, failures = 0,
       blocked_until_us = 0, updated_us = ${now_us}, version = version + 1
 WHERE id = ${id:int} AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}

-- name: account_set_totp
UPDATE account SET totp = ${totp:blob}, totp_step = 0, generation = generation + 1, updated_us = ${now_us:int},
       version = version + 1
 WHERE id = ${id:int} AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}

-- The codes of a lost phone's sheet go with its secret.
-- name: account_forget_recovery
DELETE FROM recovery_code
 WHERE account_id = (SELECT a.id FROM account a
                      WHERE a.id = ${id:int} AND a.org_path >= ${scope_lo:text} AND a.org_path < ${scope_hi:text})

-- What an export client proves itself with (domain/client.h): '' for none.
-- name: client_get
-- returns: account_id int, certificate text, public_key text
SELECT e.account_id, e.certificate, e.public_key FROM export_client e WHERE e.account_id = ${account_id:int}

-- The account a request token names, with what it is checked against.
-- name: client_account
-- returns: id int, login text, role text, org_id int, org_path text, org_code text, org_name text, org_level text, display_name text, generation int, certificate text, public_key text
SELECT a.id, a.login, a.role, a.org_id, a.org_path, o.code, o.name, o.level, a.display_name, a.generation,
       e.certificate, e.public_key
  FROM export_client e JOIN account a ON a.id = e.account_id JOIN org o ON o.id = a.org_id
 WHERE a.id = ${id:int} AND a.realm = 'staff' AND a.enabled = 1 AND a.role = 'export'
   AND NOT EXISTS (SELECT 1 FROM org c WHERE c.enabled = 0 AND substr(a.org_path, 1, length(c.path)) = c.path)

-- A token counts once.
-- name: client_token
INSERT INTO request_token (account_id, jti, until_us) VALUES (${account_id:int}, ${jti:text}, ${until_us:int})
ON CONFLICT DO NOTHING

-- name: client_tokens_old
DELETE FROM request_token WHERE account_id = ${account_id:int} AND until_us < ${now_us:int}

-- NULL leaves what is there.
-- name: client_put
INSERT INTO export_client (account_id, certificate, public_key, set_us)
SELECT a.id, coalesce(${certificate:text}, ''), coalesce(${public_key:text}, ''), ${now_us:int}
  FROM account a
 WHERE a.id = ${account_id:int} AND a.org_path >= ${scope_lo:text} AND a.org_path < ${scope_hi:text}
ON CONFLICT (account_id) DO UPDATE SET certificate = coalesce(${certificate}, export_client.certificate),
   public_key = coalesce(${public_key}, export_client.public_key), set_us = excluded.set_us
