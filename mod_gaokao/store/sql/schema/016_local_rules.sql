-- Stricter rules that a city or county adds for its own area (domain/pack_local.h). Each version of a unit's rules is a row of
-- pack with the unit's code; '' is the province's pack. Its body is the rules alone, as XML.
ALTER TABLE pack ADD COLUMN unit TEXT NOT NULL DEFAULT '';
-- Raised by each activation of such rules, so that every process of every node looks again.
ALTER TABLE season ADD COLUMN rules_generation BIGINT NOT NULL DEFAULT 0;
-- One version of a unit is in force.
CREATE UNIQUE INDEX pack_local_active ON pack (season_id, unit) WHERE state = 'active' AND unit <> '';
