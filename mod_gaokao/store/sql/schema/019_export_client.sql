-- What an export client proves itself with beside its password (domain/client.h): SHA-256 of its certificate, and the Ed25519 key
-- that signs its request tokens, as hex; '' for none.
CREATE TABLE export_client (
  account_id BIGINT PRIMARY KEY REFERENCES account (id),
  certificate TEXT NOT NULL DEFAULT '',
  public_key TEXT NOT NULL DEFAULT '',
  set_us BIGINT NOT NULL
);

-- Tokens that were used, until they would have expired anyway.
CREATE TABLE request_token (
  account_id BIGINT NOT NULL REFERENCES account (id),
  jti TEXT NOT NULL,
  until_us BIGINT NOT NULL,
  PRIMARY KEY (account_id, jti)
);
