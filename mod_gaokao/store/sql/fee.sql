-- Payments of the registration and examination fee.

-- name: fee_insert
-- returns: id int
-- No row: the receipt number is used in this season, or a payment of this candidate is open.
INSERT INTO fee (season_id, candidate_id, org_path, fen, receipt, paid_by, paid_us)
SELECT c.season_id, c.id, c.org_path, ${fen:int}, ${receipt:text}, ${paid_by:int}, ${now:int}
  FROM candidate c
 WHERE c.id = ${candidate_id:int} AND c.org_path >= ${scope_lo:text} AND c.org_path < ${scope_hi:text}
ON CONFLICT DO NOTHING
RETURNING id

-- name: fee_open
-- returns: id int, candidate_id int, org_path text, fen int, receipt text, paid_by int, paid_us int
SELECT f.id, f.candidate_id, f.org_path, f.fen, f.receipt, f.paid_by, f.paid_us FROM fee f
 WHERE f.candidate_id = ${candidate_id:int} AND f.cancelled_us = 0
   AND f.org_path >= ${scope_lo:text} AND f.org_path < ${scope_hi:text}

-- name: fee_receipt
-- returns: id int, candidate_id int, org_path text, fen int, receipt text, paid_by int, paid_us int, number text
-- Beyond the scope: a receipt number counts once in the season.
SELECT f.id, f.candidate_id, f.org_path, f.fen, f.receipt, f.paid_by, f.paid_us, c.number
  FROM fee f JOIN candidate c ON c.id = f.candidate_id
 WHERE f.season_id = ${season_id:int} AND f.receipt = ${receipt:text}

-- name: fee_cancel
UPDATE fee SET cancelled_by = ${cancelled_by:int}, cancelled_us = ${now:int}, cancel_reason = ${reason:text}
 WHERE id = ${id:int} AND cancelled_us = 0 AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}
