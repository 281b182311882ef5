-- Seals over the audit (domain/audit_seal.h): what the digest covers stands in docs/audit.md. marks are the first eight bytes
-- of each leaf; they find the row that was changed and prove nothing.
CREATE TABLE audit_seal (
  n BIGINT PRIMARY KEY,
  format BIGINT NOT NULL,
  row_count BIGINT NOT NULL,
  numbers TEXT NOT NULL,
  top BIGINT NOT NULL,
  open TEXT NOT NULL,
  root TEXT NOT NULL,
  previous TEXT NOT NULL,
  sealed_us BIGINT NOT NULL,
  node TEXT NOT NULL,
  key_id TEXT NOT NULL,
  signature @BLOB@ NOT NULL,
  digest TEXT NOT NULL,
  marks @BLOB@ NOT NULL
);

-- The anchor at the moment of submission: SEAL:DIGITS, printed on the sheet.
ALTER TABLE submission ADD COLUMN audit_anchor TEXT;
