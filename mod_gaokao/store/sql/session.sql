-- Signing in and staying signed in (domain/session.h). These statements find an account by its login or by a signed
-- cookie: there is no scope yet, they make it.

-- name: session_credential
-- returns: id int, season_id int, login text, role text, org_id int, org_path text, org_code text, org_name text, org_level text, candidate_id int, display_name text, enabled int, generation int, slip_generation int, password text, totp blob, totp_step int, failures int, blocked_until_us int, password_us int, is_open int
SELECT a.id, a.season_id, a.login, a.role, a.org_id, a.org_path, o.code, o.name, o.level, coalesce(a.candidate_id, 0),
       a.display_name, a.enabled, a.generation, a.slip_generation, a.password, a.totp, a.totp_step, a.failures,
       a.blocked_until_us, a.password_us,
       CASE WHEN EXISTS (SELECT 1 FROM org c WHERE c.enabled = 0 AND substr(a.org_path, 1, length(c.path)) = c.path)
            THEN 0 ELSE 1 END
  FROM account a JOIN org o ON o.id = a.org_id
 WHERE a.realm = ${realm:text} AND a.season_id = ${season_id:int} AND a.login = ${login:text}

-- The same for one's own account, signed in.
-- name: session_own
-- returns: id int, season_id int, login text, role text, org_id int, org_path text, org_code text, org_name text, org_level text, candidate_id int, display_name text, enabled int, generation int, slip_generation int, password text, totp blob, totp_step int, failures int, blocked_until_us int, password_us int, is_open int
SELECT a.id, a.season_id, a.login, a.role, a.org_id, a.org_path, o.code, o.name, o.level, coalesce(a.candidate_id, 0),
       a.display_name, a.enabled, a.generation, a.slip_generation, a.password, a.totp, a.totp_step, a.failures,
       a.blocked_until_us, a.password_us, 1
  FROM account a JOIN org o ON o.id = a.org_id
 WHERE a.id = ${id:int} AND a.generation = ${generation:int}

-- One point read a request.
-- name: session_resume
-- returns: id int, login text, role text, org_id int, org_path text, org_code text, org_name text, org_level text, candidate_id int, display_name text, has_password int, totp_on int, password_us int
SELECT a.id, a.login, a.role, a.org_id, a.org_path, o.code, o.name, o.level, coalesce(a.candidate_id, 0), a.display_name,
       CASE WHEN a.password IS NULL THEN 0 ELSE 1 END, CASE WHEN a.totp IS NOT NULL AND a.totp_step >= 0 THEN 1 ELSE 0 END,
       a.password_us
  FROM account a JOIN org o ON o.id = a.org_id
 WHERE a.id = ${id:int} AND a.realm = ${realm:text} AND a.generation = ${generation:int} AND a.enabled = 1
   AND NOT EXISTS (SELECT 1 FROM ended_session e WHERE e.session_id = ${session_id:text})
   AND NOT EXISTS (SELECT 1 FROM org c WHERE c.enabled = 0 AND substr(a.org_path, 1, length(c.path)) = c.path)
   AND (a.season_id = 0 OR EXISTS (SELECT 1 FROM season s WHERE s.id = a.season_id AND s.active = 1))

-- Right password and right code. Somebody who guessed in parallel until the account was blocked, or who sends a code a
-- second time, changes no row. known 1: a browser with a count of its own; the account's goes on for strangers.
-- name: session_signed_in
UPDATE account SET failures = CASE WHEN ${known:int} = 1 THEN failures ELSE 0 END,
       blocked_until_us = CASE WHEN ${known} = 1 THEN blocked_until_us ELSE 0 END, signed_in_us = ${now_us:int},
       password = coalesce(${password:text}, password),
       totp_step = CASE WHEN ${totp_step:int} > 0 THEN ${totp_step} ELSE totp_step END
 WHERE id = ${id:int} AND generation = ${generation:int} AND (${known} = 1 OR blocked_until_us <= ${now_us})
   AND (${totp_step} = 0 OR totp_step < ${totp_step})

-- Delays (domain/session.h) follow from the count as it is when the row is written, so that tries sent at once add up:
-- none for four failures, then 1 s, doubling to 15 min.
-- name: session_failed
UPDATE account SET failures = failures + 1, blocked_until_us = CASE WHEN failures < 4 THEN 0 WHEN failures >= 14 THEN ${now_us:int} + 900000000
       ELSE ${now_us:int} + 1000000 * (CAST(1 AS BIGINT) << CAST(failures - 4 AS INTEGER)) END
 WHERE id = ${id:int}

-- name: session_miss
-- returns: failures int, blocked_until_us int
SELECT failures, blocked_until_us FROM sign_in_miss WHERE bucket = ${bucket:int}

-- name: session_missed
INSERT INTO sign_in_miss (bucket, failures, blocked_until_us, updated_us)
VALUES (${bucket:int}, 1, 0, ${now_us:int})
ON CONFLICT (bucket) DO UPDATE SET failures = sign_in_miss.failures + 1,
       blocked_until_us = CASE WHEN sign_in_miss.failures < 4 THEN 0 WHEN sign_in_miss.failures >= 14 THEN ${now_us:int} + 900000000
       ELSE ${now_us:int} + 1000000 * (CAST(1 AS BIGINT) << CAST(sign_in_miss.failures - 4 AS INTEGER)) END,
       updated_us = excluded.updated_us

-- name: session_browser
-- returns: failures int, blocked_until_us int
SELECT failures, blocked_until_us FROM known_browser WHERE account_id = ${account_id:int} AND browser = ${browser:text}

-- name: session_browser_seen
INSERT INTO known_browser (account_id, browser, seen_us, told_us)
VALUES (${account_id:int}, ${browser:text}, ${now_us:int}, ${now_us})
ON CONFLICT (account_id, browser) DO UPDATE SET failures = 0, blocked_until_us = 0, seen_us = excluded.seen_us,
       told_us = excluded.told_us

-- name: session_browser_failed
UPDATE known_browser SET failures = failures + 1, blocked_until_us = CASE WHEN failures < 4 THEN 0 WHEN failures >= 14 THEN ${now_us:int} + 900000000
       ELSE ${now_us:int} + 1000000 * (CAST(1 AS BIGINT) << CAST(failures - 4 AS INTEGER)) END
 WHERE account_id = ${account_id:int} AND browser = ${browser:text}

-- name: session_end
INSERT INTO ended_session (session_id, expires_us) VALUES (${session_id:text}, ${expires_us:int})
ON CONFLICT (session_id) DO NOTHING

-- name: session_forget_ended
DELETE FROM ended_session WHERE expires_us < ${now_us:int}

-- name: session_end_all
UPDATE account SET generation = generation + 1, updated_us = ${now_us:int}, version = version + 1
 WHERE id = ${id:int} AND generation = ${generation:int}

-- name: session_set_password
UPDATE account SET password = ${password:text}, password_us = ${now_us:int}, generation = generation + 1, failures = 0,
       blocked_until_us = 0, updated_us = ${now_us}, version = version + 1
 WHERE id = ${id:int} AND generation = ${generation:int}

-- A secret that waits for its first code; totp_step -1 while there is no confirmed one.
-- name: session_set_totp_pending
UPDATE account SET totp = ${totp:blob}, totp_step = CASE WHEN totp IS NULL THEN -1 ELSE totp_step END
 WHERE id = ${id:int} AND generation = ${generation:int}

-- name: session_set_totp
UPDATE account SET totp = ${totp:blob}, totp_step = ${totp_step:int}, generation = generation + 1, updated_us = ${now_us:int},
       version = version + 1
 WHERE id = ${id:int} AND generation = ${generation:int}

-- A code given again by somebody who is in: used up like one of a sign-in.
-- name: session_code_used
UPDATE account SET totp_step = ${totp_step:int}
 WHERE id = ${id:int} AND generation = ${generation:int} AND totp_step < ${totp_step}

-- name: session_dead_slip
UPDATE account SET dead_slip_us = ${now_us:int} WHERE id = ${id:int}

-- known: browsers that the account has; told_us: of this one, 0 when it is new.
-- name: session_browsers
-- returns: known int, told_us int
SELECT count(*), coalesce(max(CASE WHEN browser = ${browser:text} THEN told_us ELSE 0 END), 0)
  FROM known_browser WHERE account_id = ${account_id:int}

-- name: session_begin
INSERT INTO open_session (session_id, account_id, generation, browser, family, is_new, told_us, begun_us, confirmed_us)
VALUES (${session_id:text}, ${account_id:int}, ${generation:int}, ${browser:text}, ${family:text}, ${is_new:int},
        ${told_us:int}, ${begun_us:int}, ${confirmed_us:int})

-- A new id and generation after a change of password or codes.
-- name: session_move
UPDATE open_session SET session_id = ${new_id:text}, generation = ${generation:int}, begun_us = ${now_us:int},
       confirmed_us = ${now_us}
 WHERE session_id = ${session_id:text} AND account_id = ${account_id:int}

-- name: session_prune
DELETE FROM open_session WHERE account_id = ${account_id:int} AND begun_us < ${before_us:int}

-- name: session_list
-- returns: id int, session_id text, family text, is_new int, begun_us int
SELECT s.id, s.session_id, s.family, s.is_new, s.begun_us
  FROM open_session s
 WHERE s.account_id = ${account_id:int} AND s.generation = ${generation:int} AND s.begun_us > ${after_us:int}
   AND NOT EXISTS (SELECT 1 FROM ended_session e WHERE e.session_id = s.session_id)
 ORDER BY s.begun_us DESC LIMIT 50

-- Sign-ins from new browsers that this one was not told of before it signed in.
-- name: session_news
-- returns: family text, begun_us int
SELECT o.family, o.begun_us
  FROM open_session me JOIN open_session o ON o.account_id = me.account_id
 WHERE me.session_id = ${session_id:text} AND me.account_id = ${account_id:int} AND o.is_new = 1
   AND o.browser <> me.browser AND o.begun_us > me.told_us
 ORDER BY o.begun_us DESC LIMIT 10

-- name: session_confirm
UPDATE open_session SET confirmed_us = ${now_us:int}
 WHERE session_id = ${session_id:text} AND account_id = ${account_id:int}

-- name: session_confirmed
-- returns: confirmed_us int
SELECT confirmed_us FROM open_session WHERE session_id = ${session_id:text} AND account_id = ${account_id:int}

-- name: recovery_clear
DELETE FROM recovery_code WHERE account_id = ${account_id:int}

-- name: recovery_add
INSERT INTO recovery_code (account_id, digest) VALUES (${account_id:int}, ${digest:text})

-- Of two who send one code at once only one changes the row.
-- name: recovery_use
UPDATE recovery_code SET used_us = ${now_us:int}
 WHERE account_id = ${account_id:int} AND digest = ${digest:text} AND used_us = 0

-- name: recovery_left
-- returns: n int
SELECT count(*) FROM recovery_code WHERE account_id = ${account_id:int} AND used_us = 0
