/* domain/ports_watch.h: what domain/watch.c needs from store/watch_store.c. */
#ifndef GK_DOMAIN_PORTS_WATCH_H
#define GK_DOMAIN_PORTS_WATCH_H

#include "domain/watch.h"

gk_error_t *gk_watch_store_count(apr_int64_t *n, gk_act_t *act, const char *kind, apr_int64_t account_id,
                                 apr_int64_t slot);
/* *first false: this account looked at this record in this slot already. */
gk_error_t *gk_watch_store_look(bool *first, gk_act_t *act, apr_int64_t slot, apr_int64_t candidate_id);
/* Mean of the slots from `from` to before `slot` in which the actor did it at all; 0: none. */
gk_error_t *gk_watch_store_usual(apr_int64_t *mean, gk_act_t *act, const char *kind, apr_int64_t from,
                                 apr_int64_t slot);
/* Looks before `seen_before` and counts before `counts_before` of the actor. */
gk_error_t *gk_watch_store_forget(gk_act_t *act, const char *kind, apr_int64_t seen_before,
                                  apr_int64_t counts_before);
/* *raised false: it was, for this slot. org_path "" is the province's; out: the alarm's. */
gk_error_t *gk_alarm_store_raise(bool *raised, gk_alarm_t *out, gk_act_t *act, const gk_alarm_t *alarm,
                                 apr_int64_t slot);
gk_error_t *gk_alarm_store_list(apr_array_header_t **out, gk_act_t *act, bool open, apr_int64_t id,
                                apr_int64_t before, int limit);
gk_error_t *gk_alarm_store_seen(bool *changed, gk_act_t *act, apr_int64_t id, apr_int64_t version, const char *note);

#endif
