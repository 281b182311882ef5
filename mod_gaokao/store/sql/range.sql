-- Number ranges (domain/range.h).

-- name: range_get
-- returns: id int, season_id int, org_id int, org_path text, org_code text, org_name text, county_code text, subject text, first int, last int, next int, version int, created_us int, updated_us int
SELECT r.id, r.season_id, r.org_id, r.org_path, o.code, o.name, r.county_code, r.subject, r.first, r.last, r.next, r.version,
       r.created_us, r.updated_us
  FROM number_range r JOIN org o ON o.id = r.org_id
 WHERE r.id = ${id:int} AND r.season_id = ${season_id:int}
   AND r.org_path >= ${scope_lo:text} AND r.org_path < ${scope_hi:text}

-- name: range_list
-- returns: id int, season_id int, org_id int, org_path text, org_code text, org_name text, county_code text, subject text, first int, last int, next int, version int, created_us int, updated_us int
SELECT r.id, r.season_id, r.org_id, r.org_path, o.code, o.name, r.county_code, r.subject, r.first, r.last, r.next, r.version,
       r.created_us, r.updated_us
  FROM number_range r JOIN org o ON o.id = r.org_id
 WHERE r.season_id = ${season_id:int} AND r.org_path >= ${scope_lo:text} AND r.org_path < ${scope_hi:text}
   AND (r.org_path > ${after_path:text}
        OR (r.org_path = ${after_path} AND (r.subject > ${after_subject:text}
                                            OR (r.subject = ${after_subject} AND r.first > ${after_first:int}))))
   AND (${subject:text} IS NULL OR r.subject = ${subject})
   AND (${usable:int} = 0 OR r.next <= r.last)
 ORDER BY r.org_path, r.subject, r.first LIMIT ${limit:int}

-- Whole county, whoever asks inside it: free serials and overlaps concern all its points.
-- name: range_meeting
-- returns: id int, season_id int, org_id int, org_path text, org_code text, org_name text, county_code text, subject text, first int, last int, next int, version int, created_us int, updated_us int
SELECT r.id, r.season_id, r.org_id, r.org_path, o.code, o.name, r.county_code, r.subject, r.first, r.last, r.next, r.version,
       r.created_us, r.updated_us
  FROM number_range r JOIN org o ON o.id = r.org_id
 WHERE r.season_id = ${season_id:int} AND r.county_code = ${county_code:text}
   AND r.first <= ${last:int} AND r.last >= ${first:int} AND r.id <> ${except:int}
 ORDER BY r.first LIMIT ${limit:int}

-- The row found first is locked and looked at again after the wait: when another one took its last number, the next range
-- of the same point and subject is taken instead.
-- name: range_take
-- returns: id int, serial int, county_code text
UPDATE number_range SET next = next + 1, updated_us = ${now_us:int}
 WHERE id = (SELECT r.id FROM number_range r
              WHERE r.season_id = ${season_id:int} AND r.org_id = ${org_id:int} AND r.subject = ${subject:text}
                AND r.next <= r.last AND r.org_path >= ${scope_lo:text} AND r.org_path < ${scope_hi:text}
              ORDER BY r.first LIMIT 1 @FOR_UPDATE@)
   AND next <= last
RETURNING id, next - 1, county_code

-- name: range_insert
-- returns: id int
INSERT INTO number_range (season_id, org_id, org_path, county_code, subject, first, last, next, created_us, updated_us)
SELECT ${season_id:int}, o.id, o.path, ${county_code:text}, ${subject:text}, ${first:int}, ${last:int}, ${first},
       ${now_us:int}, ${now_us}
  FROM org o
 WHERE o.id = ${org_id:int} AND o.path >= ${scope_lo:text} AND o.path < ${scope_hi:text}
RETURNING id

-- name: range_resize
UPDATE number_range SET last = ${last:int}, version = version + 1, updated_us = ${now_us:int}
 WHERE id = ${id:int} AND season_id = ${season_id:int} AND version = ${version:int} AND next <= ${last} + 1
   AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}

-- name: range_delete
DELETE FROM number_range
 WHERE id = ${id:int} AND season_id = ${season_id:int} AND version = ${version:int} AND next = first
   AND org_path >= ${scope_lo:text} AND org_path < ${scope_hi:text}
