-- The audit trail and the answers kept for repeated requests: written in the transaction of the change.

-- name: audit_insert
INSERT INTO audit (season_id, at_us, actor_id, org_path, action, object_kind, object_id, object_version, request_id,
                   key_id, body, record_key_id, digest)
VALUES (${season_id:int}, ${at_us:int}, ${actor_id:int}, ${org_path:text}, ${action:text}, ${object_kind:text},
        ${object_id:int}, ${object_version:int}, ${request_id:text}, ${key_id:text}, ${body:blob},
        ${record_key_id:int}, ${digest:text});

-- name: idempotency_get
-- returns: request_digest text, status int, etag text, location text, key_id text, answer blob
SELECT request_digest, status, etag, location, key_id, answer FROM idempotency
 WHERE account_id = ${account_id:int} AND idempotency_key = ${idempotency_key:text};

-- name: idempotency_put
-- returns: account_id int
INSERT INTO idempotency (account_id, idempotency_key, request_digest, status, etag, location, key_id, answer, created_us)
VALUES (${account_id:int}, ${idempotency_key:text}, ${request_digest:text}, ${status:int}, ${etag:text},
        ${location:text}, ${key_id:text}, ${answer:blob}, ${created_us:int})
ON CONFLICT (account_id, idempotency_key) DO NOTHING
RETURNING account_id;

-- name: idempotency_expire
DELETE FROM idempotency WHERE created_us < ${before_us:int};
