/* domain/live.h: "did anything happen to the readings of my point?", answered from memory that all processes of a node share,
 * so that a page that asks every two seconds costs no database (docs/devices.md, "Live view").
 *
 * What happens is counted twice: in the table `live`, in the transaction of what happened, and, after its commit, here. Another
 * node's counts come with gk_live_follow, which the first question after half a second takes along.
 *
 * Who asks is known by the cookie for GK_LIVE_KNOWN after the database was asked about the session; anything that signs somebody
 * out or switches an account or unit off on this node makes everybody unknown at once.
 */
#ifndef GK_DOMAIN_LIVE_H
#define GK_DOMAIN_LIVE_H

#include "domain/act.h"

#define GK_LIVE_KNOWN (10 * GK_SECOND)
enum { GK_LIVE_POINTS = 4096, GK_LIVE_SESSIONS = 8192 };

/* Bytes of the shared memory, which is all zero at first; and where it is, told before there are children. Without it nothing is
 * answered from memory. */
apr_size_t gk_live_bytes(void);
void gk_live_attach(void *memory);

/* Something happened at a point; after its commit. */
void gk_live_bump(apr_int64_t org_id);
/* The tag of what an org sees: of a point its own count, of those above all counts together. In `pool`; NULL without memory. */
const char *gk_live_tag(apr_int64_t org_id, bool point, apr_pool_t *pool);

/* The session of this cookie was asked about just now and sees what `org_id` sees. */
void gk_live_know(const char *cookie, apr_int64_t org_id, bool point, apr_pool_t *pool);
/* The tag for whoever has this cookie, if that is known; NULL else. */
const char *gk_live_tag_of(const char *cookie, apr_pool_t *pool);
/* Everybody is asked about again. */
void gk_live_forget_all(void);

/* True for one caller each half second: it should call gk_live_follow with a connection. */
bool gk_live_due(void);
gk_error_t *gk_live_follow(gk_act_t *act);

/* (store/device_store.c) Points at which something happened since a moment: gk_live_change_t. */
typedef struct gk_live_change_t {
  apr_int64_t org_id, generation;
  apr_time_t changed;
} gk_live_change_t;
gk_error_t *gk_store_live_since(apr_array_header_t **out, gk_act_t *act, apr_time_t since);

#endif
