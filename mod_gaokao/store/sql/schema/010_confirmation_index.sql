-- All confirmations of a record, voided ones too: deletion goes through them.
CREATE INDEX confirmation_candidate ON confirmation (candidate_id, id);
