/* ctl/demo_load.h: the demonstration's units and records, on their way into the database. */
#ifndef GK_CTL_DEMO_LOAD_H
#define GK_CTL_DEMO_LOAD_H

#include "ctl/ctl.h"
#include "ctl/demo.h"

/* What has become of a point's candidates. */
typedef enum gk_demo_fate_t {
  GK_DEMO_MIXED = 0, /* every state of the way up to confirmed */
  GK_DEMO_READY,     /* everybody confirmed and complete: can be submitted */
  GK_DEMO_SUBMITTED, /* submitted by the point */
  GK_DEMO_COUNTY,    /* accepted by the county, submitted by the county */
  GK_DEMO_ACCEPTED   /* all the way up: accepted by the province */
} gk_demo_fate_t;

typedef struct gk_demo_range_t {
  apr_int64_t id;
  const char *subject;
  int first, last, count; /* count: candidates that get a number */
} gk_demo_range_t;

typedef struct gk_demo_unit_t {
  gk_demo_point_t point;
  gk_demo_fate_t fate;
  apr_int64_t operator_id, reviewer_id;
  apr_array_header_t *ranges; /* gk_demo_range_t */
} gk_demo_unit_t;

typedef struct gk_demo_t {
  gk_ctl_t *ctl;
  const gk_pack_t *pack;
  gk_demo_people_t *people;
  apr_uint64_t seed;
  apr_int64_t total, made;
  apr_array_header_t *counties; /* gk_demo_county_t *: those that take part, the demonstration's own first */
  apr_array_header_t *units;    /* gk_demo_unit_t *, by county; the first is the demonstration's own point */
  apr_hash_t *cities;           /* code -> gk_row_ctl_orgs_t * */
  const unsigned char *figure;  /* the JPEG that stands for photos */
  apr_size_t figure_bytes;
  const char *figure_digest;
  apr_pool_t *pool;
} gk_demo_t;

/* Counties that take part, points, ranges, and who becomes what. Writes points and ranges; begins the transaction.
 * (demo_units.c) */
gk_error_t *gk_demo_units(gk_demo_t *demo);
/* Accounts of cities, counties and points, with initial passwords. (demo_units.c) */
gk_error_t *gk_demo_staff(gk_demo_t *demo);
/* Two notices, one of them with a file. (demo_units.c) */
gk_error_t *gk_demo_notices(gk_demo_t *demo, apr_int64_t province_account);
/* Draws what stands for photos. (demo_figure.c) */
gk_error_t *gk_demo_figure(gk_demo_t *demo);
/* The candidates of one point, all rows, one audit row; begins the transaction. (demo_load.c) */
gk_error_t *gk_demo_load(gk_demo_t *demo, const gk_demo_unit_t *unit, apr_pool_t *pool);
/* Hands finished units upward, each act in its own transaction. (demo_submit.c) */
gk_error_t *gk_demo_submit(gk_demo_t *demo);

#endif
