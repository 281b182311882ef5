/* base/time.h: moments inside are apr_time_t (microseconds, UTC); at the edge RFC 3339. People see
 * Asia/Shanghai (UTC+8, no summer time), by a constant of our own and never by TZ (faults.md DC-6). */
#ifndef GK_BASE_TIME_H
#define GK_BASE_TIME_H

#include <stdbool.h>
#include <apr_pools.h>
#include <apr_time.h>

#define GK_SECOND ((apr_time_t)1000000)
#define GK_MINUTE (60 * GK_SECOND)
#define GK_HOUR (60 * GK_MINUTE)
#define GK_DAY (24 * GK_HOUR)
#define GK_SHANGHAI_US (8 * GK_HOUR)

/* Microseconds since the machine was started, its sleep included. Deadlines and ages are counted in it: nobody can set
 * it, so that a clock that jumps ends no call and holds up none (faults.md DC-4). */
apr_time_t gk_tick(void);

/* "2026-11-03T08:00:00Z" (fraction only when not zero, six digits). */
const char *gk_time_text(apr_pool_t *pool, apr_time_t when);
/* The same into `text`, without a pool. */
#define GK_TIME_TEXT_BYTES 40
void gk_time_write(char text[GK_TIME_TEXT_BYTES], apr_time_t when);
/* Parses RFC 3339 with an offset. Second 60 and dates that don't exist are refused. */
bool gk_time_parse(const char *text, apr_time_t *when);
/* "11月3日 16:00" / "3 Nov 16:00" in Asia/Shanghai, for sentences. */
const char *gk_time_zh(apr_pool_t *pool, apr_time_t when);
const char *gk_time_en(apr_pool_t *pool, apr_time_t when);

/* A calendar date; dates are never moments. */
typedef struct gk_date_t { int year, month, day; } gk_date_t;
bool gk_date_valid(gk_date_t date);
/* "2008-02-29" (strict) or, when `loose`, also 20080229, 2008.2.29, 2008/2/29. */
bool gk_date_parse(const char *text, bool loose, gk_date_t *date);
const char *gk_date_text(apr_pool_t *pool, gk_date_t date); /* "2008-02-29" */
gk_date_t gk_date_of(apr_time_t when);                      /* the day in Asia/Shanghai */
apr_time_t gk_date_start(gk_date_t date);                   /* its 00:00 in Asia/Shanghai */
int gk_date_compare(gk_date_t a, gk_date_t b);

#endif
