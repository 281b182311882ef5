/* domain/watch.h: what is counted because it may be misuse, its ceilings, and the alarms that come of it (faults.md
 * ID-2, ID-17).
 *
 *   reads             records an account of staff opens one by one, per clock hour, each record once an hour. Above the
 *                     ceiling (read_ceiling_point, read_ceiling_bureau): TOO_MANY until the hour is over.
 *   reads_unusual     an alarm when an hour reaches read_alarm and three times the account's mean hour of 14 days
 *   duplicates        answers "registered elsewhere" to typed-in numbers: an alarm at 30 an hour
 *   lookups           searches by a whole ID number above the points: an alarm at 60 an hour
 *   readings_changed  a device posted another reading under an id that was used: an alarm at the first of an hour
 *   sign_ins_failed   of the whole province, per ten minutes: an alarm at sign_in_alarm
 *
 * Counts lie in the database, so that they hold for all nodes together, and belong to the transaction of what they
 * count. An alarm is raised once an hour (once ten minutes), leaves an audit row and is seen by the unit of whom it is
 * about and by all above it. Candidates' own reads are not counted.
 */
#ifndef GK_DOMAIN_WATCH_H
#define GK_DOMAIN_WATCH_H

#include "domain/act.h"

typedef struct gk_alarm_t {
  apr_int64_t id;
  const char *kind;            /* reads reads_unusual duplicates lookups sign_ins_failed readings_changed */
  const char *org_path, *org_name;
  apr_int64_t account_id;      /* whom it is about; 0: nobody in particular; negative: a device */
  const char *login, *display_name;
  apr_int64_t n, bound;        /* what was counted, and what it reached */
  apr_time_t raised;
  apr_int64_t seen_by;         /* 0: open */
  const char *seen_login;
  apr_time_t seen;
  const char *note;
  apr_int64_t version;
} gk_alarm_t;

/* One record opened by staff, before it is shown. Errors: TOO_MANY with the time until the ceiling is new. */
gk_error_t *gk_watch_read(gk_act_t *act, apr_int64_t candidate_id);
gk_error_t *gk_watch_duplicate(gk_act_t *act);
gk_error_t *gk_watch_lookup(gk_act_t *act);
gk_error_t *gk_watch_sign_in_failed(gk_act_t *act);
/* A device used the id of a reading for another one: an alarm at once. */
gk_error_t *gk_watch_reading_changed(gk_act_t *act, apr_int64_t device_id);

/* gk_alarm_t of the actor's subtree, newest first, with ids below `before` (0: from the newest). */
gk_error_t *gk_alarm_list(apr_array_header_t **alarms, gk_act_t *act, bool open, apr_int64_t before, int limit);
/* "I looked into it", with a note. Nobody closes an alarm about themselves. Errors: NOT_FOUND, FORBIDDEN, WRONG_STATE,
 * STALE_VERSION. */
gk_error_t *gk_alarm_close(gk_alarm_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t version, const char *note);
gk_json_t *gk_alarm_json(const gk_alarm_t *alarm, apr_pool_t *pool);

#endif
