/* jobs/import_table.h: which sheet, which row of it names the columns, and what they mean. */
#ifndef GK_JOBS_IMPORT_TABLE_H
#define GK_JOBS_IMPORT_TABLE_H

#include "jobs/import.h"

typedef struct gk_import_table_t {
  int sheet;
  int header_row;              /* number of the last heading row; 0: none was found */
  int rows;                    /* below it, those set aside not counted */
  int aside, hidden;
  apr_array_header_t *columns; /* const gk_import_target_t *, NULL: none */
  gk_json_t *columns_json;     /* [{heading, field, source, samples}] */
  bool keyed;                  /* something says whose a row is */
} gk_import_table_t;

/* Finds out, by `wish` ({sheet, header_row, columns}, each optional), by what the unit's headings meant before, by names. Writes
 * format, sheets, sheet, header_row and columns into the import's head. */
gk_error_t *gk_import__table(gk_import_table_t *out, gk_act_t *act, gk_import_t *import, gk_book_t *book,
                             const apr_array_header_t *targets, apr_pool_t *pool);

/* What a unit's heading is kept under: a keyed digest, for what stands where headings should may be somebody's name. `other`: under
 * the other index key while they change. NULL: it is none. */
const char *gk_import__heading_index(const gk_act_t *act, const char *kind, const char *heading, bool other, apr_pool_t *pool);

#endif
