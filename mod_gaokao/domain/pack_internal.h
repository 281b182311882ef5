/* domain/pack_internal.h: what the files of the pack loader share. */
#ifndef GK_DOMAIN_PACK_INTERNAL_H
#define GK_DOMAIN_PACK_INTERNAL_H

#include "base/xml.h"
#include "domain/act.h"
#include "domain/pack.h"
#include "domain/ports.h"
#include "domain/verdict.h"

typedef struct gk_pack_loader_t {
  gk_pack_t *pack;
  apr_pool_t *pool;        /* the pack's */
  apr_pool_t *scratch;
  apr_hash_t *bases;       /* basis id -> gk_text_t * */
  gk_error_t *error;       /* all faults */
} gk_pack_loader_t;

/* Adds a fault at an XML node: GK_PACK_FAULT(loader, node, "code", zh_format, en_format, ...). */
const char *gk_pack__line(gk_pack_loader_t *loader, gk_xml_node_t *node);
#define GK_PACK_FAULT(loader, node, code, ...) \
  gk_violation(&(loader)->error, (loader)->pool, gk_pack__line((loader), (node)), (code), __VA_ARGS__)

/* Attribute readers. _need: a missing one is a fault and gives "". _int: out of [low, high] is a fault. */
const char *gk_pack__need(gk_pack_loader_t *loader, gk_xml_node_t *node, const char *name);
const char *gk_pack__attr(gk_pack_loader_t *loader, gk_xml_node_t *node, const char *name);
int gk_pack__int(gk_pack_loader_t *loader, gk_xml_node_t *node, const char *name, int low, int high,
                 int absent);
double gk_pack__real(gk_pack_loader_t *loader, gk_xml_node_t *node, const char *name, double absent);
bool gk_pack__yes(gk_pack_loader_t *loader, gk_xml_node_t *node, const char *name);
gk_text_t gk_pack__both(gk_pack_loader_t *loader, gk_xml_node_t *node); /* zh and en of the node */
gk_text_t gk_pack__child_both(gk_pack_loader_t *loader, gk_xml_node_t *node, const char *name);
gk_date_t gk_pack__date(gk_pack_loader_t *loader, gk_xml_node_t *node, const char *name, bool needed);
apr_array_header_t *gk_pack__words(apr_pool_t *pool, const char *text, const char *separators);

/* pack_load.c: the form, subjects, tables. */
gk_field_t gk_pack__read_field(gk_pack_loader_t *loader, gk_xml_node_t *node);
/* pack_rest.c: everything after the form. */
void gk_pack__read_rest(gk_pack_loader_t *loader, gk_xml_node_t *root);
/* pack_check.c: names of derived fields, then all references and expressions. */
void gk_pack__list_derived(gk_pack_loader_t *loader);
void gk_pack__check(gk_pack_loader_t *loader, gk_xml_node_t *root);
/* pack_xpath.c: adds the faults of one expression at `pointer`. `part` adds its fields to the names, may be
 * NULL. */
void gk_pack__check_xpath(gk_error_t **error, const gk_pack_t *pack, const gk_part_t *part,
                          const char *expression, const char *pointer, apr_pool_t *pool);

/* pack_life.c, for pack_examine.c. The pack's row when its revision is that; STALE_VERSION. */
gk_error_t *gk_pack__at_revision(gk_pack_row_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t revision);
gk_error_t *gk_pack__load(gk_pack_t **pack, gk_ruleset_t **rules, gk_act_t *act, const char *bytes, apr_size_t length,
                          bool schema, apr_pool_t *pool);
/* Reads the row again, as it is after the step, and leaves the audit row. */
gk_error_t *gk_pack__done(gk_pack_row_t *out, gk_act_t *act, bool changed, const char *action, const gk_pack_row_t *before,
                          gk_json_t *more);

#define GK_ROWS(type, array) ((type *)(array)->elts)

#endif
