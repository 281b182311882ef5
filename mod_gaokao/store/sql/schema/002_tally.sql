-- Live counts (W6, F8), kept by triggers in the transaction that changes a record, so that they can't drift:
--   measure 'state'  a = subject, b = state          measure 'review' a = subject, b = review_state
--   measure 'fee'    a = subject, b = fee_state; fen is the sum
--   measure 'class'  a = school, tab, class, b = state
-- A transaction touches rows in the order state, review, fee, class and, within one measure, the smaller b first:
-- two writers of one point never wait for each other in a ring.
CREATE TABLE tally (
  season_id BIGINT NOT NULL,
  measure TEXT NOT NULL,
  org_path @PATH@ NOT NULL,
  a TEXT NOT NULL,
  b TEXT NOT NULL,
  n BIGINT NOT NULL,
  fen BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (season_id, measure, org_path, a, b)
);

-- @sqlite
CREATE TRIGGER tally_insert AFTER INSERT ON candidate BEGIN
  INSERT INTO tally (season_id, measure, org_path, a, b, n, fen) VALUES
    (NEW.season_id, 'state', NEW.org_path, NEW.subject, NEW.state, 1, 0),
    (NEW.season_id, 'review', NEW.org_path, NEW.subject, NEW.review_state, 1, 0),
    (NEW.season_id, 'fee', NEW.org_path, NEW.subject, NEW.fee_state, 1, NEW.fee_fen),
    (NEW.season_id, 'class', NEW.org_path, NEW.school || char(9) || NEW.class, NEW.state, 1, 0)
  ON CONFLICT (season_id, measure, org_path, a, b) DO UPDATE SET n = n + excluded.n, fen = fen + excluded.fen;
END;
CREATE TRIGGER tally_update AFTER UPDATE OF state, subject, school, class, review_state, fee_state, fee_fen, org_path
ON candidate
WHEN OLD.state IS NOT NEW.state OR OLD.subject IS NOT NEW.subject OR OLD.school IS NOT NEW.school
  OR OLD.class IS NOT NEW.class OR OLD.review_state IS NOT NEW.review_state OR OLD.fee_state IS NOT NEW.fee_state
  OR OLD.fee_fen IS NOT NEW.fee_fen OR OLD.org_path IS NOT NEW.org_path
BEGIN
  INSERT INTO tally (season_id, measure, org_path, a, b, n, fen) VALUES
    (OLD.season_id, 'state', OLD.org_path, OLD.subject, OLD.state, -1, 0),
    (NEW.season_id, 'state', NEW.org_path, NEW.subject, NEW.state, 1, 0),
    (OLD.season_id, 'review', OLD.org_path, OLD.subject, OLD.review_state, -1, 0),
    (NEW.season_id, 'review', NEW.org_path, NEW.subject, NEW.review_state, 1, 0),
    (OLD.season_id, 'fee', OLD.org_path, OLD.subject, OLD.fee_state, -1, -OLD.fee_fen),
    (NEW.season_id, 'fee', NEW.org_path, NEW.subject, NEW.fee_state, 1, NEW.fee_fen),
    (OLD.season_id, 'class', OLD.org_path, OLD.school || char(9) || OLD.class, OLD.state, -1, 0),
    (NEW.season_id, 'class', NEW.org_path, NEW.school || char(9) || NEW.class, NEW.state, 1, 0)
  ON CONFLICT (season_id, measure, org_path, a, b) DO UPDATE SET n = n + excluded.n, fen = fen + excluded.fen;
END;
CREATE TRIGGER tally_delete AFTER DELETE ON candidate BEGIN
  INSERT INTO tally (season_id, measure, org_path, a, b, n, fen) VALUES
    (OLD.season_id, 'state', OLD.org_path, OLD.subject, OLD.state, -1, 0),
    (OLD.season_id, 'review', OLD.org_path, OLD.subject, OLD.review_state, -1, 0),
    (OLD.season_id, 'fee', OLD.org_path, OLD.subject, OLD.fee_state, -1, -OLD.fee_fen),
    (OLD.season_id, 'class', OLD.org_path, OLD.school || char(9) || OLD.class, OLD.state, -1, 0)
  ON CONFLICT (season_id, measure, org_path, a, b) DO UPDATE SET n = n + excluded.n, fen = fen + excluded.fen;
END;
-- @pgsql
CREATE FUNCTION tally_move(s BIGINT, m TEXT, p0 TEXT, a0 TEXT, b0 TEXT, f0 BIGINT, p1 TEXT, a1 TEXT, b1 TEXT, f1 BIGINT)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  old_first BOOLEAN := a0 IS NOT NULL AND (a1 IS NULL OR (p0, a0, b0) <= (p1, a1, b1));
BEGIN
  IF a0 IS NOT NULL AND a1 IS NOT NULL AND (p0, a0, b0, f0) = (p1, a1, b1, f1) THEN RETURN; END IF;
  IF old_first THEN
    UPDATE tally SET n = n - 1, fen = fen - f0
     WHERE season_id = s AND measure = m AND org_path = p0 AND a = a0 AND b = b0;
  END IF;
  IF a1 IS NOT NULL THEN
    INSERT INTO tally AS t (season_id, measure, org_path, a, b, n, fen) VALUES (s, m, p1, a1, b1, 1, f1)
    ON CONFLICT (season_id, measure, org_path, a, b) DO UPDATE SET n = t.n + 1, fen = t.fen + excluded.fen;
  END IF;
  IF a0 IS NOT NULL AND NOT old_first THEN
    UPDATE tally SET n = n - 1, fen = fen - f0
     WHERE season_id = s AND measure = m AND org_path = p0 AND a = a0 AND b = b0;
  END IF;
END $$;
CREATE FUNCTION tally_candidate() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  o candidate%ROWTYPE;
  c candidate%ROWTYPE;
  s BIGINT;
  k0 TEXT;
  k1 TEXT;
BEGIN
  IF TG_OP <> 'INSERT' THEN o := OLD; s := o.season_id; k0 := o.school || chr(9) || o.class; END IF;
  IF TG_OP <> 'DELETE' THEN c := NEW; s := c.season_id; k1 := c.school || chr(9) || c.class; END IF;
  PERFORM tally_move(s, 'state', o.org_path, o.subject, o.state, 0, c.org_path, c.subject, c.state, 0);
  PERFORM tally_move(s, 'review', o.org_path, o.subject, o.review_state, 0, c.org_path, c.subject, c.review_state, 0);
  PERFORM tally_move(s, 'fee', o.org_path, o.subject, o.fee_state, o.fee_fen,
                     c.org_path, c.subject, c.fee_state, c.fee_fen);
  PERFORM tally_move(s, 'class', o.org_path, k0, o.state, 0, c.org_path, k1, c.state, 0);
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
