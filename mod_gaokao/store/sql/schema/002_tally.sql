-- Live counts (W6, F8), kept by triggers in the transaction that changes a record, so that they can't drift.
--   tally        one row a point and subject: records (n), those in each state, review_state and fee_state, and the fees.
--                The province's progress reads some twenty thousand narrow rows.
--   tally_class  one row a point, school, class and state.
-- A transaction touches tally before tally_class and, within each, the smaller key first: two writers of one point never
-- wait for each other in a ring.
CREATE TABLE tally (
  season_id BIGINT NOT NULL,
  org_path @PATH@ NOT NULL,
  subject TEXT NOT NULL,
  n BIGINT NOT NULL DEFAULT 0,
  waiting BIGINT NOT NULL DEFAULT 0,
  allocated BIGINT NOT NULL DEFAULT 0,
  identified BIGINT NOT NULL DEFAULT 0,
  card_printed BIGINT NOT NULL DEFAULT 0,
  reviewed BIGINT NOT NULL DEFAULT 0,
  filling BIGINT NOT NULL DEFAULT 0,
  proofed BIGINT NOT NULL DEFAULT 0,
  confirmed BIGINT NOT NULL DEFAULT 0,
  submitted BIGINT NOT NULL DEFAULT 0,
  accepted BIGINT NOT NULL DEFAULT 0,
  withdrawn BIGINT NOT NULL DEFAULT 0,
  review_none BIGINT NOT NULL DEFAULT 0,
  review_passed BIGINT NOT NULL DEFAULT 0,
  review_failed BIGINT NOT NULL DEFAULT 0,
  fee_none BIGINT NOT NULL DEFAULT 0,
  fee_paid BIGINT NOT NULL DEFAULT 0,
  fee_due BIGINT NOT NULL DEFAULT 0,
  fee_fen BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (season_id, org_path, subject)
-- @sqlite
) WITHOUT ROWID;
-- @pgsql
);
-- @both
CREATE TABLE tally_class (
  season_id BIGINT NOT NULL,
  org_path @PATH@ NOT NULL,
  school TEXT NOT NULL,
  class TEXT NOT NULL,
  state TEXT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (season_id, org_path, school, class, state)
-- @sqlite
) WITHOUT ROWID;
-- @pgsql
);

-- @sqlite
CREATE TRIGGER tally_insert AFTER INSERT ON candidate BEGIN
  INSERT INTO tally (season_id, org_path, subject,
                     n, waiting, allocated, identified, card_printed, reviewed, filling, proofed, confirmed,
                     submitted, accepted, withdrawn, review_none, review_passed, review_failed, fee_none,
                     fee_paid, fee_due, fee_fen)
  VALUES (NEW.season_id, NEW.org_path, NEW.subject,
          1, NEW.state = 'waiting', NEW.state = 'allocated', NEW.state = 'identified',
          NEW.state = 'card_printed', NEW.state = 'reviewed', NEW.state = 'filling', NEW.state = 'proofed',
          NEW.state = 'confirmed', NEW.state = 'submitted', NEW.state = 'accepted', NEW.state = 'withdrawn',
          NEW.review_state = 'none', NEW.review_state = 'passed', NEW.review_state = 'failed',
          NEW.fee_state = 'none', NEW.fee_state = 'paid', NEW.fee_state = 'due', NEW.fee_fen)
  ON CONFLICT (season_id, org_path, subject) DO UPDATE SET
    n = n + excluded.n, waiting = waiting + excluded.waiting, allocated = allocated + excluded.allocated,
    identified = identified + excluded.identified, card_printed = card_printed + excluded.card_printed,
    reviewed = reviewed + excluded.reviewed, filling = filling + excluded.filling,
    proofed = proofed + excluded.proofed, confirmed = confirmed + excluded.confirmed,
    submitted = submitted + excluded.submitted, accepted = accepted + excluded.accepted,
    withdrawn = withdrawn + excluded.withdrawn, review_none = review_none + excluded.review_none,
    review_passed = review_passed + excluded.review_passed,
    review_failed = review_failed + excluded.review_failed, fee_none = fee_none + excluded.fee_none,
    fee_paid = fee_paid + excluded.fee_paid, fee_due = fee_due + excluded.fee_due,
    fee_fen = fee_fen + excluded.fee_fen;
  INSERT INTO tally_class (season_id, org_path, school, class, state, n)
  VALUES (NEW.season_id, NEW.org_path, NEW.school, NEW.class, NEW.state, 1)
  ON CONFLICT (season_id, org_path, school, class, state) DO UPDATE SET n = n + excluded.n;
END;
CREATE TRIGGER tally_delete AFTER DELETE ON candidate BEGIN
  INSERT INTO tally (season_id, org_path, subject,
                     n, waiting, allocated, identified, card_printed, reviewed, filling, proofed, confirmed,
                     submitted, accepted, withdrawn, review_none, review_passed, review_failed, fee_none,
                     fee_paid, fee_due, fee_fen)
  VALUES (OLD.season_id, OLD.org_path, OLD.subject,
          -1, -(OLD.state = 'waiting'), -(OLD.state = 'allocated'), -(OLD.state = 'identified'),
          -(OLD.state = 'card_printed'), -(OLD.state = 'reviewed'), -(OLD.state = 'filling'),
          -(OLD.state = 'proofed'), -(OLD.state = 'confirmed'), -(OLD.state = 'submitted'),
          -(OLD.state = 'accepted'), -(OLD.state = 'withdrawn'), -(OLD.review_state = 'none'),
          -(OLD.review_state = 'passed'), -(OLD.review_state = 'failed'), -(OLD.fee_state = 'none'),
          -(OLD.fee_state = 'paid'), -(OLD.fee_state = 'due'), -OLD.fee_fen)
  ON CONFLICT (season_id, org_path, subject) DO UPDATE SET
    n = n + excluded.n, waiting = waiting + excluded.waiting, allocated = allocated + excluded.allocated,
    identified = identified + excluded.identified, card_printed = card_printed + excluded.card_printed,
    reviewed = reviewed + excluded.reviewed, filling = filling + excluded.filling,
    proofed = proofed + excluded.proofed, confirmed = confirmed + excluded.confirmed,
    submitted = submitted + excluded.submitted, accepted = accepted + excluded.accepted,
    withdrawn = withdrawn + excluded.withdrawn, review_none = review_none + excluded.review_none,
    review_passed = review_passed + excluded.review_passed,
    review_failed = review_failed + excluded.review_failed, fee_none = fee_none + excluded.fee_none,
    fee_paid = fee_paid + excluded.fee_paid, fee_due = fee_due + excluded.fee_due,
    fee_fen = fee_fen + excluded.fee_fen;
  INSERT INTO tally_class (season_id, org_path, school, class, state, n)
  VALUES (OLD.season_id, OLD.org_path, OLD.school, OLD.class, OLD.state, -1)
  ON CONFLICT (season_id, org_path, school, class, state) DO UPDATE SET n = n + excluded.n;
END;
CREATE TRIGGER tally_update AFTER UPDATE OF state, subject, review_state, fee_state, fee_fen, org_path ON candidate
WHEN OLD.org_path = NEW.org_path AND OLD.subject = NEW.subject
  AND (OLD.state <> NEW.state OR OLD.review_state <> NEW.review_state OR OLD.fee_state <> NEW.fee_state
       OR OLD.fee_fen <> NEW.fee_fen)
BEGIN
  UPDATE tally SET
    waiting = waiting + (NEW.state = 'waiting') - (OLD.state = 'waiting'),
    allocated = allocated + (NEW.state = 'allocated') - (OLD.state = 'allocated'),
    identified = identified + (NEW.state = 'identified') - (OLD.state = 'identified'),
    card_printed = card_printed + (NEW.state = 'card_printed') - (OLD.state = 'card_printed'),
    reviewed = reviewed + (NEW.state = 'reviewed') - (OLD.state = 'reviewed'),
    filling = filling + (NEW.state = 'filling') - (OLD.state = 'filling'),
    proofed = proofed + (NEW.state = 'proofed') - (OLD.state = 'proofed'),
    confirmed = confirmed + (NEW.state = 'confirmed') - (OLD.state = 'confirmed'),
    submitted = submitted + (NEW.state = 'submitted') - (OLD.state = 'submitted'),
    accepted = accepted + (NEW.state = 'accepted') - (OLD.state = 'accepted'),
    withdrawn = withdrawn + (NEW.state = 'withdrawn') - (OLD.state = 'withdrawn'),
    review_none = review_none + (NEW.review_state = 'none') - (OLD.review_state = 'none'),
    review_passed = review_passed + (NEW.review_state = 'passed') - (OLD.review_state = 'passed'),
    review_failed = review_failed + (NEW.review_state = 'failed') - (OLD.review_state = 'failed'),
    fee_none = fee_none + (NEW.fee_state = 'none') - (OLD.fee_state = 'none'),
    fee_paid = fee_paid + (NEW.fee_state = 'paid') - (OLD.fee_state = 'paid'),
    fee_due = fee_due + (NEW.fee_state = 'due') - (OLD.fee_state = 'due'),
    fee_fen = fee_fen + NEW.fee_fen - OLD.fee_fen
   WHERE season_id = NEW.season_id AND org_path = NEW.org_path AND subject = NEW.subject;
END;
CREATE TRIGGER tally_move AFTER UPDATE OF state, subject, review_state, fee_state, fee_fen, org_path ON candidate
WHEN OLD.org_path <> NEW.org_path OR OLD.subject <> NEW.subject
BEGIN
  INSERT INTO tally (season_id, org_path, subject,
                     n, waiting, allocated, identified, card_printed, reviewed, filling, proofed, confirmed,
                     submitted, accepted, withdrawn, review_none, review_passed, review_failed, fee_none,
                     fee_paid, fee_due, fee_fen)
  VALUES (OLD.season_id, OLD.org_path, OLD.subject,
          -1, -(OLD.state = 'waiting'), -(OLD.state = 'allocated'), -(OLD.state = 'identified'),
          -(OLD.state = 'card_printed'), -(OLD.state = 'reviewed'), -(OLD.state = 'filling'),
          -(OLD.state = 'proofed'), -(OLD.state = 'confirmed'), -(OLD.state = 'submitted'),
          -(OLD.state = 'accepted'), -(OLD.state = 'withdrawn'), -(OLD.review_state = 'none'),
          -(OLD.review_state = 'passed'), -(OLD.review_state = 'failed'), -(OLD.fee_state = 'none'),
          -(OLD.fee_state = 'paid'), -(OLD.fee_state = 'due'), -OLD.fee_fen)
  ON CONFLICT (season_id, org_path, subject) DO UPDATE SET
    n = n + excluded.n, waiting = waiting + excluded.waiting, allocated = allocated + excluded.allocated,
    identified = identified + excluded.identified, card_printed = card_printed + excluded.card_printed,
    reviewed = reviewed + excluded.reviewed, filling = filling + excluded.filling,
    proofed = proofed + excluded.proofed, confirmed = confirmed + excluded.confirmed,
    submitted = submitted + excluded.submitted, accepted = accepted + excluded.accepted,
    withdrawn = withdrawn + excluded.withdrawn, review_none = review_none + excluded.review_none,
    review_passed = review_passed + excluded.review_passed,
    review_failed = review_failed + excluded.review_failed, fee_none = fee_none + excluded.fee_none,
    fee_paid = fee_paid + excluded.fee_paid, fee_due = fee_due + excluded.fee_due,
    fee_fen = fee_fen + excluded.fee_fen;
  INSERT INTO tally (season_id, org_path, subject,
                     n, waiting, allocated, identified, card_printed, reviewed, filling, proofed, confirmed,
                     submitted, accepted, withdrawn, review_none, review_passed, review_failed, fee_none,
                     fee_paid, fee_due, fee_fen)
  VALUES (NEW.season_id, NEW.org_path, NEW.subject,
          1, NEW.state = 'waiting', NEW.state = 'allocated', NEW.state = 'identified',
          NEW.state = 'card_printed', NEW.state = 'reviewed', NEW.state = 'filling', NEW.state = 'proofed',
          NEW.state = 'confirmed', NEW.state = 'submitted', NEW.state = 'accepted', NEW.state = 'withdrawn',
          NEW.review_state = 'none', NEW.review_state = 'passed', NEW.review_state = 'failed',
          NEW.fee_state = 'none', NEW.fee_state = 'paid', NEW.fee_state = 'due', NEW.fee_fen)
  ON CONFLICT (season_id, org_path, subject) DO UPDATE SET
    n = n + excluded.n, waiting = waiting + excluded.waiting, allocated = allocated + excluded.allocated,
    identified = identified + excluded.identified, card_printed = card_printed + excluded.card_printed,
    reviewed = reviewed + excluded.reviewed, filling = filling + excluded.filling,
    proofed = proofed + excluded.proofed, confirmed = confirmed + excluded.confirmed,
    submitted = submitted + excluded.submitted, accepted = accepted + excluded.accepted,
    withdrawn = withdrawn + excluded.withdrawn, review_none = review_none + excluded.review_none,
    review_passed = review_passed + excluded.review_passed,
    review_failed = review_failed + excluded.review_failed, fee_none = fee_none + excluded.fee_none,
    fee_paid = fee_paid + excluded.fee_paid, fee_due = fee_due + excluded.fee_due,
    fee_fen = fee_fen + excluded.fee_fen;
END;
CREATE TRIGGER tally_class_update AFTER UPDATE OF state, school, class, org_path ON candidate
WHEN OLD.state <> NEW.state OR OLD.school <> NEW.school OR OLD.class <> NEW.class OR OLD.org_path <> NEW.org_path
BEGIN
  INSERT INTO tally_class (season_id, org_path, school, class, state, n)
  VALUES (OLD.season_id, OLD.org_path, OLD.school, OLD.class, OLD.state, -1)
  ON CONFLICT (season_id, org_path, school, class, state) DO UPDATE SET n = n + excluded.n;
  INSERT INTO tally_class (season_id, org_path, school, class, state, n)
  VALUES (NEW.season_id, NEW.org_path, NEW.school, NEW.class, NEW.state, 1)
  ON CONFLICT (season_id, org_path, school, class, state) DO UPDATE SET n = n + excluded.n;
END;
-- @pgsql
-- Takes a record out of its counts (sign -1) or puts it in (sign 1).
CREATE FUNCTION tally_count(c candidate, sign INT) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO tally AS t (season_id, org_path, subject,
                          n, waiting, allocated, identified, card_printed, reviewed, filling, proofed,
                          confirmed, submitted, accepted, withdrawn, review_none, review_passed,
                          review_failed, fee_none, fee_paid, fee_due, fee_fen)
  VALUES (c.season_id, c.org_path, c.subject, sign,
          sign * CAST(c.state = 'waiting' AS INT), sign * CAST(c.state = 'allocated' AS INT),
          sign * CAST(c.state = 'identified' AS INT), sign * CAST(c.state = 'card_printed' AS INT),
          sign * CAST(c.state = 'reviewed' AS INT), sign * CAST(c.state = 'filling' AS INT),
          sign * CAST(c.state = 'proofed' AS INT), sign * CAST(c.state = 'confirmed' AS INT),
          sign * CAST(c.state = 'submitted' AS INT), sign * CAST(c.state = 'accepted' AS INT),
          sign * CAST(c.state = 'withdrawn' AS INT), sign * CAST(c.review_state = 'none' AS INT),
          sign * CAST(c.review_state = 'passed' AS INT), sign * CAST(c.review_state = 'failed' AS INT),
          sign * CAST(c.fee_state = 'none' AS INT), sign * CAST(c.fee_state = 'paid' AS INT),
          sign * CAST(c.fee_state = 'due' AS INT), sign * c.fee_fen)
  ON CONFLICT (season_id, org_path, subject) DO UPDATE SET
    n = t.n + excluded.n, waiting = t.waiting + excluded.waiting,
    allocated = t.allocated + excluded.allocated, identified = t.identified + excluded.identified,
    card_printed = t.card_printed + excluded.card_printed, reviewed = t.reviewed + excluded.reviewed,
    filling = t.filling + excluded.filling, proofed = t.proofed + excluded.proofed,
    confirmed = t.confirmed + excluded.confirmed, submitted = t.submitted + excluded.submitted,
    accepted = t.accepted + excluded.accepted, withdrawn = t.withdrawn + excluded.withdrawn,
    review_none = t.review_none + excluded.review_none,
    review_passed = t.review_passed + excluded.review_passed,
    review_failed = t.review_failed + excluded.review_failed, fee_none = t.fee_none + excluded.fee_none,
    fee_paid = t.fee_paid + excluded.fee_paid, fee_due = t.fee_due + excluded.fee_due,
    fee_fen = t.fee_fen + excluded.fee_fen;
END $$;
CREATE FUNCTION tally_class_count(c candidate, step BIGINT) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO tally_class AS t (season_id, org_path, school, class, state, n)
  VALUES (c.season_id, c.org_path, c.school, c.class, c.state, step)
  ON CONFLICT (season_id, org_path, school, class, state) DO UPDATE SET n = t.n + excluded.n;
END $$;
CREATE FUNCTION tally_candidate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM tally_count(NEW, 1);
    PERFORM tally_class_count(NEW, 1);
    RETURN NULL;
  ELSIF TG_OP = 'DELETE' THEN
    PERFORM tally_count(OLD, -1);
    PERFORM tally_class_count(OLD, -1);
    RETURN NULL;
  END IF;
  IF OLD.org_path = NEW.org_path AND OLD.subject = NEW.subject THEN
    IF (OLD.state, OLD.review_state, OLD.fee_state, OLD.fee_fen)
       <> (NEW.state, NEW.review_state, NEW.fee_state, NEW.fee_fen) THEN
      UPDATE tally SET
        waiting = waiting + CAST(NEW.state = 'waiting' AS INT) - CAST(OLD.state = 'waiting' AS INT),
        allocated = allocated + CAST(NEW.state = 'allocated' AS INT) - CAST(OLD.state = 'allocated' AS INT),
        identified = identified + CAST(NEW.state = 'identified' AS INT) - CAST(OLD.state = 'identified' AS INT),
        card_printed = card_printed + CAST(NEW.state = 'card_printed' AS INT) - CAST(OLD.state = 'card_printed' AS INT),
        reviewed = reviewed + CAST(NEW.state = 'reviewed' AS INT) - CAST(OLD.state = 'reviewed' AS INT),
        filling = filling + CAST(NEW.state = 'filling' AS INT) - CAST(OLD.state = 'filling' AS INT),
        proofed = proofed + CAST(NEW.state = 'proofed' AS INT) - CAST(OLD.state = 'proofed' AS INT),
        confirmed = confirmed + CAST(NEW.state = 'confirmed' AS INT) - CAST(OLD.state = 'confirmed' AS INT),
        submitted = submitted + CAST(NEW.state = 'submitted' AS INT) - CAST(OLD.state = 'submitted' AS INT),
        accepted = accepted + CAST(NEW.state = 'accepted' AS INT) - CAST(OLD.state = 'accepted' AS INT),
        withdrawn = withdrawn + CAST(NEW.state = 'withdrawn' AS INT) - CAST(OLD.state = 'withdrawn' AS INT),
        review_none = review_none + CAST(NEW.review_state = 'none' AS INT) - CAST(OLD.review_state = 'none' AS INT),
        review_passed = review_passed + CAST(NEW.review_state = 'passed' AS INT) - CAST(OLD.review_state = 'passed' AS INT),
        review_failed = review_failed + CAST(NEW.review_state = 'failed' AS INT) - CAST(OLD.review_state = 'failed' AS INT),
        fee_none = fee_none + CAST(NEW.fee_state = 'none' AS INT) - CAST(OLD.fee_state = 'none' AS INT),
        fee_paid = fee_paid + CAST(NEW.fee_state = 'paid' AS INT) - CAST(OLD.fee_state = 'paid' AS INT),
        fee_due = fee_due + CAST(NEW.fee_state = 'due' AS INT) - CAST(OLD.fee_state = 'due' AS INT),
        fee_fen = fee_fen + NEW.fee_fen - OLD.fee_fen
       WHERE season_id = NEW.season_id AND org_path = NEW.org_path AND subject = NEW.subject;
    END IF;
  ELSIF (OLD.org_path, OLD.subject) < (NEW.org_path, NEW.subject) THEN
    PERFORM tally_count(OLD, -1);
    PERFORM tally_count(NEW, 1);
  ELSE
    PERFORM tally_count(NEW, 1);
    PERFORM tally_count(OLD, -1);
  END IF;
  IF (OLD.org_path, OLD.school, OLD.class, OLD.state) < (NEW.org_path, NEW.school, NEW.class, NEW.state) THEN
    PERFORM tally_class_count(OLD, -1);
    PERFORM tally_class_count(NEW, 1);
  ELSIF (OLD.org_path, OLD.school, OLD.class, OLD.state) > (NEW.org_path, NEW.school, NEW.class, NEW.state) THEN
    PERFORM tally_class_count(NEW, 1);
    PERFORM tally_class_count(OLD, -1);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER tally_insert AFTER INSERT ON candidate FOR EACH ROW EXECUTE FUNCTION tally_candidate();
CREATE TRIGGER tally_delete AFTER DELETE ON candidate FOR EACH ROW EXECUTE FUNCTION tally_candidate();
CREATE TRIGGER tally_update AFTER UPDATE OF state, subject, school, class, review_state, fee_state, fee_fen, org_path
ON candidate FOR EACH ROW
WHEN ((OLD.state, OLD.subject, OLD.school, OLD.class, OLD.review_state, OLD.fee_state, OLD.fee_fen, OLD.org_path)
   IS DISTINCT FROM (NEW.state, NEW.subject, NEW.school, NEW.class, NEW.review_state, NEW.fee_state, NEW.fee_fen,
                     NEW.org_path))
EXECUTE FUNCTION tally_candidate();
