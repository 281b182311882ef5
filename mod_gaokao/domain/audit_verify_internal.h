/* domain/audit_verify_internal.h: shared by audit_verify.c and audit_versions.c only. */
#ifndef GK_DOMAIN_AUDIT_VERIFY_INTERNAL_H
#define GK_DOMAIN_AUDIT_VERIFY_INTERNAL_H

#include "domain/audit_verify.h"

typedef struct gk_verify_t {
  gk_verify_report_t *report;
  gk_core_t *core;
  gk_db_t *db;
  const gk_verify_wish_t *wish;
  apr_int64_t n, top, believed; /* the seal before; up to where numbers are believed with --from */
  const char *digest;
  apr_array_header_t *open, *covered;
  bool sole_writer;             /* numbers can't go unused: what is missing was taken out */
  apr_pool_t *open_pool, *pool;
} gk_verify_t;

/* Both formats take the same arguments. */
void gk_verify__fault(gk_verify_t *verify, const char *code, apr_int64_t seal, apr_int64_t seq, const char *zh,
                      const char *en, ...);
gk_error_t *gk_verify__versions(gk_verify_t *verify);

#endif
