-- Headings are kept as keyed digests (jobs/import.c): above a table without headings stands the first person. What was kept in
-- clear goes; it is learnt again.
DELETE FROM import_heading;
