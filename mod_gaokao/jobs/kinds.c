/* jobs/kinds.c: the kinds of jobs there are. */
#include <string.h>

#include "jobs/kinds.h"

static const gk_job_kind_t *const kinds[] = {
    &gk_job_export_pull,
    &gk_job_export_csv,
    &gk_job_export_dbf,
    &gk_job_export_xlsx,
    &gk_job_export_xml,
    &gk_job_photo_check,
    &gk_job_photo_keep,
    &gk_job_import_apply,
    &gk_job_import_check,
    &gk_job_import_undo,
    &gk_job_print_cards,
    &gk_job_print_forms,
    &gk_job_print_login_sheet,
    &gk_job_print_proofs,
    &gk_job_print_roster,
    &gk_job_print_slips,
    &gk_job_rehearse_pack,
};

const gk_job_kind_t *gk_job_kind(const char *name)
{
  for (size_t i = 0; name != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++)
    if (strcmp(kinds[i]->name, name) == 0)
      return kinds[i];
  return NULL;
}
