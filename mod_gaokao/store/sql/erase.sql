-- Deleting what is known about one candidate (domain/erase.h): its key goes, and what repeats the document in clear. By the
-- operator of the instance, so without scope.

-- name: erase_find
-- returns: id int, season_id int, season_active int, org_path text, state text, version int, account_id int
SELECT c.id, c.season_id, s.active, c.org_path, c.state, c.version, a.id
  FROM candidate c JOIN season s ON s.id = c.season_id
  LEFT JOIN account a ON a.candidate_id = c.id AND a.realm = 'candidate'
 WHERE s.year = ${year:int} AND (c.number = ${number:text} OR c.id = ${id:int})

-- name: erase_candidate
UPDATE candidate SET name = ${name:text}, id_index = NULL, tail_index = NULL, twin_index = NULL, key_id = 'r', doc = ${nothing:blob},
       updated_us = ${now_us:int}, version = version + 1
 WHERE id = ${id:int} AND version = ${version:int}

-- name: erase_former
DELETE FROM candidate_former WHERE candidate_id = ${id:int}

-- name: erase_parts
DELETE FROM candidate_part WHERE candidate_id = ${id:int} AND key_id = ''

-- name: erase_readings
UPDATE reading SET key_id = 'r', body = ${nothing:blob}, record_key_id = ${key:int} WHERE candidate_id = ${id:int} AND key_id = ''

-- name: erase_raw
DELETE FROM reading_raw WHERE reading_id IN (SELECT id FROM reading WHERE candidate_id = ${id:int})

-- name: erase_proofs
UPDATE proof SET digest = '', key_id = 'r', doc = ${nothing:blob} WHERE candidate_id = ${id:int}

-- name: erase_confirmations
UPDATE confirmation SET digest = '', void_reason = NULL WHERE candidate_id = ${id:int}

-- name: erase_fees
UPDATE fee SET cancel_reason = NULL WHERE candidate_id = ${id:int}

-- name: erase_photos
UPDATE photo SET digest = '', measures = '', key_id = 'r', picture = ${nothing:blob}, cut = ${nothing}, report = ${nothing}
 WHERE candidate_id = ${id:int}

-- name: erase_windows
UPDATE open_window SET reason = NULL WHERE candidate_id = ${id:int}

-- name: erase_account
UPDATE account SET display_name = ${name:text}, enabled = 0, password = NULL, totp = NULL, generation = generation + 1,
       updated_us = ${now_us:int}, version = version + 1
 WHERE id = ${id:int}

-- name: erase_answers
DELETE FROM idempotency WHERE account_id = ${id:int}
